package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.AdminClient.Reply;
import io.forelog.rig.AuditProbe.Audit;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.Fleet;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.TcpProxy;
import io.forelog.rig.Verdicts;
import io.forelog.rig.backend.PostgresServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three real nodes of which one alone can't reach the config store: the others, and clients, reach it. */
@Timeout(300)
class StoreCutFaultIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String LEASE = "housekeeping";
    private static final String DOCUMENT = "/admin/v1/namespaces/ns";

    @TempDir
    Path directory;

    private final AtomicInteger turn = new AtomicInteger();

    @Test
    void aNodeCutOffFromTheStoreAloneServesOnLosesItsLeaseAndCatchesUp() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                PostgresServer server = PostgresServer.create();
                TcpProxy path = new TcpProxy(server.port());
                Fleet fleet = new Fleet(directory, server.uri(), 3, "")) {
            String document = Documents.http(receiver.url(), Documents.PATIENT);
            String around = server.uri().replace(":" + server.port(), ":" + path.port());
            ForelogProcess cut = fleet.storeOf("cut", around).start("cut");
            fleet.apply("ns", document);
            ForelogProcess other = fleet.start("other");
            ForelogProcess third = fleet.start("third");
            fleet.awaitApplied("ns", 1);
            List<ForelogProcess> all = fleet.all();
            try (LeaseBook leases = new LeaseBook(server.uri());
                    LoadWriter writer = new LoadWriter(
                            () -> all.get(turn.incrementAndGet() % 3).ports().grpc(), Duration.ofSeconds(20))) {
                assertThat(leases.holder(LEASE)).as("it was there first").isEqualTo("cut");
                writer.insist()
                        .pace(Duration.ofMillis(5))
                        .start(
                                3,
                                (slot, n) -> Optional.of(
                                        LoadWriter.request("ns", slot + "/" + n, "k" + slot, Duration.ZERO)));
                fleet.awaitMore(writer, 200, "begun");

                path.stall();
                Fleet.awaitState(other, "cut", "LOST");
                Fleet.awaitState(third, "cut", "LOST");
                Await.until(
                        "it says that it misses the store",
                        LIMIT,
                        () -> cut.admin().get("/health/ready").body().contains("the config store is away"),
                        cut::logTail);
                Await.until(
                        "another has its lease",
                        LIMIT,
                        () -> !leases.holder(LEASE).equals("cut"));
                Reply put = other.admin().put(DOCUMENT, document + "\nretention: PT2H\n");
                assertThat(put.status()).as(put.body()).isEqualTo(200);
                long revision = put.json().getLong("desired_revision");
                Await.until("a node that sees it applies it", LIMIT, () -> Fleet.applied(third, "ns") == revision);
                fleet.awaitMore(writer, 200, "its queue is written to, by way of the others too");
                assertThat(Fleet.applied(cut, "ns")).as("what it knew last").isEqualTo(revision - 1);
                assertThat(cut.admin().put(DOCUMENT, document).status()).isEqualTo(503);

                path.heal();
                fleet.awaitApplied("ns", revision);
                Fleet.awaitState(other, "cut", "READY");
                fleet.awaitMore(writer, 200, "caught up");
                writer.stop();
                assertThat(writer.unknowns()).isEmpty();
                Await.until(
                        "every TRUE has arrived",
                        LIMIT,
                        () -> receiver.entryIds().containsAll(writer.trues().keySet()),
                        () -> writer + fleet.logTails());
                Verdicts.everyTrueArrived(writer, receiver);
                Audit audit = cut.audit("ns").awaitSettled(LIMIT);
                assertThat(audit.addsUp()).as(audit.raw()).isTrue();
                assertThat(leases.doublyHeld()).isEmpty();
            }
        }
    }
}

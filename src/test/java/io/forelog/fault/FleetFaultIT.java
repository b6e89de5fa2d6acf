package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.AuditProbe.Audit;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.Fleet;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.Soak;
import io.forelog.rig.Verdicts;
import io.forelog.rig.backend.ElasticMq;
import io.forelog.rig.backend.KafkaCluster;
import io.forelog.rig.backend.PostgresServer;
import io.forelog.wire.v1.WriteToLogRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three real nodes with a namespace on Kafka and one on SQS, written through all of them by clients that know them all. */
@Timeout(600)
class FleetFaultIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final int SLOTS = 4;
    /** So long that only what is lost is not answered, on however busy a machine. */
    private static final Duration CALL_LIMIT = Duration.ofSeconds(20);

    /** Of the database: longer than any lease. */
    private static final Duration AWAY = Duration.ofSeconds(Soak.choose(12, 60));

    private static final Duration PACE = Duration.ofMillis(5);
    /** A delivery by way of ElasticMQ costs its processor a millisecond. */
    private static final Duration SQS_PACE = Duration.ofMillis(200);

    @TempDir
    Path directory;

    private final String namespace = "fleet-" + System.nanoTime();
    private final String onSqs = "sqs-" + System.nanoTime();
    private final ScriptedReceiver receiver = new ScriptedReceiver();
    private final ScriptedReceiver ofSqs = new ScriptedReceiver();
    private final AtomicInteger turn = new AtomicInteger();

    private String document() {
        return Documents.http(receiver.url(), Documents.PATIENT)
                .replace(
                        "- physical_storage: { type: EMBEDDED }",
                        "- physical_storage: { type: KAFKA }\n"
                                + "      config: { wal.kafka.bootstrap.servers.prefix: test }");
    }

    private String documentOfSqs() {
        return Documents.http(ofSqs.url(), Documents.PATIENT)
                .replace(
                        "- physical_storage: { type: EMBEDDED }",
                        "- physical_storage: { type: SQS }\n      config: { wal-queue: [" + onSqs + "] }");
    }

    private static Optional<WriteToLogRequest> numbered(String namespace, int slot, long n) {
        return Optional.of(LoadWriter.request(namespace, slot + "/" + n, "k" + slot, Duration.ZERO));
    }

    /** As a client does that has their addresses: the next one, whoever answers. */
    private int port(List<ForelogProcess> nodes) {
        return nodes.get(turn.incrementAndGet() % nodes.size()).ports().grpc();
    }

    @Test
    void noTrueIsLostWhicheverNodeDiesAndARollingRestartFailsNoWrite() {
        KafkaCluster kafka = KafkaCluster.shared(1);
        ElasticMq sqs = ElasticMq.shared();
        try (receiver;
                ofSqs;
                PostgresServer server = PostgresServer.create();
                Fleet fleet = new Fleet(
                        directory,
                        server.uri(),
                        3,
                        "bootstrap_servers: { test: '" + kafka.bootstrap() + "' }\n"
                                + "queues:\n  kafka: { partitions: 6, tier_partitions: 1 }\n  sqs: { endpoint: '"
                                + sqs.endpoint()
                                + "', anonymous: true, create: true, visibility: PT5S }")) {
            for (String name : List.of("a", "b", "c")) {
                fleet.start(name);
            }
            fleet.apply(namespace, document());
            fleet.apply(onSqs, documentOfSqs());
            List<ForelogProcess> nodes = fleet.all();
            try (LoadWriter writer = new LoadWriter(() -> port(nodes), CALL_LIMIT);
                    LoadWriter toSqs = new LoadWriter(() -> port(nodes), CALL_LIMIT)) {
                writer.insist().pace(PACE).start(SLOTS, (slot, n) -> numbered(namespace, slot, n));
                toSqs.insist().pace(SQS_PACE).start(SLOTS, (slot, n) -> numbered(onSqs, slot, n));
                fleet.awaitMore(writer, 500, "begun");
                fleet.awaitMore(toSqs, 100, "begun on SQS");

                for (ForelogProcess node : nodes) {
                    assertThat(node.stop()).isZero();
                    fleet.awaitMore(writer, 200, "one is restarted");
                    fleet.awaitMore(toSqs, 20, "one is restarted, SQS");
                    node.start();
                }
                fleet.awaitMore(writer, 200, "all were restarted");
                // Each was repeated at the next node, and nothing but a TRUE is left of it.
                Soak.tell("restarted one by one: refused and made again at once %d", writer.repeated());
                Soak.tell("restarted one by one, SQS: refused and made again at once %d", toSqs.repeated());
                assertThat(writer.unknowns()).as("writes that nobody answered").isEmpty();
                assertThat(toSqs.unknowns()).as("writes that nobody answered").isEmpty();

                for (ForelogProcess node : nodes) {
                    node.kill();
                    fleet.awaitMore(writer, 200, "one was killed");
                    node.start();
                }
                assertThat(writer.unknowns()).hasSizeLessThanOrEqualTo(SLOTS * nodes.size());
                assertThat(toSqs.unknowns()).hasSizeLessThanOrEqualTo(SLOTS * nodes.size());

                server.kill();
                Await.pause(AWAY);
                fleet.awaitMore(writer, 500, "the database is away");
                fleet.awaitMore(toSqs, 100, "the database is away, SQS");
                nodes.get(0).killAndRestart();
                fleet.awaitMore(writer, 500, "a node restarted without it");
                server.start();
                long revision = put(nodes.get(1), fleet);
                fleet.awaitApplied(namespace, revision);
                writer.stop();
                toSqs.stop();
                arrived(writer, receiver, fleet);
                arrived(toSqs, ofSqs, fleet);
                Soak.tell("fleet on SQS: %s; %d duplicates", toSqs, ofSqs.duplicates());
                Audit audit = Await.until(
                        "nothing is pending",
                        LIMIT,
                        () -> audit(nodes.get(0)).filter(counted -> counted.pending() == 0),
                        fleet::logTails);
                assertThat(audit.addsUp()).as(audit.raw()).isTrue();
                Soak.tell("fleet: %s; %d duplicates; audit %s", writer, receiver.duplicates(), audit.raw());
                discarded(fleet, nodes, writer);
            }
        }
    }

    private static void arrived(LoadWriter writer, ScriptedReceiver receiver, Fleet fleet) {
        Await.until(
                "every TRUE has arrived",
                LIMIT,
                () -> receiver.entryIds().containsAll(writer.trues().keySet()),
                () -> writer + fleet.logTails());
        Verdicts.everyTrueArrived(writer, receiver);
        Verdicts.noFalseArrived(writer, receiver);
    }

    /** With entries that would be due in an hour, dead to every node; one of the same name begins with nothing. */
    private void discarded(Fleet fleet, List<ForelogProcess> nodes, LoadWriter writer) {
        for (int n = 0; n < 5; n++) {
            writer.writeOne(LoadWriter.request(namespace, "never", "k", Duration.ofHours(1)));
        }
        removed(nodes, "?discard=true");
        assertThat(nodes.stream()
                        .map(ForelogProcess::log)
                        .filter(log -> log.contains("counted as cancelled"))
                        .toList())
                .singleElement(InstanceOfAssertFactories.STRING)
                .containsPattern("counted as cancelled.*count=\"5\"");
        long revision = Await.until(
                "no node knows the old one any more",
                LIMIT,
                () -> {
                    var reply = nodes.get(0).admin().put("/admin/v1/namespaces/" + namespace, document());
                    assertThat(reply.status()).as(reply.body()).isIn(201, 409);
                    return reply.status() == 201
                            ? Optional.of(reply.json().getLong("desired_revision"))
                            : Optional.empty();
                },
                fleet::logTails);
        fleet.awaitApplied(namespace, revision);
        Audit audit = Await.until("it can be counted", LIMIT, () -> audit(nodes.get(0)), fleet::logTails);
        assertThat(audit.pending()).as(audit.raw() + fleet.logTails()).isZero();
        removed(nodes, "");
    }

    private void removed(List<ForelogProcess> nodes, String how) {
        String path = "/admin/v1/namespaces/" + namespace;
        assertThat(nodes.get(2).admin().delete(path + how).status()).isEqualTo(200);
        for (ForelogProcess node : nodes) {
            Await.until(
                    "it is gone",
                    LIMIT,
                    () -> node.admin().get(path).status() == 404,
                    () -> node.admin().get(path) + node.logTail());
        }
    }

    /** As soon as the store is back for it. */
    private long put(ForelogProcess node, Fleet fleet) {
        return Await.until(
                "the document can be changed again",
                LIMIT,
                () -> {
                    var reply =
                            node.admin().put("/admin/v1/namespaces/" + namespace, document() + "\nretention: PT2H\n");
                    return reply.status() == 200
                            ? Optional.of(reply.json().getLong("desired_revision"))
                            : Optional.empty();
                },
                fleet::logTails);
    }

    /** While partitions change hands a count may be refused: asked again. */
    private Optional<Audit> audit(ForelogProcess node) {
        try {
            return Optional.of(node.audit(namespace).read());
        } catch (AssertionError e) {
            return Optional.empty();
        }
    }
}

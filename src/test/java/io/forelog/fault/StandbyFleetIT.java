package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.database.Database;
import io.forelog.database.DatabaseSettings;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.Fleet;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.backend.PostgresServer;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Tuple;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two real nodes, the second of which can only read the config store, as behind a standby. */
@Timeout(180)
class StandbyFleetIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    /** Whoever is {@code reader} is answered what a standby answers to a write. */
    private static void makeReader(PostgresServer server) {
        Vertx vertx = Vertx.vertx();
        Database database =
                new Database(vertx, new DatabaseSettings(server.uri(), "", "off", "", "forelog", 1), "", "test");
        Await.result(database.query("CREATE ROLE reader SUPERUSER LOGIN", Tuple.tuple()));
        Await.result(database.query("ALTER ROLE reader SET default_transaction_read_only = on", Tuple.tuple()));
        Await.result(database.close());
        Await.result(vertx.close());
    }

    @Test
    void aNodeBehindAStandbyServesAndAllSeeThatItIsOnNoList() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                PostgresServer server = PostgresServer.create();
                Fleet fleet = new Fleet(directory, server.uri(), 2, "")) {
            ForelogProcess first = fleet.start("first");
            fleet.apply("ns", Documents.http(receiver.url(), Documents.PATIENT));
            makeReader(server);
            ForelogProcess behind = fleet.storeOf("behind", server.uri().replace("postgres@", "reader@"))
                    .start("behind");
            fleet.awaitApplied("ns", 1);
            Fleet.awaitState(first, "behind", "UNLISTED");
            Fleet.awaitState(first, "first", "READY");
            Fleet.awaitState(behind, "behind", "UNLISTED");
            Fleet.awaitState(behind, "first", "READY");
            assertThat(behind.admin().get("/health/ready").body())
                    .contains("this node is not on the list of nodes")
                    .contains("config_store.uri");
            try (LoadWriter writer = new LoadWriter(() -> behind.ports().grpc()).insist()) {
                writer.start(
                        1,
                        (slot, n) -> n > 20
                                ? java.util.Optional.empty()
                                : java.util.Optional.of(LoadWriter.request("ns", "x" + n)));
                writer.await(LIMIT);
                Await.until(
                        "all arrived by way of the other",
                        LIMIT,
                        () -> !writer.trues().isEmpty()
                                && receiver.entryIds()
                                        .containsAll(writer.trues().keySet()),
                        () -> writer + fleet.logTails());
            }
        }
    }
}

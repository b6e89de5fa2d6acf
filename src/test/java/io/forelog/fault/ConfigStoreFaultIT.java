package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.AdminClient;
import io.forelog.rig.AdminClient.Reply;
import io.forelog.rig.Await;
import io.forelog.rig.Fleet;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.Soak;
import io.forelog.rig.backend.PostgresServer;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two real nodes on one config store, and the store taken away from them. */
@Timeout(240)
class ConfigStoreFaultIT {
    private static final Duration LIMIT = Duration.ofSeconds(40);
    /** Longer than any lease. */
    private static final Duration AWAY = Duration.ofSeconds(Soak.choose(15, 60));

    private static final String NS = "/admin/v1/namespaces/ns";

    @TempDir
    Path directory;

    private final ScriptedReceiver receiver = new ScriptedReceiver();

    private String document(int attempts) {
        return "targets: [{name: hook, type: http, default: true, config: {url: '" + receiver.url() + "'}}]\n"
                + "retry: {max_attempts: " + attempts + ", initial: PT0.1S}\n";
    }

    private static long applied(ForelogProcess node) {
        return Fleet.applied(node, "ns");
    }

    private static String health(ForelogProcess node) {
        return node.admin().get("/health/ready").body();
    }

    /** Until it is TRUE: the queue lies on one of the two, which one that has just begun may have to find first. */
    private void writeAndAwait(ForelogProcess node, String text) {
        try (LoadWriter writer = new LoadWriter(() -> node.ports().grpc()).insist()) {
            writer.start(1, (slot, n) -> n > 0 ? Optional.empty() : Optional.of(LoadWriter.request("ns", text)));
            writer.await(LIMIT);
            assertThat(writer.trues()).as(writer.toString()).hasSize(1);
        }
        awaitArrival(text);
    }

    private void awaitArrival(String text) {
        Await.until(
                text + " arrives",
                LIMIT,
                () -> receiver.arrivals().stream()
                        .anyMatch(arrival -> arrival.text().equals(text)));
    }

    /** While a cluster finds itself again what an owner answers may be lost on its way: UNKNOWN, and written again. */
    private void writeUntilItIsTrue(ForelogProcess node, String text) {
        try (LoadWriter writer = new LoadWriter(() -> node.ports().grpc()).insist()) {
            for (int time = 1; writer.trues().isEmpty(); time++) {
                assertThat(time).as(writer.toString()).isLessThan(9);
                String once = text + " " + time;
                writer.start(1, (slot, n) -> n > 0 ? Optional.empty() : Optional.of(LoadWriter.request("ns", once)));
                writer.await(LIMIT);
            }
            awaitArrival(writer.trues().values().iterator().next().text());
        }
    }

    @Test
    void oneRevisionGoesEverywhereABadOneNowhereAndALostDatabaseStopsNobody() {
        try (receiver;
                PostgresServer server = PostgresServer.create();
                Fleet fleet = new Fleet(directory, server.uri(), 2, "")) {
            ForelogProcess first = fleet.start("first");
            ForelogProcess second = fleet.start("second");
            assertThat(first.admin().put(NS + "?comment=begins", document(5)).status())
                    .isEqualTo(201);
            long began = System.nanoTime();
            Await.until("it is applied on both", LIMIT, () -> applied(first) == 1 && applied(second) == 1);
            Soak.tell("a revision was applied on the other node after %d ms", (System.nanoTime() - began) / 1_000_000);
            assertThat(first.admin().get(NS + "/history").body()).contains("\"comment\":\"begins\"");

            Reply bad = second.admin().put(NS, document(-1));
            assertThat(bad.status()).isEqualTo(400);
            assertThat(bad.body()).contains("retry.max_attempts");
            assertThat(second.admin()
                            .send("PUT", NS + "?revision=7", document(6), "application/yaml")
                            .status())
                    .isEqualTo(409);
            writeAndAwait(first, "before");

            server.kill();
            Await.until(
                    "both miss it",
                    LIMIT,
                    () -> health(first).contains("config store is away")
                            && health(second).contains("config store is away"));
            assertThat(new JsonObject(health(first)).getString("status")).isEqualTo("DEGRADED");
            writeAndAwait(first, "without");
            assertThat(first.admin().put(NS, document(6)).status()).isEqualTo(503);
            assertThat(applied(first)).isEqualTo(1);
            Await.pause(AWAY);
            writeAndAwait(first, "long without");
            writeAndAwait(second, "long without, by the other");
            first.killAndRestart();
            writeUntilItIsTrue(first, "restarted without");

            server.start();
            Await.until(
                    "both find it",
                    LIMIT,
                    () -> !health(first).contains("config store is away")
                            && !health(second).contains("config store is away"));
            assertThat(second.admin().put(NS, document(7)).status()).isEqualTo(200);
            Await.until("it is applied on both", LIMIT, () -> applied(first) == 2 && applied(second) == 2);
            writeAndAwait(first, "after");
        }
    }

    /** Nobody waits for it from then on: so it must not go on as before where it can't know what has changed since. */
    @Test
    void oneThatSaidThatItStopsTakesNoKeyedWritesWithoutTheStore() {
        try (receiver;
                PostgresServer server = PostgresServer.create();
                Fleet fleet = new Fleet(directory, server.uri(), 2, "")) {
            ForelogProcess first = fleet.start("first");
            fleet.apply("ns", document(5) + "delivery: {order: key}\n");
            ForelogProcess second = fleet.start("second");
            writeAndAwait(second, "before");
            assertThat(second.stop()).isZero();
            server.kill();
            second.start();
            writeAndAwait(first, "by the one that knows");
            assertThatItWaits(second);
            assertThat(second.stop()).isZero();
            second.start();
            assertThatItWaits(second);
            // Nobody hears of this stop, so nobody can have gone on without it.
            assertThat(first.stop()).isZero();
            first.start();
            writeAndAwait(first, "by one whose stop nobody heard of");

            server.start();
            writeAndAwait(second, "after");
        }
    }

    private static void assertThatItWaits(ForelogProcess node) {
        AdminClient write = new AdminClient(() -> node.ports().http());
        for (int i = 0; i < 5; i++) {
            Reply refused = write.send("POST", "/v1/namespaces/ns/entries", "x" + i, "application/octet-stream");
            assertThat(refused.status()).as(refused.body()).isEqualTo(503);
        }
        assertThat(node.admin().get(NS).body()).contains("writes wait until");
    }
}

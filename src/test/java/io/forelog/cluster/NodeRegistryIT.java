package io.forelog.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.database.Database;
import io.forelog.database.DatabaseSettings;
import io.forelog.model.WalException;
import io.forelog.rig.Await;
import io.forelog.rig.backend.PostgresServer;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class NodeRegistryIT {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final Vertx vertx = Vertx.vertx();
    private Database database;
    private volatile String state = "READY";
    private volatile Map<String, Long> applied = Map.of("ns", 3L);

    @BeforeEach
    void connect() {
        database = new Database(
                vertx,
                new DatabaseSettings(PostgresServer.shared().uri(), "", "off", "", "registry" + System.nanoTime(), 4),
                "",
                "test");
        Await.result(database.ready());
    }

    @AfterEach
    void close() {
        Await.result(database.close());
        Await.result(vertx.close());
    }

    private NodeRegistry registry() {
        return new NodeRegistry(
                vertx,
                database,
                () -> new Member(
                        "n", "h", Map.of(), List.of(), "default", "default", "local", "1", state, false, applied, 0, 0),
                () -> {});
    }

    private void run(String sql) {
        Await.result(database.query(sql, Tuple.tuple()));
    }

    private boolean isListed() {
        return Await.result(database.query("SELECT 1 FROM node WHERE name = 'n'", Tuple.tuple()))
                        .size()
                == 1;
    }

    @Test
    void oneThatWasForgottenWhileItWasCutOffEntersAgainAndOnlyAnotherProcessSupersedesIt() {
        NodeRegistry registry = registry();
        Await.result(registry.start());
        run("DELETE FROM node");
        Await.until("it enters again", LIMIT, this::isListed);
        assertThat(registry.isSuperseded()).isFalse();
        run("UPDATE node SET incarnation = gen_random_uuid()");
        Await.until("it is superseded", LIMIT, registry::isSuperseded);
        run("DELETE FROM node");
        Await.until("the other was forgotten", LIMIT, () -> isListed() && !registry.isSuperseded());
        Await.result(registry.stop());
    }

    @Test
    void whatALostNodeHadGoesWithItWhereSomebodySaysThatItIsLost() {
        NodeRegistry registry = registry();
        Await.result(registry.start());
        Await.result(registry.stop());
        Owners owners = new Owners(database, "default");
        Await.result(owners.claim("ns", "n", UUID.randomUUID()));
        assertThat(isForgotten(registry, true)).as("it was heard of just now").isFalse();
        assertThat(Await.result(owners.all())).hasSize(1);
        run("UPDATE node SET seen_at = clock_timestamp() - interval '1 minute'");
        assertThat(isForgotten(registry, false)).as("it has a namespace").isFalse();
        assertThat(isForgotten(registry, true)).isTrue();
        assertThat(Await.result(owners.all())).isEmpty();
    }

    private static boolean isForgotten(NodeRegistry registry, boolean lostData) {
        return Await.result(registry.forget("n", lostData).map(true).otherwise(false));
    }

    @Test
    void oneThatStoppedInGoodOrderIsForgottenAtOnce() {
        NodeRegistry registry = registry();
        Await.result(registry.start());
        Await.result(registry.stop());
        assertThat(isForgotten(registry, false)).isTrue();
        assertThat(isListed()).isFalse();
    }

    @Test
    void whyOneIsNotForgottenIsSaidAndFromWhenItMayBe() {
        NodeRegistry registry = registry();
        Await.result(registry.start());
        assertThat(refusal(registry, "n"))
                .matches(
                        "CONFLICT: node n: READY, silent for [0-5]\\.\\d s \\(expected: silent for 6 s, which it may be in"
                                + " [0-6]\\.\\d s; one that has stopped in good order at once\\)");
        assertThat(refusal(registry, "m")).startsWith("NOT_FOUND: node m is unknown");
        Await.result(registry.stop());
        Await.result(new Owners(database, "default").claim("ns", "n", UUID.randomUUID()));
        assertThat(refusal(registry, "n")).startsWith("CONFLICT: node n: namespaces lie on its disk: ns (expected");
        assertThat(isListed()).isTrue();
    }

    private static String refusal(NodeRegistry registry, String node) {
        return Await.result(registry.forget(node, false)
                .map("")
                .otherwise(failure -> WalException.of(failure).publicMessage()));
    }

    @Test
    void oneThatStartsStillTellsWhatItHadBefore() {
        NodeRegistry before = registry();
        Await.result(before.start());
        Await.result(before.stop());
        state = "STARTING";
        applied = Map.of("other", 1L);
        NodeRegistry starting = registry();
        Await.result(starting.start());
        assertThat(starting.find("n").orElseThrow().applied())
                .containsEntry("ns", 3L)
                .containsEntry("other", 1L);
        Await.until("by the next beat, too", LIMIT, () -> {
            state = "READY";
            return !starting.find("n").orElseThrow().applied().containsKey("ns");
        });
        Await.result(starting.stop());
    }
}

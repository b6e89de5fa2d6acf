package io.forelog.config.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.config.ConfigStore;
import io.forelog.config.ConfigStore.Snapshot;
import io.forelog.config.StoredDocument;
import io.forelog.database.Database;
import io.forelog.database.DatabaseSettings;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.rig.Await;
import io.forelog.rig.TcpProxy;
import io.forelog.rig.backend.PostgresServer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Tuple;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What only a database can do to a config store. */
@Timeout(180)
class PostgresStoreIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    /** Less than a minute: what hangs for one is what is looked for. */
    private static final Duration FOUND_OUT = Duration.ofSeconds(50);

    @TempDir
    Path root;

    private final Vertx vertx = Vertx.vertx();
    private final String schema = "s" + System.nanoTime();
    private final List<ConfigStore> opened = new ArrayList<>();

    private Database database(int port) {
        return new Database(
                vertx,
                new DatabaseSettings("postgresql://postgres@127.0.0.1:" + port + "/postgres", "", "off", "", schema, 3),
                "",
                "test");
    }

    private ConfigStore open(int port, String node, Duration poll) {
        ConfigStore store = PostgresStore.open(vertx, database(port), root.resolve(node + ".json"), poll);
        opened.add(store);
        return store;
    }

    @AfterEach
    void close() throws Exception {
        for (ConfigStore store : opened) {
            get(store.close());
        }
        get(vertx.close());
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(40, TimeUnit.SECONDS);
    }

    private static Snapshot next(BlockingQueue<Snapshot> told) {
        try {
            return told.poll(500, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private String read(String file) {
        try {
            return Files.readString(root.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ErrorCode refused(Future<?> future) throws Exception {
        try {
            get(future);
            throw new AssertionError("was done");
        } catch (ExecutionException e) {
            return ((WalException) e.getCause()).code();
        }
    }

    @Test
    void nodesThatStartAtOnceMakeTheTablesTogether() throws Exception {
        int port = PostgresServer.shared().port();
        List<Future<Snapshot>> loads = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            loads.add(open(port, "n" + i, Duration.ofSeconds(1)).load());
        }
        get(Future.all(loads));
        assertThat(loads)
                .allSatisfy(load -> assertThat(load.result().documents()).isEmpty());
    }

    /** The poll of this test never comes. */
    @Test
    void aChangeIsNotifiedToTheOtherNodes() throws Exception {
        int port = PostgresServer.shared().port();
        ConfigStore writer = open(port, "writer", Duration.ofHours(1));
        ConfigStore reader = open(port, "reader", Duration.ofHours(1));
        get(reader.load());
        BlockingQueue<Snapshot> told = new LinkedBlockingQueue<>();
        reader.watch(told::add);
        // The subscription is made beside the rest; until it is there a change may go unheard.
        Await.until("it is told", SOON, () -> {
            writer.put("ns", "retention: PT1H", ConfigStore.ANY, "ann", "");
            Snapshot heard = next(told);
            return heard != null && heard.documents().containsKey("ns");
        });
    }

    /** The poll of this test never comes, and the path that was there carries nothing more and is not closed. */
    @Test
    void notificationsComeOverANewPathWhenTheOldOneIsGoneWithoutAWord() throws Exception {
        int port = PostgresServer.shared().port();
        ConfigStore writer = open(port, "writer", Duration.ofHours(1));
        try (TcpProxy proxy = new TcpProxy(port)) {
            ConfigStore reader = open(proxy.port(), "reader", Duration.ofHours(1));
            get(reader.load());
            BlockingQueue<Snapshot> told = new LinkedBlockingQueue<>();
            reader.watch(told::add);
            Await.until("it is told", SOON, () -> isTold(writer, told, "before"));
            proxy.strand();
            Await.until("it is told again", FOUND_OUT, () -> isTold(writer, told, "after"));
        }
    }

    private static boolean isTold(ConfigStore writer, BlockingQueue<Snapshot> told, String namespace) {
        writer.put(namespace, "retention: PT1H", ConfigStore.ANY, "ann", "");
        Snapshot heard = next(told);
        return heard != null && heard.documents().containsKey(namespace);
    }

    /** Whoever waits for the schema waits for the connection that brings it up to date. */
    @Test
    void aPathThatIsGoneWhileTheSchemaIsMadeIsToldAndLeft() throws Exception {
        try (TcpProxy proxy = new TcpProxy(PostgresServer.shared().port())) {
            AtomicBoolean once = new AtomicBoolean();
            proxy.tap(text -> {
                if (text.contains("pg_is_in_recovery") && once.compareAndSet(false, true)) {
                    proxy.strand();
                }
            });
            Database database = database(proxy.port());
            Await.until("the schema is there", FOUND_OUT, () -> {
                try {
                    get(database.query("SELECT 1 FROM node", Tuple.tuple()));
                    return true;
                } catch (Exception e) {
                    assertThat(e.getCause())
                            .isInstanceOf(WalException.class)
                            .hasMessageStartingWith("database postgresql://127.0.0.1")
                            .hasMessageContaining("no answer within 1");
                    return false;
                }
            });
            assertThat(once).isTrue();
            get(database.close());
        }
    }

    @Test
    void withoutTheDatabaseWhatWasKnownIsServedAndNothingChanges() throws Exception {
        PostgresServer server = PostgresServer.shared();
        try (TcpProxy proxy = new TcpProxy(server.port())) {
            ConfigStore store = open(proxy.port(), "node", Duration.ofMillis(100));
            get(store.load());
            get(store.put("ns", "retention: PT1H", 0, "ann", ""));
            get(store.number("ns", Set.of("a"), Map.of(), 1));
            Await.until("it is kept", SOON, () -> read("node.json").contains("\"numbers\":{\"ns\""));
            proxy.refuse();
            proxy.cut();
            Await.until("it is missed", SOON, () -> !store.away().isEmpty());
            assertThat(get(store.load()).documents().get("ns").revision()).isEqualTo(1);
            assertThat(refused(store.put("ns", "retention: PT2H", 1, "ann", "")))
                    .isEqualTo(ErrorCode.UNAVAILABLE);

            // a node that starts now knows what the other one knew
            ConfigStore restarted = open(proxy.port(), "node", Duration.ofMillis(100));
            Snapshot kept = get(restarted.load());
            assertThat(kept.documents().get("ns").text()).isEqualTo("retention: PT1H");
            assertThat(kept.numbers().get("ns")).containsOnlyKeys("a");
            assertThat(refused(open(proxy.port(), "new", Duration.ofHours(1)).load()))
                    .isEqualTo(ErrorCode.UNAVAILABLE);

            BlockingQueue<Snapshot> told = new LinkedBlockingQueue<>();
            restarted.watch(told::add);
            proxy.heal();
            Await.until("it is back", SOON, () -> store.away().isEmpty());
            get(store.put("ns", "retention: PT2H", 1, "ann", ""));
            Await.until("the other hears of it", SOON, () -> {
                Snapshot heard = next(told);
                return heard != null && heard.documents().get("ns").revision() == 2;
            });
        }
    }

    /** Every connection of the pool is one that carries nothing more: calls on them end, and give them back. */
    @Test
    void aPathThatIsGoneIsLeftAndTheStoreIsFoundAgainOverAnother() throws Exception {
        try (TcpProxy proxy = new TcpProxy(PostgresServer.shared().port())) {
            Database database = database(proxy.port());
            ConfigStore store = PostgresStore.open(vertx, database, root.resolve("node.json"), Duration.ofMillis(100));
            opened.add(store);
            get(store.load());
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                all.add(database.query("SELECT pg_sleep(0.5)::text", Tuple.tuple()));
            }
            get(Future.all(all));
            proxy.strand();
            assertThat(refused(store.history("ns", 1))).isEqualTo(ErrorCode.UNAVAILABLE);
            get(store.put("ns", "retention: PT1H", 0, "ann", ""));
        }
    }

    @Test
    void whatCouldNotBeKeptIsNotTakenForKnown() throws Exception {
        int port = PostgresServer.shared().port();
        Path kept = root.resolve("node.json");
        Files.createDirectories(kept.resolve("in the way"));
        ConfigStore store = open(port, "node", Duration.ofHours(1));
        assertThat(get(store.load().map(true).otherwise(false))).isFalse();
        Files.delete(kept.resolve("in the way"));
        Files.delete(kept);
        get(store.load());
        assertThat(kept).isRegularFile();
    }

    @Test
    void aServerThatIsKilledUnderChangesLosesNoneThatWasConfirmed() throws Exception {
        try (PostgresServer server = PostgresServer.create()) {
            ConfigStore store = open(server.port(), "node", Duration.ofMillis(100));
            get(store.load());
            long confirmed = 0;
            for (int cycle = 0; cycle < 3; cycle++) {
                List<Future<StoredDocument>> changes = new ArrayList<>();
                for (int i = 0; i < 40; i++) {
                    changes.add(store.put("ns", "retention: PT" + (i + 1) + "H", ConfigStore.ANY, "ann", "c" + cycle));
                }
                get(changes.get(5));
                server.kill();
                get(Future.join(changes).transform(done -> Future.succeededFuture()));
                for (Future<StoredDocument> change : changes) {
                    confirmed = change.succeeded()
                            ? Math.max(confirmed, change.result().revision())
                            : confirmed;
                }
                server.start();
                Await.until("it answers again", SOON, () -> store.away().isEmpty());
                get(store.load());
                List<StoredDocument> history = get(store.history("ns", 1_000));
                assertThat(history.get(0).revision())
                        .isGreaterThanOrEqualTo(confirmed)
                        .isEqualTo(history.size());
            }
        }
    }

    @Test
    void numbersAreTheSameForAllAndNeverGivenTwice() throws Exception {
        int port = PostgresServer.shared().port();
        ConfigStore one = open(port, "one", Duration.ofSeconds(1));
        ConfigStore two = open(port, "two", Duration.ofSeconds(1));
        get(one.load());
        get(two.load());
        List<Future<Map<String, Integer>>> asked = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            asked.add(one.number("ns", Set.of("a", "b" + i), Map.of(), 1));
            asked.add(two.number("ns", Set.of("b" + i, "c"), Map.of(), 1));
        }
        get(Future.all(asked));
        Map<String, Integer> all = get(one.number("ns", Set.of("a"), Map.of(), 1));
        assertThat(all).hasSize(12);
        assertThat(Set.copyOf(all.values())).hasSize(12);
        assertThat(asked).allSatisfy(each -> assertThat(all).containsAllEntriesOf(each.result()));
        // a node that comes from a directory brings its own along, as far as they are free
        Map<String, Integer> brought = get(two.number("old", Set.of("x", "y", "z"), Map.of("x", 4, "y", 2), 6));
        assertThat(brought).containsEntry("x", 4).containsEntry("y", 2).containsEntry("z", 6);
        assertThat(get(one.number("old", Set.of("w"), Map.of("w", 4), 5))).containsEntry("w", 7);
        assertThat(get(one.load()).numbers().get("old")).containsEntry("w", 7);
    }

    /** As a later version leaves it: more tables, more columns, a migration that this one does not know. */
    @Test
    void aSchemaThatANewerVersionHasAddedToIsTakenAsItIs() throws Exception {
        int port = PostgresServer.shared().port();
        get(open(port, "old", Duration.ofSeconds(1)).load());
        Database newer = database(port);
        get(newer.query("ALTER TABLE namespace_revision ADD COLUMN ticket text", Tuple.tuple()));
        get(newer.query(
                "INSERT INTO flyway_schema_history SELECT installed_rank + 1000, '9000', 'later', type, 'V9000__later.sql',"
                        + " checksum, installed_by, installed_on, execution_time, true FROM flyway_schema_history"
                        + " WHERE version = '1'",
                Tuple.tuple()));
        get(newer.close());
        ConfigStore store = open(port, "again", Duration.ofSeconds(1));
        assertThat(get(store.load()).documents()).isEmpty();
        assertThat(get(store.put("ns", "retention: PT1H", 0, "ann", "")).revision())
                .isEqualTo(1);
    }
}

package io.forelog.config;

import static io.forelog.config.ReloadPlanTest.targets;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.config.ConfigStore.Snapshot;
import io.forelog.config.StoredDocument.Action;
import io.forelog.config.postgres.PostgresStore;
import io.forelog.database.Database;
import io.forelog.database.DatabaseSettings;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.rig.backend.PostgresServer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
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
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every config store does. */
class ConfigStoreIT {
    private static final Duration POLL = Duration.ofMillis(50);

    /** Each opened anew for a test. */
    enum Kind {
        DIRECTORY,
        POSTGRES
    }

    @TempDir
    Path root;

    private final Vertx vertx = Vertx.vertx();
    private final String schema = "s" + System.nanoTime();
    private final List<ConfigStore> opened = new ArrayList<>();

    private ConfigStore open(Kind kind) throws Exception {
        ConfigStore store = get(
                kind == Kind.DIRECTORY
                        ? DirectoryStore.open(
                                vertx, Ticker.anchored(), root.resolve("namespaces"), root.resolve("history"), POLL)
                        : Future.succeededFuture(PostgresStore.open(
                                vertx,
                                new Database(
                                        vertx,
                                        new DatabaseSettings(
                                                PostgresServer.shared().uri(), "", "off", "", schema, 2),
                                        "",
                                        "test"),
                                root.resolve("store" + opened.size() + ".json"),
                                POLL)));
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
        return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    private static ErrorCode code(ExecutionException failure) {
        return ((WalException) failure.getCause()).code();
    }

    private static ErrorCode refused(Future<?> future) {
        try {
            get(future);
            throw new AssertionError("was done");
        } catch (ExecutionException e) {
            return code(e);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static Snapshot await(BlockingQueue<Snapshot> told, Predicate<Snapshot> wanted) throws Exception {
        for (Snapshot next = told.poll(20, TimeUnit.SECONDS); next != null; next = told.poll(20, TimeUnit.SECONDS)) {
            if (wanted.test(next)) {
                return next;
            }
        }
        throw new AssertionError("the store did not tell");
    }

    @ParameterizedTest
    @EnumSource
    void keepsRevisionsWithAuthorTimeAndCommentNewestFirst(Kind kind) throws Exception {
        ConfigStore store = open(kind);
        long before = Ticker.anchored().micros() - 1_000_000;
        get(store.put("ns", targets("a"), 0, "ann", "begins"));
        get(store.put("ns", targets("a", "b"), 1, "bob", "b too"));
        get(store.rollback("ns", 1, 2, "ann", "back"));
        List<StoredDocument> history = get(store.history("ns", 10));
        assertThat(history).extracting(StoredDocument::revision).containsExactly(3L, 2L, 1L);
        assertThat(history).extracting(StoredDocument::author).containsExactly("ann", "bob", "ann");
        assertThat(history).extracting(StoredDocument::comment).containsExactly("back", "b too", "begins");
        assertThat(history.get(0).action()).isEqualTo(Action.ROLLBACK);
        assertThat(history.get(0).text()).isEqualTo(targets("a"));
        assertThat(history).allSatisfy(each -> assertThat(each.atMicros()).isGreaterThan(before));
        assertThat(get(store.history("ns", 1))).hasSize(1);
        assertThat(get(store.load()).documents().get("ns").revision()).isEqualTo(3);
    }

    @ParameterizedTest
    @EnumSource
    void oneOfSeveralWhoSawTheSameRevisionWins(Kind kind) throws Exception {
        ConfigStore store = open(kind);
        get(store.put("ns", targets("a"), ConfigStore.ANY, "ann", ""));
        List<Future<StoredDocument>> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            all.add(store.put("ns", targets("a", "b" + i), 1, "w" + i, ""));
        }
        get(Future.join(all).transform(done -> Future.succeededFuture()));
        assertThat(all.stream().filter(Future::succeeded)).hasSize(1);
        assertThat(all.stream().filter(Future::failed).map(each -> ((WalException) each.cause()).code()))
                .containsOnly(ErrorCode.CONFLICT);
        assertThat(get(store.history("ns", 10))).hasSize(2);
        assertThat(refused(store.put("new", targets("a"), 7, "ann", ""))).isEqualTo(ErrorCode.CONFLICT);
        assertThat(refused(store.remove("ns", 1, false, "ann", ""))).isEqualTo(ErrorCode.CONFLICT);
    }

    @ParameterizedTest
    @EnumSource
    void tellsOfEveryChangeAndOfWhatWasRemovedByHand(Kind kind) throws Exception {
        ConfigStore store = open(kind);
        get(store.load());
        BlockingQueue<Snapshot> told = new LinkedBlockingQueue<>();
        store.watch(told::add);
        get(store.put("ns", targets("a"), 0, "ann", ""));
        await(told, snapshot -> snapshot.documents().containsKey("ns"));
        get(store.remove("ns", 1, false, "ann", "gone"));
        Snapshot after = await(told, snapshot -> !snapshot.documents().containsKey("ns"));
        assertThat(after.removed()).containsExactly("ns");
        assertThat(get(store.put("ns", targets("b"), 0, "ann", "again")).revision())
                .isEqualTo(3);
        assertThat(await(told, snapshot -> snapshot.documents().containsKey("ns"))
                        .removed())
                .isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void tellsWhatIsNotWantedAnyMoreAlsoOfWhatWasRemovedBefore(Kind kind) throws Exception {
        ConfigStore store = open(kind);
        get(store.put("ns", targets("a"), 0, "ann", ""));
        get(store.remove("ns", 1, false, "ann", ""));
        assertThat(get(store.load()).discarded()).isEmpty();
        assertThat(get(store.remove("ns", ConfigStore.ANY, true, "ann", "enough"))
                        .action())
                .isEqualTo(StoredDocument.Action.DISCARD);
        Snapshot discarded = get(store.load());
        assertThat(discarded.removed()).containsExactly("ns");
        assertThat(discarded.discarded()).containsExactly("ns");
        assertThat(get(open(kind).load()).discarded()).containsExactly("ns");
        get(store.put("ns", targets("a"), 0, "ann", ""));
        assertThat(get(store.load()).discarded()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void numbersTargetsAnewOnlyBehindARemoval(Kind kind) throws Exception {
        ConfigStore store = open(kind);
        get(store.put("ns", targets("a"), 0, "ann", ""));
        Map<String, Integer> first = get(store.number("ns", Set.of("a"), Map.of(), 1));
        get(store.numberAnew("ns"));
        assertThat(get(store.number("ns", Set.of("a"), Map.of(), 1))).isEqualTo(first);
        get(store.remove("ns", 1, false, "ann", ""));
        get(store.numberAnew("ns"));
        Map<String, Integer> second = get(store.number("ns", Set.of("a"), Map.of("a", 1), 1));
        if (store.isShared()) {
            assertThat(first.get("a")).isEqualTo(1);
            assertThat(second.get("a")).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @EnumSource
    void refusesWhatCanBeNobodysDocument(Kind kind) throws Exception {
        ConfigStore store = open(kind);
        assertThat(refused(store.put("../x", targets("a"), 0, "ann", ""))).isEqualTo(ErrorCode.INVALID_ARGUMENT);
        assertThat(refused(store.put("ns", "namespace: other\n" + targets("a"), 0, "ann", "")))
                .isEqualTo(ErrorCode.INVALID_ARGUMENT);
        assertThat(refused(store.remove("nobody", ConfigStore.ANY, false, "ann", "")))
                .isEqualTo(ErrorCode.NOT_FOUND);
        assertThat(refused(store.rollback("nobody", 3, ConfigStore.ANY, "ann", "")))
                .isEqualTo(ErrorCode.NOT_FOUND);
        get(store.put("ns", targets("a"), 0, "ann", ""));
        get(store.remove("ns", 1, false, "ann", ""));
        assertThatThrownBy(() -> get(store.rollback("ns", 2, ConfigStore.ANY, "ann", "")))
                .hasMessageContaining("removed the namespace");
    }

    @ParameterizedTest
    @EnumSource
    void isTheSameForWhoeverOpensItAgain(Kind kind) throws Exception {
        ConfigStore store = open(kind);
        get(store.put("ns", targets("a"), 0, "ann", "begins"));
        get(store.put("gone", targets("a"), 0, "ann", ""));
        get(store.remove("gone", 1, false, "ann", ""));
        Snapshot before = get(store.load());
        Snapshot after = get(open(kind).load());
        assertThat(after.documents().keySet()).isEqualTo(before.documents().keySet());
        assertThat(after.removed()).isEqualTo(before.removed());
        assertThat(after.documents().get("ns").text()).isEqualTo(targets("a"));
    }
}

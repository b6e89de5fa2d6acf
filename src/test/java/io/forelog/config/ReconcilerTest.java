package io.forelog.config;

import static io.forelog.config.ReloadPlanTest.targets;
import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.config.Namespace.State;
import io.forelog.config.StoredDocument.Action;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReconcilerTest {
    private static final Duration NEVER = Duration.ofDays(1);

    private final Vertx vertx = Vertx.vertx();
    private final FakeStore store = new FakeStore();
    private final FakeApplied applied = new FakeApplied();
    private final FakeDeployer deployer = new FakeDeployer();
    private final AtomicLong micros = new AtomicLong(1);
    private LiveNamespaces live = new LiveNamespaces(shard -> List.of());
    private Reconciler reconciler = reconciler(NEVER);

    @AfterEach
    void close() throws Exception {
        get(vertx.close());
    }

    private Reconciler reconciler(Duration applyLimit) {
        return new Reconciler(
                vertx,
                store,
                applied,
                new DocumentParser(Catalogue.BUILT, Map.of()),
                "default",
                deployer,
                live,
                applyLimit,
                Duration.ofSeconds(10),
                micros::get,
                new SimpleMeterRegistry());
    }

    private void restart() {
        live = new LiveNamespaces(shard -> List.of());
        reconciler = reconciler(NEVER);
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private NamespaceStatus status(String namespace) {
        return reconciler.statuses().get(namespace);
    }

    @Test
    void servesWhatTheStoreWantsAndKeepsItBeforeAnybodyCanWrite() throws Exception {
        store.want("a", targets("x"));
        applied.onStore = record -> assertThat(live.find("a")).isNull();
        get(reconciler.start(NEVER));
        assertThat(deployer.calls).containsExactly("add a 1");
        assertThat(live.find("a").routes().get("x").id()).isEqualTo(1);
        assertThat(applied.records.get("a").nextRoute()).isEqualTo(2);
        assertThat(status("a").state()).isEqualTo("ACTIVE");
        assertThat(status("a").desiredRevision()).isEqualTo(1);
        assertThat(status("a").appliedRevision()).isEqualTo(1);
    }

    @Test
    void aWatchedChangeIsApplied() throws Exception {
        store.want("a", targets("x"));
        get(reconciler.start(NEVER));
        Future<Void> replaced = deployer.next();
        store.want("a", targets("x", "y"));
        store.tell();
        get(replaced);
        get(reconciler.refresh());
        assertThat(deployer.calls).containsExactly("add a 1", "replace a 1 2");
        assertThat(live.find("a").revision()).isEqualTo(2);
    }

    @Test
    void aRefusedDocumentLeavesTheAppliedOneServingAndSaysWhy() throws Exception {
        store.want("a", targets("x"));
        store.want("b", targets("x"));
        get(reconciler.start(NEVER));
        store.want("a", "retry: {max_attempts: -1}\n" + targets("x"));
        store.want("b", targets("x", "y"));
        get(reconciler.refresh());
        assertThat(status("a").desiredRevision()).isEqualTo(2);
        assertThat(status("a").appliedRevision()).isEqualTo(1);
        assertThat(status("a").state()).isEqualTo("ACTIVE");
        assertThat(status("a").problems()).containsExactly("retry.max_attempts: -1 (expected: a whole number >= 1)");
        assertThat(live.find("a").revision()).isEqualTo(1);
        assertThat(live.find("b").revision()).isEqualTo(2);
    }

    @Test
    void aPersonaWhoseQueueIsNotBuiltIsToldByNameAndDisturbsNobody() throws Exception {
        store.want(
                "pds",
                "{\"persistenceConfigurations\": {\"persistenceConfiguration\": [{\"physicalStorage\": {\"type\": \"SQS\"},"
                        + " \"config\": {\"wal-queue\": [\"dgwwal-dq-pds\"]}}]}, \"targets\": [{\"name\": \"l\", \"type\": \"log\"}]}");
        store.want("a", targets("x"));
        get(reconciler.start(NEVER));
        assertThat(status("pds").state()).isEqualTo("REFUSED");
        assertThat(status("pds").problems())
                .containsExactly(
                        "persistence_configurations.persistence_configuration[0].physical_storage.type: SQS (expected: one of [EMBEDDED])");
        assertThat(live.find("pds")).isNull();
        assertThat(live.find("a")).isNotNull();
    }

    @Test
    void aFailedChangeLeavesWhatServedAndIsTriedAgain() throws Exception {
        store.want("a", targets("x"));
        get(reconciler.start(NEVER));
        deployer.failure = new WalException(ErrorCode.UNAVAILABLE, "no");
        store.want("a", targets("x", "y"));
        get(reconciler.refresh());
        assertThat(live.find("a").revision()).isEqualTo(1);
        assertThat(applied.records.get("a").revision()).isEqualTo(1);
        assertThat(status("a").problems()).containsExactly("not applied, it is tried again: UNAVAILABLE: no");
        deployer.failure = null;
        get(reconciler.refresh());
        assertThat(live.find("a").revision()).isEqualTo(2);
        assertThat(status("a").problems()).isEmpty();
    }

    @Test
    void aChangeThatItsQueueCallsWrongDisturbsWhatServesOnce() throws Exception {
        store.want("a", targets("x"));
        get(reconciler.start(NEVER));
        deployer.failure = new WalException(ErrorCode.INVALID_ARGUMENT, "compacted");
        store.want("a", targets("x", "y"));
        get(reconciler.refresh());
        get(reconciler.refresh());
        get(reconciler.refresh());
        assertThat(deployer.calls).containsExactly("add a 1", "replace a 1 2");
        assertThat(status("a").problems()).singleElement().asString().contains("INVALID_ARGUMENT: compacted");
        deployer.failure = null;
        store.want("a", targets("x", "z"));
        get(reconciler.refresh());
        assertThat(live.find("a").revision()).isEqualTo(3);
        assertThat(status("a").problems()).isEmpty();
    }

    /** Told while a reading was under way that saw more. */
    @Test
    void whatWasToldBeforeAReadingEndedDoesNotUndoIt() throws Exception {
        store.want("a", targets("x"));
        get(reconciler.start(NEVER));
        ConfigStore.Snapshot older = store.snapshot();
        store.want("a", targets("x", "y"));
        store.onLoad = () -> store.watcher.accept(older);
        get(reconciler.refresh());
        store.onLoad = () -> {};
        get(reconciler.previewRemoval("a", false));
        get(reconciler.close());
        assertThat(live.find("a").revision()).isEqualTo(2);
    }

    @Test
    void aChangeThatCannotBeKeptDoesNotServe() throws Exception {
        applied.failure = new WalException(ErrorCode.LOW_DISK, "full");
        store.want("a", targets("x"));
        get(reconciler.start(NEVER));
        assertThat(live.find("a")).isNull();
        assertThat(status("a").state()).isEqualTo("REFUSED");
        assertThat(status("a").problems()).containsExactly("not applied, it is tried again: LOW_DISK: full");
    }

    @Test
    void aChangeThatHangsFailsAfterItsLimitAndHoldsUpNobody() throws Exception {
        reconciler = reconciler(Duration.ofMillis(1));
        deployer.hang = "a";
        store.want("a", targets("x"));
        get(reconciler.start(NEVER));
        assertThat(status("a").problems()).singleElement().asString().contains("not done within PT0.001S");
        reconciler = reconciler(NEVER);
        deployer.hang = "";
        store.want("b", targets("x"));
        get(reconciler.start(NEVER));
        assertThat(live.find("b")).isNotNull();
    }

    @Test
    void anEmptyStoreChangesNothingAndRaisesTheAlarm() throws Exception {
        store.want("a", targets("x"));
        get(reconciler.start(NEVER));
        store.documents.clear();
        get(reconciler.refresh());
        assertThat(live.find("a").state()).isEqualTo(State.ACTIVE);
        assertThat(reconciler.held()).startsWith("1 of 1 documents are gone at once");
        assertThat(status("a").problems()).singleElement().asString().startsWith("its document is gone, which changes");
        store.want("a", targets("x"));
        get(reconciler.refresh());
        assertThat(reconciler.held()).isEmpty();
    }

    @Test
    void aRemovedNamespaceRefusesWritesDeliversTheRestAndGoesAfterAWhileOfNothingLeft() throws Exception {
        store.want("a", targets("x"));
        get(reconciler.start(NEVER));
        store.remove("a");
        get(reconciler.refresh());
        assertThat(live.find("a").state()).isEqualTo(State.RETIRING);
        deployer.left = new Deployer.Left(1, 0);
        shrinkAfter(Duration.ofHours(1));
        assertThat(live.find("a").state()).isEqualTo(State.RETIRING);
        assertThat(status("a").problems())
                .containsExactly(
                        "retiring: 1 obligations to be delivered, 0 dead letters to be redriven or purged (forelog dlq purge lets it go)");
        deployer.left = new Deployer.Left(0, 1);
        shrinkAfter(Duration.ofHours(1));
        assertThat(live.find("a")).isNotNull();
        deployer.left = new Deployer.Left(0, 0);
        shrinkAfter(Duration.ofSeconds(1));
        shrinkAfter(Duration.ofSeconds(9));
        assertThat(live.find("a")).isNotNull();
        shrinkAfter(Duration.ofSeconds(1));
        assertThat(live.find("a")).isNull();
        assertThat(deployer.calls).containsExactly("add a 1", "replace a 1 1 RETIRING", "remove a");
        assertThat(applied.records.get("a").state()).isEqualTo(State.RETIRED);
        assertThat(applied.records.get("a").nextRoute()).isEqualTo(2);
        assertThat(status("a")).isNull();
    }

    private void shrinkAfter(Duration duration) throws Exception {
        micros.addAndGet(duration.toNanos() / 1_000);
        get(reconciler.shrinkNow());
    }

    @Test
    void aRetiringTargetStaysUntilItHasNothingLeftAlsoAcrossARestart() throws Exception {
        store.want("a", targets("x", "y"));
        get(reconciler.start(NEVER));
        store.want("a", targets("y"));
        deployer.left = new Deployer.Left(3, 0);
        get(reconciler.refresh());
        shrinkAfter(Duration.ofHours(1));
        assertThat(live.find("a").routes()).containsOnlyKeys("x", "y");
        restart();
        get(reconciler.start(NEVER));
        assertThat(live.find("a").routes().get("x").retiring()).isTrue();
        deployer.left = new Deployer.Left(0, 7);
        shrinkAfter(Duration.ofHours(1));
        assertThat(live.find("a").routes()).containsOnlyKeys("x", "y");
        deployer.left = new Deployer.Left(0, 0);
        shrinkAfter(Duration.ZERO);
        shrinkAfter(Duration.ofSeconds(10));
        assertThat(live.find("a").routes()).containsOnlyKeys("y");
        assertThat(applied.records.get("a").routes()).containsOnlyKeys("y");
    }

    @Test
    void aNamespaceWhoseRoutesAreNotKnownDoesNotServe() throws Exception {
        applied.problems.put("a", "a.json: no number");
        store.want("a", targets("x"));
        get(reconciler.start(NEVER));
        assertThat(deployer.calls).isEmpty();
        assertThat(status("a").problems()).singleElement().asString().contains("CORRUPT: a.json: no number");
    }

    /** The copy of the store that a node keeps may be of just before the numbers were given. */
    @Test
    void whatWasAppliedIsServedAgainThoughTheStoreIsAwayAndItsCopyHasNoNumbers() throws Exception {
        store.shared = true;
        store.want("a", targets("x", "y"));
        get(reconciler.start(NEVER));
        assertThat(applied.records.get("a").routes().get("y").id()).isEqualTo(41);

        restart();
        store.away = true;
        get(reconciler.start(NEVER));
        assertThat(status("a").problems()).isEmpty();
        assertThat(live.find("a").routes().get("y").id()).isEqualTo(41);

        restart();
        store.want("a", targets("x", "y", "z"));
        get(reconciler.start(NEVER));
        assertThat(status("a").problems()).singleElement().asString().contains("[x, y, z] have no number yet");
        assertThat(live.find("a").routes()).containsOnlyKeys("x", "y");
    }

    @Test
    void aPreviewTellsProblemsAndStepsAndChangesNothing() throws Exception {
        store.want("a", targets("x"));
        get(reconciler.start(NEVER));
        assertThat(get(reconciler.preview("a", targets("x", "y"))).steps())
                .containsExactly("replace namespace a, revision 1");
        assertThat(get(reconciler.preview("b", targets("x"))).steps()).containsExactly("add namespace b");
        assertThat(get(reconciler.preview("a", "targets: [")).problems())
                .singleElement()
                .asString()
                .startsWith("document: not YAML");
        assertThat(get(reconciler.previewRemoval("a", false)).steps())
                .containsExactly("retire namespace a: refuse writes, deliver the rest, then remove it");
        assertThat(deployer.calls).containsExactly("add a 1");
    }

    /** Documents in memory. */
    private static final class FakeStore implements ConfigStore {
        private final Map<String, StoredDocument> documents = new TreeMap<>();
        private final TreeSet<String> removed = new TreeSet<>();
        private final Map<String, Long> revisions = new TreeMap<>();
        private volatile Consumer<Snapshot> watcher = snapshot -> {};
        private volatile boolean shared;
        private volatile boolean away;
        private volatile Runnable onLoad = () -> {};

        synchronized void want(String namespace, String text) {
            long revision = revisions.merge(namespace, 1L, Long::sum);
            removed.remove(namespace);
            documents.put(namespace, new StoredDocument(namespace, revision, 0, "me", "", Action.PUT, text, namespace));
        }

        synchronized void remove(String namespace) {
            documents.remove(namespace);
            removed.add(namespace);
        }

        synchronized Snapshot snapshot() {
            return new Snapshot("", new TreeMap<>(documents), new TreeSet<>(removed));
        }

        void tell() {
            watcher.accept(snapshot());
        }

        @Override
        public Future<Snapshot> load() {
            onLoad.run();
            return Future.succeededFuture(snapshot());
        }

        @Override
        public void watch(Consumer<Snapshot> newWatcher) {
            watcher = newWatcher;
        }

        @Override
        public boolean isShared() {
            return shared;
        }

        /** Which the store that all share has given, and a copy that was kept of it does not know yet. */
        @Override
        public Future<Map<String, Integer>> number(
                String namespace, Set<String> targets, Map<String, Integer> used, int least) {
            if (away) {
                return Future.failedFuture(new WalException(ErrorCode.UNAVAILABLE, "the database is away"));
            }
            Map<String, Integer> numbers = new TreeMap<>();
            targets.forEach(target -> numbers.put(target, 40 + numbers.size()));
            return Future.succeededFuture(numbers);
        }

        @Override
        public Future<StoredDocument> put(String namespace, String text, long expected, String by, String comment) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Future<StoredDocument> remove(
                String namespace, long expected, boolean discard, String by, String comment) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Future<StoredDocument> rollback(
                String namespace, long revision, long expected, String by, String comment) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Future<List<StoredDocument>> history(String namespace, int limit) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Future<Void> close() {
            return Future.succeededFuture();
        }
    }

    /** Keeps records as texts, as files do. */
    private static final class FakeApplied implements AppliedStore {
        private final Map<String, AppliedRecord> records = new TreeMap<>();
        private final Map<String, String> problems = new TreeMap<>();
        private volatile WalException failure;
        private Consumer<AppliedRecord> onStore = record -> {};

        @Override
        public Future<Loaded> load() {
            return Future.succeededFuture(new Loaded(new TreeMap<>(records), problems));
        }

        @Override
        public Future<Void> store(AppliedRecord record) {
            onStore.accept(record);
            if (failure != null) {
                return Future.failedFuture(failure);
            }
            records.put(record.namespace(), AppliedRecord.fromJson(record.toJson(), "file"));
            return Future.succeededFuture();
        }
    }

    /** Notes what it is asked for; fails or hangs on request. */
    private static final class FakeDeployer implements Deployer {
        private final List<String> calls = new ArrayList<>();
        private volatile WalException failure;
        private volatile String hang = "";
        private volatile Left left = new Left(0, 0);
        private volatile Promise<Void> next = Promise.promise();

        Future<Void> next() {
            next = Promise.promise();
            return next.future();
        }

        private Future<Void> called(String namespace, String call) {
            calls.add(call);
            next.tryComplete();
            if (hang.equals(namespace)) {
                return Promise.<Void>promise().future();
            }
            return failure == null ? Future.succeededFuture() : Future.failedFuture(failure);
        }

        @Override
        public Future<Void> add(Namespace namespace) {
            return called(namespace.name(), "add " + namespace.name() + " " + namespace.revision());
        }

        @Override
        public Future<Void> replace(Namespace from, Namespace to) {
            String state = to.state() == State.ACTIVE ? "" : " " + to.state();
            return called(to.name(), "replace " + to.name() + " " + from.revision() + " " + to.revision() + state);
        }

        @Override
        public Future<Void> remove(Namespace namespace) {
            return called(namespace.name(), "remove " + namespace.name());
        }

        @Override
        public Left left(Namespace namespace, int route) {
            return left;
        }
    }
}

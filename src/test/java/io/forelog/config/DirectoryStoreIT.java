package io.forelog.config;

import static io.forelog.config.ReloadPlanTest.targets;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.config.ConfigStore.Snapshot;
import io.forelog.config.StoredDocument.Action;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryStoreIT {
    private static final Duration POLL = Duration.ofMillis(20);

    @TempDir
    Path root;

    private final Vertx vertx = Vertx.vertx();
    private final BlockingQueue<Snapshot> told = new LinkedBlockingQueue<>();
    private Path documents;
    private ConfigStore store;

    @BeforeEach
    void open() throws Exception {
        documents = root.resolve("namespaces");
        Files.createDirectories(documents);
        store = reopened();
    }

    private ConfigStore reopened() throws Exception {
        ConfigStore opened =
                get(DirectoryStore.open(vertx, Ticker.anchored(), documents, root.resolve("history"), POLL));
        opened.watch(told::add);
        return opened;
    }

    @AfterEach
    void close() throws Exception {
        get(store.close());
        get(vertx.close());
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private Snapshot await(Predicate<Snapshot> wanted) throws InterruptedException {
        for (Snapshot next = told.poll(20, TimeUnit.SECONDS); next != null; next = told.poll(20, TimeUnit.SECONDS)) {
            if (wanted.test(next)) {
                return next;
            }
        }
        throw new AssertionError("the store did not tell");
    }

    private void write(String file, String text) throws Exception {
        Files.writeString(documents.resolve(file), text);
    }

    private static ErrorCode code(Throwable thrown) {
        return ((WalException) thrown.getCause()).code();
    }

    @Test
    void tellsOfFilesThatAppearChangeAndGo() throws Exception {
        write("a.yaml", targets("x"));
        write("b.json", "{\"namespace\": \"other\"}");
        write("ignored.txt", "x");
        Snapshot first = await(snapshot -> snapshot.documents().size() == 2);
        assertThat(first.documents()).containsOnlyKeys("a", "other");
        assertThat(first.documents().get("a").author()).isEqualTo("file");
        write("a.yaml", targets("y"));
        Snapshot second = await(snapshot -> snapshot.documents().get("a").revision() == 2);
        assertThat(second.documents().get("a").text()).isEqualTo(targets("y"));
        Files.delete(documents.resolve("a.yaml"));
        Snapshot third = await(snapshot -> !snapshot.documents().containsKey("a"));
        assertThat(third.removed()).isEmpty();
        assertThat(third.problem()).isEmpty();
    }

    @Test
    void aDirectoryThatIsGoneIsAProblemAndNotAnEmptyOne() throws Exception {
        write("a.yaml", targets("x"));
        get(store.load());
        Files.delete(documents.resolve("a.yaml"));
        Files.delete(documents);
        assertThat(get(store.load()).problem()).contains("no such directory");
    }

    @Test
    void aFileThatCannotBeReadAnyMoreKeepsItsNamespacesNameAlsoAcrossARestart() throws Exception {
        write("some-file.yaml", "namespace: real\n" + targets("x"));
        assertThat(get(store.load()).documents()).containsOnlyKeys("real");
        get(store.close());
        write("some-file.yaml", "namespace: real\ntargets: [");
        store = reopened();
        Snapshot snapshot = get(store.load());
        assertThat(snapshot.documents()).containsOnlyKeys("real");
        assertThat(snapshot.documents().get("real").read().problems()).hasSize(1);
    }

    @Test
    void twoFilesForOneNamespaceAreRefusedByName() throws Exception {
        write("a.yaml", targets("x"));
        write("b.yaml", "namespace: a\n" + targets("x"));
        StoredDocument document = get(store.load()).documents().get("a");
        assertThat(new DocumentParser(Catalogue.BUILT, java.util.Map.of())
                        .parse("a", document.read().values())
                        .problems())
                .anySatisfy(problem -> assertThat(problem).contains("given by both a.yaml and b.yaml"));
        assertThat(get(store.history("a", 10))).as("a dispute is no revision").isEmpty();

        Files.delete(documents.resolve("b.yaml"));
        assertThat(get(store.load()).documents().get("a").revision()).isEqualTo(1);
        assertThat(get(store.history("a", 10))).hasSize(1);
    }

    @Test
    void aRevisionIsKeptAcrossARestartAndNotMadeTwice() throws Exception {
        write("a.yaml", targets("x"));
        assertThat(get(store.load()).documents().get("a").revision()).isEqualTo(1);
        get(store.close());
        store = reopened();
        assertThat(get(store.load()).documents().get("a").revision()).isEqualTo(1);
    }

    @Test
    void putWritesTheFileThatIsThereAndTellsAtOnce() throws Exception {
        write("mine.yaml", "namespace: a\n" + targets("x"));
        String text = "{\"namespace\": \"a\", \"targets\": []}";
        StoredDocument put = get(store.put("a", text, ConfigStore.ANY, "ann", "why"));
        assertThat(put.revision()).isEqualTo(2);
        assertThat(Files.readString(documents.resolve("mine.yaml"))).isEqualTo(text);
        Snapshot snapshot = await(one ->
                one.documents().containsKey("a") && one.documents().get("a").revision() == 2);
        assertThat(snapshot.documents().get("a").author()).isEqualTo("ann");
        assertThat(snapshot.documents().get("a").comment()).isEqualTo("why");
        get(store.put("new", "{}", 0, "ann", ""));
        get(store.put("newer", targets("x"), 0, "ann", ""));
        assertThat(documents.resolve("new.json")).exists();
        assertThat(documents.resolve("newer.yaml")).exists();
    }

    @Test
    void aDocumentWithoutANameMovesToAFileOfItsNamespacesName() throws Exception {
        write("mine.yaml", "namespace: a\n" + targets("x"));
        get(store.put("a", targets("y"), 1, "ann", ""));
        assertThat(documents.resolve("mine.yaml")).doesNotExist();
        assertThat(get(store.load()).documents()).containsOnlyKeys("a");
        write("b.yaml", "namespace: other");
        assertThatThrownBy(() -> get(store.put("b", targets("x"), 0, "ann", "")))
                .satisfies(thrown -> assertThat(code(thrown)).isEqualTo(ErrorCode.CONFLICT));
        assertThatThrownBy(() -> get(store.put("c", "namespace: d", 0, "ann", "")))
                .satisfies(thrown -> assertThat(code(thrown)).isEqualTo(ErrorCode.INVALID_ARGUMENT));
    }

    @Test
    void aRevisionThatIsNotTheOneExpectedIsAConflict() throws Exception {
        get(store.put("a", targets("x"), 0, "ann", ""));
        assertThatThrownBy(() -> get(store.put("a", targets("y"), 0, "bob", "")))
                .isInstanceOf(ExecutionException.class)
                .satisfies(thrown -> assertThat(code(thrown)).isEqualTo(ErrorCode.CONFLICT));
        assertThatThrownBy(() -> get(store.remove("a", 7, false, "bob", "")))
                .satisfies(thrown -> assertThat(code(thrown)).isEqualTo(ErrorCode.CONFLICT));
        assertThat(get(store.put("a", targets("y"), 1, "bob", "")).revision()).isEqualTo(2);
    }

    @Test
    void removeIsRememberedAsMeantAndARollbackBringsTheDocumentBack() throws Exception {
        get(store.put("a", targets("x"), 0, "ann", ""));
        get(store.put("a", targets("y"), 1, "ann", ""));
        get(store.remove("a", 2, false, "ann", "no more"));
        Snapshot gone = get(store.load());
        assertThat(gone.documents()).isEmpty();
        assertThat(gone.removed()).containsExactly("a");
        StoredDocument back = get(store.rollback("a", 1, 0, "bob", ""));
        assertThat(back.revision()).isEqualTo(4);
        assertThat(back.text()).isEqualTo(targets("x"));
        assertThat(get(store.load()).removed()).isEmpty();
        assertThat(get(store.history("a", 10)))
                .extracting(StoredDocument::revision, StoredDocument::action, StoredDocument::author)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(4L, Action.ROLLBACK, "bob"),
                        org.assertj.core.groups.Tuple.tuple(3L, Action.REMOVE, "ann"),
                        org.assertj.core.groups.Tuple.tuple(2L, Action.PUT, "ann"),
                        org.assertj.core.groups.Tuple.tuple(1L, Action.PUT, "ann"));
        assertThatThrownBy(() -> get(store.rollback("a", 3, ConfigStore.ANY, "bob", "")))
                .satisfies(thrown -> assertThat(code(thrown)).isEqualTo(ErrorCode.INVALID_ARGUMENT));
        assertThatThrownBy(() -> get(store.rollback("a", 99, ConfigStore.ANY, "bob", "")))
                .satisfies(thrown -> assertThat(code(thrown)).isEqualTo(ErrorCode.NOT_FOUND));
    }

    @Test
    void aNameThatIsNoneWritesNoFile() throws Exception {
        assertThatThrownBy(() -> get(store.put("../evil", "{}", 0, "ann", "")))
                .satisfies(thrown -> assertThat(code(thrown)).isEqualTo(ErrorCode.INVALID_ARGUMENT));
        assertThat(root.resolve("evil.json")).doesNotExist();
    }

    @Test
    void onlyTheLastRevisionsAreKept() throws Exception {
        for (int i = 0; i < DocumentHistory.KEPT + 5; i++) {
            get(store.put("a", "{\"n\": " + i + "}", i, "ann", ""));
        }
        assertThat(get(store.history("a", 1_000))).hasSize(DocumentHistory.KEPT);
    }
}

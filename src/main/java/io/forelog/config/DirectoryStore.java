package io.forelog.config;

import io.forelog.config.StoredDocument.Action;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Documents in a directory, one file each, and their history in the data directory. All file work and all state belong to
 * one worker thread. It looks at the directory every {@code poll}; a file changed by hand becomes a revision by {@code file}.
 * Bounded: {@value DocumentFiles#FILES_MAX} files of {@link DocumentText#CHARACTERS_MAX} characters.
 */
public final class DirectoryStore implements ConfigStore {
    private static final String FILE_AUTHOR = "file";

    private final Vertx vertx;
    private final Ticker ticker;
    private final WorkerExecutor worker;
    private final DocumentFiles files;
    private final DocumentHistory history;
    private final long timer;
    private Map<String, DocumentFiles.Found> found = Map.of();
    private @Nullable Snapshot last;
    private volatile @Nullable Consumer<Snapshot> watcher;
    private volatile boolean looking;

    private DirectoryStore(
            Vertx vertx,
            Ticker ticker,
            WorkerExecutor worker,
            DocumentFiles files,
            DocumentHistory history,
            Duration poll) {
        this.vertx = vertx;
        this.ticker = ticker;
        this.worker = worker;
        this.files = files;
        this.history = history;
        this.timer = vertx.setPeriodic(Math.max(1, poll.toMillis()), id -> poll());
    }

    /** {@code directory} need not exist; {@code historyDirectory} is made. */
    public static Future<ConfigStore> open(
            Vertx vertx, Ticker ticker, Path directory, Path historyDirectory, Duration poll) {
        WorkerExecutor worker = vertx.createSharedWorkerExecutor(
                "forelog-config-" + historyDirectory.toAbsolutePath(), 1, 60, TimeUnit.SECONDS);
        return worker.<ConfigStore>executeBlocking(() -> {
                    DocumentHistory history = new DocumentHistory(historyDirectory);
                    DocumentFiles files = new DocumentFiles(directory);
                    history.latest().values().forEach(files::remember);
                    return new DirectoryStore(vertx, ticker, worker, files, history, poll);
                })
                .onFailure(failure -> worker.close());
    }

    @Override
    public Future<Snapshot> load() {
        return onWorker(() -> {
            Snapshot snapshot = scan();
            last = snapshot;
            return snapshot;
        });
    }

    @Override
    public void watch(Consumer<Snapshot> newWatcher) {
        Context context = vertx.getOrCreateContext();
        watcher = snapshot -> context.runOnContext(told -> newWatcher.accept(snapshot));
    }

    private void poll() {
        if (!looking) {
            looking = true;
            onWorker(() -> {
                        tell();
                        return true;
                    })
                    .onComplete(done -> looking = false);
        }
    }

    // ---- on the worker

    private void tell() throws IOException {
        Snapshot snapshot = scan();
        Consumer<Snapshot> told = watcher;
        if (told != null && !snapshot.equals(last)) {
            last = snapshot;
            told.accept(snapshot);
        }
    }

    private Snapshot scan() throws IOException {
        DocumentFiles.Seen seen = files.look();
        found = seen.documents();
        Map<String, StoredDocument> documents = new LinkedHashMap<>();
        for (DocumentFiles.Found file : found.values()) {
            StoredDocument latest = history.latest(file.namespace());
            if (file.disputed()) {
                documents.put(file.namespace(), disputed(file, latest));
                continue;
            }
            boolean same = latest != null && !latest.removes() && latest.text().equals(file.text());
            if (latest == null || !same) {
                latest = keep(file.namespace(), file.text(), FILE_AUTHOR, "", Action.PUT, file.source());
            }
            documents.put(file.namespace(), latest);
        }
        TreeSet<String> removed = new TreeSet<>();
        TreeSet<String> discarded = new TreeSet<>();
        history.latest().values().stream()
                .filter(StoredDocument::removes)
                .forEach(document ->
                        (document.action() == Action.DISCARD ? discarded : removed).add(document.namespace()));
        removed.addAll(discarded);
        return new Snapshot(seen.problem(), new TreeMap<>(documents), removed, discarded, Map.of());
    }

    /** Nobody's document, and so no revision: it is refused under the number of the last one. */
    private static StoredDocument disputed(DocumentFiles.Found file, @Nullable StoredDocument latest) {
        return new StoredDocument(
                file.namespace(),
                latest == null ? 0 : latest.revision(),
                latest == null ? 0 : latest.atMicros(),
                FILE_AUTHOR,
                "",
                Action.PUT,
                file.text(),
                file.source());
    }

    private StoredDocument keep(
            String namespace, String text, String author, String comment, Action action, String source)
            throws IOException {
        StoredDocument document = new StoredDocument(
                namespace, history.nextRevision(namespace), ticker.micros(), author, comment, action, text, source);
        history.add(document);
        return document;
    }

    @Override
    public Future<StoredDocument> put(String namespace, String text, long expected, String author, String comment) {
        return onWorker(() -> write(namespace, text, expected, author, comment, Action.PUT));
    }

    @Override
    public Future<StoredDocument> rollback(
            String namespace, long revision, long expected, String author, String comment) {
        return onWorker(() -> {
            StoredDocument then = history.load(namespace, revision);
            if (then.removes()) {
                throw new WalException(
                        ErrorCode.INVALID_ARGUMENT,
                        "revision: " + revision + " removed the namespace (expected: one with a document)");
            }
            return write(namespace, then.text(), expected, author, comment, Action.ROLLBACK);
        });
    }

    private StoredDocument write(
            String namespace, String text, long expected, String author, String comment, Action action)
            throws IOException {
        boolean named = ConfigStore.checkName(namespace, text).isPresent();
        scan();
        expect(namespace, expected);
        DocumentFiles.Found present = found.get(namespace);
        Path file = file(namespace, text, named, present);
        // History first: a crash in between leaves a revision that the next look takes back by a newer one.
        StoredDocument document = keep(namespace, text, author, comment, action, String.valueOf(file.getFileName()));
        DurableFile.write(file, text);
        if (present != null && !present.file().equals(file)) {
            DurableFile.delete(present.file());
        }
        tell();
        return document;
    }

    /** The file that is there, unless its name would give a document without a name another one. */
    private Path file(String namespace, String text, boolean named, DocumentFiles.@Nullable Found present) {
        if (present != null && (named || present.source().startsWith(namespace + "."))) {
            return present.file();
        }
        Path file = files.pathFor(namespace, text);
        for (DocumentFiles.Found other : found.values()) {
            if (other.file().equals(file) && !other.namespace().equals(namespace)) {
                throw new WalException(
                        ErrorCode.CONFLICT,
                        other.source() + ": the document of namespace " + other.namespace() + " (expected: " + namespace
                                + "'s, or no such file)");
            }
        }
        return file;
    }

    @Override
    public Future<StoredDocument> remove(
            String namespace, long expected, boolean discard, String author, String comment) {
        return onWorker(() -> {
            scan();
            expect(namespace, expected);
            DocumentFiles.Found present = found.get(namespace);
            if (present == null && history.latest(namespace) == null) {
                throw new WalException(ErrorCode.NOT_FOUND, "namespace " + namespace + " has no document");
            }
            if (present != null) {
                DurableFile.delete(present.file());
            }
            StoredDocument document = keep(
                    namespace,
                    "",
                    author,
                    comment,
                    discard ? Action.DISCARD : Action.REMOVE,
                    present == null ? "" : present.source());
            tell();
            return document;
        });
    }

    private void expect(String namespace, long expected) {
        StoredDocument latest = found.containsKey(namespace) ? history.latest(namespace) : null;
        ConfigStore.expect(namespace, latest == null ? 0 : latest.revision(), expected);
    }

    @Override
    public Future<List<StoredDocument>> history(String namespace, int limit) {
        return onWorker(() -> history.list(namespace, limit));
    }

    private <T> Future<T> onWorker(Callable<T> work) {
        return worker.executeBlocking(work, true).recover(failure -> Future.failedFuture(WalException.of(failure)));
    }

    @Override
    public Future<Void> close() {
        vertx.cancelTimer(timer);
        watcher = null;
        return onWorker(() -> true).transform(done -> worker.close());
    }
}

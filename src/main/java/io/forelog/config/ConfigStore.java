package io.forelog.config;

import io.vertx.core.Future;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Where namespace documents are kept, with their history. Any context; futures end on the caller's. What is stored is not
 * checked here: a bad document is kept, and refused by whoever applies it.
 */
public interface ConfigStore {
    /** Any revision will do. */
    long ANY = -1;

    /**
     * What is wanted at one moment.
     *
     * @param problem why the documents can't be read; empty where they can
     * @param documents by namespace
     * @param removed namespaces that somebody removed by hand: their absence is no accident
     */
    record Snapshot(String problem, Map<String, StoredDocument> documents, Set<String> removed) {}

    Future<Snapshot> load();

    /** Tells of every change from now on, on the context that calls this; several may come as one. */
    void watch(Consumer<Snapshot> watcher);

    /**
     * Keeps {@code text} as the next revision. Fails with CONFLICT, and changes nothing, where the revision that stands is
     * not {@code expected} (0 = there is none, {@link #ANY}).
     */
    Future<StoredDocument> put(String namespace, String text, long expected, String author, String comment);

    Future<StoredDocument> remove(String namespace, long expected, String author, String comment);

    /** The text of {@code revision} as the next one. NOT_FOUND where it is not kept. */
    Future<StoredDocument> rollback(String namespace, long revision, long expected, String author, String comment);

    /** Newest first. */
    Future<List<StoredDocument>> history(String namespace, int limit);

    Future<Void> close();
}

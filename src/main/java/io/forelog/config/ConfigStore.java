package io.forelog.config;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
     * @param discarded those of them whose entries nobody wants any more
     * @param numbers of each namespace's targets, where the store gives them out
     */
    record Snapshot(
            String problem,
            Map<String, StoredDocument> documents,
            Set<String> removed,
            Set<String> discarded,
            Map<String, Map<String, Integer>> numbers) {

        /** Of a store that gives out no numbers. */
        public Snapshot(String problem, Map<String, StoredDocument> documents, Set<String> removed) {
            this(problem, documents, removed, Set.of(), Map.of());
        }
    }

    Future<Snapshot> load();

    /** Tells of every change from now on, on the context that calls this; several may come as one. */
    void watch(Consumer<Snapshot> watcher);

    /**
     * Keeps {@code text} as the next revision. Fails with CONFLICT, and changes nothing, where the revision that stands is
     * not {@code expected} (0 = there is none, {@link #ANY}).
     */
    Future<StoredDocument> put(String namespace, String text, long expected, String author, String comment);

    /** {@code discard}: what is left of it is not wanted; of one that is removed and still delivers, too. */
    Future<StoredDocument> remove(String namespace, long expected, boolean discard, String author, String comment);

    /** The text of {@code revision} as the next one. NOT_FOUND where it is not kept. */
    Future<StoredDocument> rollback(String namespace, long revision, long expected, String author, String comment);

    /** Newest first. */
    Future<List<StoredDocument>> history(String namespace, int limit);

    /** Several nodes apply what is stored here: the numbers of their targets come from {@link #number}. */
    default boolean isShared() {
        return false;
    }

    /**
     * A number for each of {@code targets} that is the same on every node, for ever, and never another's. Answers all that the
     * namespace has. {@code known}: those that this node has used already, taken over where they are free. {@code least}: of new
     * ones.
     */
    default Future<Map<String, Integer>> number(
            String namespace, Set<String> targets, Map<String, Integer> known, int least) {
        return Future.succeededFuture(Map.of());
    }

    /**
     * The targets of a namespace that was removed get new numbers when its name comes back: what a queue that is shared still has for
     * the old ones is nobody's. Only where no node has anything of it any more.
     */
    default Future<Void> numberAnew(String namespace) {
        return Future.succeededFuture();
    }

    /** Why the store can't be reached now; empty where it can. Then {@link #load} answers what was known last. */
    default String away() {
        return "";
    }

    Future<Void> close();

    /** Throws CONFLICT where revision {@code stands} (0 = none) is not the {@code expected} one. */
    static void expect(String namespace, long stands, long expected) {
        if (expected != ANY && expected != stands) {
            throw new WalException(
                    ErrorCode.CONFLICT,
                    "namespace " + namespace + ": revision " + stands + " stands (expected: " + expected
                            + ", somebody changed it meanwhile)");
        }
    }

    /** Throws INVALID_ARGUMENT where {@code text} can't be the document of {@code namespace}. Answers the name it says, if any. */
    static Optional<String> checkName(String namespace, String text) {
        if (!DocumentParser.NAME.matcher(namespace).matches()) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "namespace: " + namespace + " (expected: " + DocumentParser.NAME_EXPECTED + ")");
        }
        Object named = DocumentText.parse(text).get("namespace");
        if (named != null && !named.equals(namespace)) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT, "namespace: " + named + " (expected: " + namespace + ", or none)");
        }
        return named == null ? Optional.empty() : Optional.of(namespace);
    }
}

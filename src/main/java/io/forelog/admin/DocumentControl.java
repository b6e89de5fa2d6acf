package io.forelog.admin;

import io.vertx.core.Future;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads and changes namespace documents, for the management API. The composition implements it over the configuration
 * store and the reconciler. Any event loop; nothing here blocks.
 */
public interface DocumentControl {
    /** An expected revision that any revision satisfies. */
    long ANY_REVISION = -1;

    /** Every namespace that is desired or still served, by name; a refused document too. */
    List<DocumentState> list();

    Optional<DocumentState> find(String namespace);

    /** Why documents can't be changed now; empty where they can. */
    default String away() {
        return "";
    }

    /**
     * Validates {@code text} (YAML or JSON) and, unless {@code dryRun}, stores and applies it. Fails with CONFLICT where
     * the desired revision is not {@code expectedRevision} (0 = there must be none).
     */
    Future<Change> put(String namespace, String text, long expectedRevision, boolean dryRun, Author by);

    /**
     * Retires the namespace: writes are refused, what is queued is delivered, or with {@code discard} not wanted any more, then it
     * goes.
     */
    Future<Change> remove(String namespace, long expectedRevision, boolean discard, boolean dryRun, Author by);

    /** Newest first, at most {@code limit}. */
    Future<List<Revision>> history(String namespace, int limit);

    /** Makes the document of {@code toRevision} the desired one again, under a new revision. */
    Future<Change> rollback(String namespace, long toRevision, long expectedRevision, boolean dryRun, Author by);

    /**
     * A namespace as it is desired and as it serves.
     *
     * @param appliedRevision 0 = none yet
     * @param state ACTIVE, RETIRING, DISCARDING, LEAVING, RETIRED; REFUSED, PENDING or FOREIGN where nothing of it serves here
     * @param problems why the desired revision is not the applied one; each names path and expectation
     * @param remarks what of the serving document does nothing here, or more than it seems
     * @param document reads the desired one as written, secrets hidden; a parse each time, which lists and health do not want
     */
    record DocumentState(
            String name,
            long desiredRevision,
            long appliedRevision,
            String state,
            List<String> problems,
            List<String> remarks,
            Supplier<Map<String, Object>> document) {}

    /**
     * What a change did, or would do.
     *
     * @param problems not empty = nothing was changed
     * @param steps what is added, replaced and removed, in words
     * @param remarks what of the new document does nothing here, or more than it seems
     * @param state after the change; null where there is none (dry run of a new one, removed, refused)
     */
    record Change(
            List<String> problems,
            List<String> steps,
            List<String> remarks,
            @Nullable DocumentState state) {}

    /**
     * A document of the past.
     *
     * @param atMicros when it was stored
     * @param principal who stored it; a file's change is {@code file}
     * @param comment why, in that one's words
     * @param action put, remove, discard or rollback
     */
    record Revision(
            long revision,
            long atMicros,
            String principal,
            String comment,
            String action,
            Map<String, Object> document) {}

    /**
     * Who changes something, and why.
     *
     * @param comment may be empty
     * @param mayRefer to secrets of the node that the document did not name before
     */
    record Author(String principal, String comment, boolean mayRefer) {}
}

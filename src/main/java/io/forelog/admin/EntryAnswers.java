package io.forelog.admin;

import io.forelog.config.Namespace;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.EntryStatus;
import io.forelog.queue.RouteChange;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is answered about one entry, the same on the write port as on the management port. Stateless. */
public final class EntryAnswers {
    private EntryAnswers() {}

    /** The entry and its timeline, payload not shown. Throws NOT_FOUND where it is empty. */
    public static JsonObject found(EntryId id, Optional<EntryStatus> status, @Nullable Namespace namespace) {
        return Views.entry(status.orElseThrow(() -> unknown(id)), namespace, false);
    }

    /** What a cancel or reschedule did, a target each. Throws NOT_FOUND, or TOO_LATE where nothing was done. */
    public static JsonObject changed(EntryId id, List<RouteChange> changes, @Nullable Namespace namespace) {
        if (changes.stream().allMatch(change -> change.result() == RouteChange.Result.NOT_FOUND)) {
            throw unknown(id);
        }
        if (changes.stream().noneMatch(change -> change.result() == RouteChange.Result.DONE)) {
            throw new WalException(
                    ErrorCode.TOO_LATE, "entry " + id + " is in flight or settled (expected: one that still waits)");
        }
        return new JsonObject().put("entry_id", id.toString()).put("targets", targets(changes, namespace));
    }

    static JsonArray targets(List<RouteChange> changes, @Nullable Namespace namespace) {
        JsonArray targets = new JsonArray();
        for (RouteChange change : changes) {
            targets.add(new JsonObject()
                    .put("target", Views.target(namespace, change.route()))
                    .put("route", change.route())
                    .put("result", change.result().name()));
        }
        return targets;
    }

    static WalException unknown(EntryId id) {
        return new WalException(
                ErrorCode.NOT_FOUND,
                "entry " + id + " is not known (never accepted, or settled and past its retention)");
    }
}

package io.forelog.ingest;

import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;

/**
 * What can be asked about one entry after it was written. Called on an event loop; the futures end on the caller's
 * context. They fail with NOT_FOUND where no such entry is known, with NOT_SUPPORTED where the namespace's queue can't
 * tell, saying which can, and with TOO_LATE where the entry is past changing.
 */
public interface EntryDesk {
    /** Answers NOT_SUPPORTED to everything. */
    EntryDesk NONE = new EntryDesk() {
        @Override
        public Future<JsonObject> find(String namespace, EntryId id) {
            return unsupported();
        }

        @Override
        public Future<JsonObject> cancel(String namespace, EntryId id) {
            return unsupported();
        }

        @Override
        public Future<JsonObject> reschedule(String namespace, EntryId id, long dueMicros) {
            return unsupported();
        }

        private Future<JsonObject> unsupported() {
            return Future.failedFuture(new WalException(
                    ErrorCode.NOT_SUPPORTED,
                    "entries: this node keeps no record of them (expected: a queue that can)"));
        }
    };

    /** The entry, its receipt and its timeline. */
    Future<JsonObject> find(String namespace, EntryId id);

    /** What was cancelled, a route each. */
    Future<JsonObject> cancel(String namespace, EntryId id);

    /** What was moved, a route each. {@code dueMicros} in the past = now. */
    Future<JsonObject> reschedule(String namespace, EntryId id, long dueMicros);
}

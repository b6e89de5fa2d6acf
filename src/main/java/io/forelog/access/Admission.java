package io.forelog.access;

import io.forelog.config.Namespace;
import io.forelog.model.ErrorCode;
import io.forelog.model.Priority;
import org.jspecify.annotations.Nullable;

/**
 * Says whether a write may come in now: the namespace's rate, its entries in flight, and the node's adaptive limit,
 * shared out by priority. Called on every edge event loop, before the body is parsed where that is possible; answers from
 * memory, in well under a microsecond.
 */
public interface Admission {
    /** Everything comes in. */
    Admission OPEN = new Admission() {
        @Override
        public Decision tryAdmit(Namespace namespace, Priority priority, int entries, long bytes) {
            return Decision.ADMITTED;
        }

        @Override
        public void release(Namespace namespace, Priority priority, int entries, long bytes, long micros) {}
    };

    /** All {@code entries} or none. Where admitted, {@link #release} follows, once for each entry or for all at once. */
    Decision tryAdmit(Namespace namespace, Priority priority, int entries, long bytes);

    /**
     * Gives back what was admitted, in one piece or in several.
     *
     * @param micros from admission to the queue's answer; negative = refused or never handed off: tells nothing of the
     *     queue's latency
     */
    void release(Namespace namespace, Priority priority, int entries, long bytes, long micros);

    /** {@code namespace} is gone: nothing of it is kept. */
    default void forget(String namespace) {}

    /**
     * What admission says.
     *
     * @param code null where admitted; RATE_LIMITED (the namespace's own limit) or OVERLOADED (the node's)
     * @param text the sentence behind {@code code}
     * @param retryAfterMillis when to try again; grows with the overload
     */
    record Decision(@Nullable ErrorCode code, String text, long retryAfterMillis) {
        public static final Decision ADMITTED = new Decision(null, "", 0);

        public static Decision shed(ErrorCode code, String text, long retryAfterMillis) {
            return new Decision(code, text, retryAfterMillis);
        }

        public boolean admitted() {
            return code == null;
        }
    }
}

package io.forelog.ingest;

import io.forelog.config.Namespace;
import io.forelog.model.Priority;
import org.jspecify.annotations.Nullable;

/** The admission limits as the edge asks for them. Any thread. */
interface Gate {
    Gate OPEN = new Gate() {
        @Override
        public @Nullable Refusal tryAdmit(Namespace namespace, Priority priority, int entries, long bytes) {
            return null;
        }

        @Override
        public void release(Namespace namespace, Priority priority, int entries, long bytes, long micros) {}
    };

    /** Null where admitted: then {@link #release} follows once. */
    @Nullable
    Refusal tryAdmit(Namespace namespace, Priority priority, int entries, long bytes);

    /** {@code micros}: from admission to the answer; negative = never handed off, tells nothing of latency. */
    void release(Namespace namespace, Priority priority, int entries, long bytes, long micros);
}

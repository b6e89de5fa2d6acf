package io.forelog.ingest;

import io.forelog.bus.Credits;
import io.forelog.config.Namespace;
import io.forelog.model.Entry;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One namespace's way in on one event loop, and owned by it: the terms of the revision that serves, the meters, the
 * credits, and the batch that fills until the tick ends. Bounded by its credits, in entries and in bytes.
 */
final class Inlet {
    private final String name;
    private final Credits credits;
    private final long bytesMax;
    private final WriteMeters meters;

    private Terms terms;
    private long bytesTaken;
    private @Nullable Flight filling;

    Inlet(Namespace namespace, EdgeLimits limits, MeterRegistry registry) {
        this.name = namespace.name();
        this.credits = new Credits(limits.credits());
        this.bytesMax = limits.creditBytes();
        this.meters = new WriteMeters(registry, name);
        this.terms = Terms.of(namespace);
    }

    String name() {
        return name;
    }

    Terms terms() {
        return terms;
    }

    WriteMeters meters() {
        return meters;
    }

    /** {@code namespace}: as it serves now; a new object wherever anything changed. */
    @SuppressWarnings("ReferenceEquality")
    void serve(Namespace namespace) {
        if (terms.namespace() != namespace) {
            terms = Terms.of(namespace);
        }
    }

    /** Credit for one entry, or none. At least one entry passes, however large. */
    boolean tryTake(int bytes) {
        if (bytesTaken > 0 && bytes > bytesMax - bytesTaken) {
            return false;
        }
        if (!credits.tryTake(1)) {
            return false;
        }
        bytesTaken += bytes;
        return true;
    }

    void give(int entries, long bytes) {
        credits.give(entries);
        bytesTaken -= bytes;
    }

    int taken() {
        return credits.taken();
    }

    @Nullable
    Flight filling() {
        return filling;
    }

    void fill(@Nullable Flight flight) {
        filling = flight;
    }

    /** One bus message's worth of entries, from the first one until the answer. Owned by the loop. */
    static final class Flight {
        final Inlet inlet;
        final List<Entry> entries = new ArrayList<>();
        final List<PendingWrite> writes = new ArrayList<>();
        long bytes;
        long limitMicros;
        long nextAnswerAtMicros = Long.MAX_VALUE;
        int unanswered;

        @Nullable
        Flight before;

        @Nullable
        Flight after;

        Flight(Inlet inlet) {
            this.inlet = inlet;
        }

        void add(PendingWrite write, long limitMicros) {
            entries.add(write.entry);
            writes.add(write);
            bytes += write.entry.sizeBytes();
            this.limitMicros = Math.max(this.limitMicros, limitMicros);
            nextAnswerAtMicros = Math.min(nextAnswerAtMicros, write.answerAtMicros);
            unanswered++;
        }
    }
}

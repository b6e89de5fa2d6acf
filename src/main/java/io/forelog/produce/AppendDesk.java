package io.forelog.produce;

import io.forelog.bus.Credits;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.queue.Queue;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Takes batches to the queue and back. What it refuses is FALSE and was never handed to the queue: what nobody waits for
 * any more, what is over its limits (OVERLOADED), what comes after {@link #drain}. Owned by the pump's thread but for the
 * two figures that metrics read; bounded by {@link AppendLimits}.
 */
final class AppendDesk {
    static final long OVERHEAD_BYTES = 512;

    /** Told how many entries were refused, and why. */
    @FunctionalInterface
    interface Refused {
        void count(ErrorCode why, int entries);
    }

    private final Queue queue;
    private final String namespace;
    private final Credits credits;
    private final long bytesMax;
    private final Refused refused;
    private volatile int entriesInFlight;
    private volatile long bytesInFlight;
    private @Nullable Promise<Void> drained;

    AppendDesk(Queue queue, String namespace, AppendLimits limits, Refused refused) {
        this.queue = queue;
        this.namespace = namespace;
        this.credits = new Credits(limits.entries());
        this.bytesMax = limits.bytes();
        this.refused = refused;
    }

    int entriesInFlight() {
        return entriesInFlight;
    }

    long bytesInFlight() {
        return bytesInFlight;
    }

    /** Outcomes in the order of {@code entries}; never fails. As many from the front as the limits allow are appended. */
    Future<List<AppendOutcome>> append(List<Entry> entries, Duration left) {
        if (left.isZero() || left.isNegative()) {
            return Future.succeededFuture(
                    refuse(entries, ErrorCode.UNAVAILABLE, namespace + ": the deadline expired before hand-off"));
        }
        if (drained != null) {
            return Future.succeededFuture(
                    refuse(entries, ErrorCode.DRAINING, namespace + ": takes no more writes here (drains)"));
        }
        long bytes = 0;
        int fit = 0;
        int free = credits.free();
        while (fit < entries.size() && fit < free) {
            long more = OVERHEAD_BYTES + entries.get(fit).sizeBytes();
            if (bytesInFlight + bytes + more > bytesMax && (fit > 0 || credits.taken() > 0)) {
                break;
            }
            bytes += more;
            fit++;
        }
        if (fit == entries.size()) {
            return hand(entries, bytes);
        }
        List<AppendOutcome> over = refuse(
                entries.subList(fit, entries.size()),
                ErrorCode.OVERLOADED,
                namespace + ": " + credits.taken() + " entries and " + bytesInFlight
                        + " bytes are being appended (expected: within " + credits.capacity() + " and " + bytesMax
                        + ")");
        return fit == 0
                ? Future.succeededFuture(over)
                : hand(List.copyOf(entries.subList(0, fit)), bytes).map(outcomes -> joined(outcomes, over));
    }

    private Future<List<AppendOutcome>> hand(List<Entry> entries, long bytes) {
        int count = entries.size();
        credits.tryTake(count);
        moved(bytes);
        return queue.append(entries).transform((outcomes, failure) -> {
            credits.give(count);
            moved(-bytes);
            if (drained != null && credits.taken() == 0) {
                drained.tryComplete();
            }
            return Future.succeededFuture(failure == null ? outcomes : unknown(entries, failure));
        });
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
    private void moved(long bytes) {
        entriesInFlight = credits.taken();
        bytesInFlight += bytes;
    }

    /** A queue never fails an append; if one does, nobody knows what it did before. */
    private static List<AppendOutcome> unknown(List<Entry> entries, Throwable failure) {
        String text = String.valueOf(failure.getMessage());
        return entries.stream()
                .map(entry -> AppendOutcome.unknown(entry.id(), text))
                .toList();
    }

    private List<AppendOutcome> refuse(List<Entry> entries, ErrorCode code, String text) {
        refused.count(code, entries.size());
        return entries.stream()
                .map(entry -> AppendOutcome.refused(entry.id(), code, text))
                .toList();
    }

    private static List<AppendOutcome> joined(List<AppendOutcome> front, List<AppendOutcome> back) {
        List<AppendOutcome> all = new ArrayList<>(front.size() + back.size());
        all.addAll(front);
        all.addAll(back);
        return all;
    }

    /** Hands over nothing more; ends when all that was handed over is answered. */
    Future<Void> drain() {
        Promise<Void> done = drained == null ? Promise.promise() : drained;
        drained = done;
        if (credits.taken() == 0) {
            done.tryComplete();
        }
        return done.future();
    }
}

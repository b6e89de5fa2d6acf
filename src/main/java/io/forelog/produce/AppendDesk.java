package io.forelog.produce;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.queue.Queue;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Takes batches to the queue and back. What it refuses is FALSE and was never handed to the queue: what nobody waits for
 * any more, what is over its limits (OVERLOADED), what comes after {@link #drain}. Any thread: it holds two counters,
 * bounded by {@link AppendLimits}, and whether it drains.
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
    private final AppendLimits limits;
    private final Refused refused;
    private final AtomicInteger entriesInFlight = new AtomicInteger();
    private final AtomicLong bytesInFlight = new AtomicLong();
    private final LongAdder answered = new LongAdder();
    private final AtomicReference<@Nullable Promise<Void>> drained = new AtomicReference<>();

    AppendDesk(Queue queue, String namespace, AppendLimits limits, Refused refused) {
        this.queue = queue;
        this.namespace = namespace;
        this.limits = limits;
        this.refused = refused;
    }

    int entriesInFlight() {
        return entriesInFlight.get();
    }

    /** Entries that the queue has answered so far. */
    long answered() {
        return answered.sum();
    }

    long bytesInFlight() {
        return bytesInFlight.get();
    }

    /** Outcomes in the order of {@code entries}; never fails. As many from the front as the limits allow are appended. */
    Future<List<AppendOutcome>> append(List<Entry> entries, Duration left) {
        if (left.isZero() || left.isNegative()) {
            return Future.succeededFuture(
                    refuse(entries, ErrorCode.UNAVAILABLE, namespace + ": the deadline expired before hand-off"));
        }
        // Taken before it is asked whether it drains: a drain either sees these or has refused them.
        int count = entries.size();
        long bytes = bytesOf(entries);
        int held = entriesInFlight.addAndGet(count);
        long heldBytes = bytesInFlight.addAndGet(bytes);
        if (drained.get() != null) {
            give(count, bytes);
            return Future.succeededFuture(
                    refuse(entries, ErrorCode.DRAINING, namespace + ": takes no more writes here (drains)"));
        }
        if (held <= limits.entries() && (heldBytes <= limits.bytes() || held == 1)) {
            return hand(entries, bytes);
        }
        return handWhatFits(entries, held - count, heldBytes - bytes, bytes);
    }

    private static long bytesOf(List<Entry> entries) {
        long bytes = 0;
        for (int i = 0; i < entries.size(); i++) {
            bytes += OVERHEAD_BYTES + entries.get(i).sizeBytes();
        }
        return bytes;
    }

    /** {@code entries} are counted in already, beside what was {@code held} before. */
    private Future<List<AppendOutcome>> handWhatFits(List<Entry> entries, int held, long heldBytes, long allBytes) {
        long bytes = 0;
        int fit = 0;
        while (fit < entries.size() && fit < limits.entries() - held) {
            long more = OVERHEAD_BYTES + entries.get(fit).sizeBytes();
            if (heldBytes + bytes + more > limits.bytes() && held + fit > 0) {
                break;
            }
            bytes += more;
            fit++;
        }
        give(entries.size() - fit, allBytes - bytes);
        List<AppendOutcome> over = refuse(
                entries.subList(fit, entries.size()),
                ErrorCode.OVERLOADED,
                namespace + ": " + held + " entries and " + heldBytes + " bytes are being appended (expected: within "
                        + limits.entries() + " and " + limits.bytes() + ")");
        return fit == 0
                ? Future.succeededFuture(over)
                : hand(List.copyOf(entries.subList(0, fit)), bytes).map(outcomes -> joined(outcomes, over));
    }

    private Future<List<AppendOutcome>> hand(List<Entry> entries, long bytes) {
        return queue.append(entries).transform((outcomes, failure) -> {
            answered.add(entries.size());
            give(entries.size(), bytes);
            return Future.succeededFuture(failure == null ? outcomes : unknown(entries, failure));
        });
    }

    private void give(int count, long bytes) {
        bytesInFlight.addAndGet(-bytes);
        int left = entriesInFlight.addAndGet(-count);
        Promise<Void> waiting = drained.get();
        if (waiting != null && left == 0) {
            waiting.tryComplete();
        }
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

    /** Hands over nothing more; ends when all that was handed over is answered, on the thread that answers. */
    Future<Void> drain() {
        drained.compareAndSet(null, Promise.promise());
        Promise<Void> done = Objects.requireNonNull(drained.get());
        if (entriesInFlight.get() == 0) {
            done.tryComplete();
        }
        return done.future();
    }
}

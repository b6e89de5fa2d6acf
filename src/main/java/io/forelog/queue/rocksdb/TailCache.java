package io.forelog.queue.rocksdb;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * New chunks of one namespace's log by reference, so that delivery which keeps up neither reads nor decodes. Owned by the
 * committer thread; bounded by an even share of a budget of all namespaces of the database, whose oldest go first; one
 * chunk it may always hold. A full tail takes nothing more: what delivery that lags would only meet after the disk is not worth its place, and
 * entries that die young cost the collector nothing. Even shares keep many that lag from pushing out one another.
 */
final class TailCache {
    /** Of the budget one namespace may hold a quarter, or less where more than so many hold something. */
    private static final int SHARES = 4;

    private final TreeMap<Long, LogChunk> chunks = new TreeMap<>();
    private final Budget budget;
    private long bytes;

    TailCache(Budget budget) {
        this.budget = budget;
    }

    void add(LogChunk chunk) {
        if (chunks.isEmpty()) {
            budget.holders++;
        } else if (bytes + chunk.bytes > budget.share()) {
            return;
        }
        chunks.put(chunk.first, chunk);
        bytes += chunk.bytes;
        budget.add(this, chunk);
    }

    /** Null where it is not (or no longer) here. */
    @Nullable
    LogChunk find(long sequence) {
        Map.Entry<Long, LogChunk> at = chunks.floorEntry(sequence);
        return at != null && at.getValue().contains(sequence) ? at.getValue() : null;
    }

    /** Every route has passed it. */
    void dropBelow(long sequence) {
        while (!chunks.isEmpty() && chunks.firstEntry().getValue().end() <= sequence) {
            drop(chunks.firstKey());
        }
    }

    private void drop(long first) {
        LogChunk gone = chunks.remove(first);
        if (gone != null) {
            bytes -= gone.bytes;
            budget.bytes -= gone.bytes;
            if (chunks.isEmpty()) {
                budget.holders--;
            }
        }
    }

    void clear() {
        dropBelow(Long.MAX_VALUE);
    }

    /** Bytes over all tails. Chunks that their tail has dropped are skipped when their turn comes. */
    static final class Budget {
        private final long most;
        private final Deque<Held> oldest = new ArrayDeque<>();
        private long bytes;
        /** Tails that hold something. */
        private int holders;

        private record Held(TailCache tail, long first) {
            boolean isGone() {
                return !tail.chunks.containsKey(first);
            }
        }

        Budget(long most) {
            this.most = most;
        }

        private long share() {
            return most / Math.max(SHARES, holders);
        }

        private void add(TailCache tail, LogChunk chunk) {
            oldest.add(new Held(tail, chunk.first));
            bytes += chunk.bytes;
            while (!oldest.isEmpty() && (bytes > most || oldest.peek().isGone())) {
                Held held = oldest.remove();
                held.tail().drop(held.first());
            }
        }
    }
}

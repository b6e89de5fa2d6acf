package io.forelog.queue.rocksdb;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The newest chunks of one namespace's log by reference, so that delivery which keeps up neither reads nor decodes. Owned
 * by the committer thread; bounded by a budget shared by all namespaces of the database: the oldest go first.
 */
final class TailCache {
    private final TreeMap<Long, LogChunk> chunks = new TreeMap<>();
    private final Budget budget;

    TailCache(Budget budget) {
        this.budget = budget;
    }

    void add(LogChunk chunk) {
        chunks.put(chunk.first, chunk);
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
            budget.bytes -= chunks.pollFirstEntry().getValue().bytes;
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

        private record Held(TailCache tail, long first) {
            boolean isGone() {
                return !tail.chunks.containsKey(first);
            }
        }

        Budget(long most) {
            this.most = most;
        }

        private void add(TailCache tail, LogChunk chunk) {
            oldest.add(new Held(tail, chunk.first));
            bytes += chunk.bytes;
            while (!oldest.isEmpty() && (bytes > most || oldest.peek().isGone())) {
                Held held = oldest.remove();
                LogChunk gone = held.tail().chunks.remove(held.first());
                bytes -= gone == null ? 0 : gone.bytes;
            }
        }
    }
}

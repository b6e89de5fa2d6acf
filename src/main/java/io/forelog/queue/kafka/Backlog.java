package io.forelog.queue.kafka;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;

/**
 * Which records of one partition name which route, as what they came: a bit each, from the lowest watermark on. Owned by one
 * thread; bounded by the partition's backlog, an eighth of a byte a record.
 */
final class Backlog {
    static final int FRESH = 0;
    static final int MOVED_IN = 1;
    static final int RETURNED = 2;
    static final int KINDS = 3;

    private static final int CHUNK_BITS = 15;
    private static final int CHUNK = 1 << CHUNK_BITS;

    /** By route, then by offset >> {@link #CHUNK_BITS}; one bit set a kind. */
    private final Map<Integer, TreeMap<Long, BitSet[]>> routes = new HashMap<>();

    private long seenTo;

    /** Behind the last record that was looked at. */
    long seenTo() {
        return seenTo;
    }

    void seenTo(long offset) {
        seenTo = offset;
    }

    void add(int route, int kind, long offset) {
        BitSet[] chunk = routes.computeIfAbsent(route, id -> new TreeMap<>())
                .computeIfAbsent(offset >> CHUNK_BITS, at -> new BitSet[KINDS]);
        if (chunk[kind] == null) {
            chunk[kind] = new BitSet();
        }
        chunk[kind].set((int) (offset & (CHUNK - 1)));
    }

    /** Nobody asks for what is below {@code offset} any more, but for the chunk that it lies in. */
    void forget(long offset) {
        routes.values().forEach(chunks -> chunks.headMap(offset >> CHUNK_BITS).clear());
    }

    /** Adds to {@code counts}, by kind, what {@code mark} leaves unsettled. */
    void count(int route, OffsetAndMetadata mark, long[] counts) {
        long watermark = mark.offset();
        TreeMap<Long, BitSet[]> chunks = routes.getOrDefault(route, new TreeMap<>());
        for (Map.Entry<Long, BitSet[]> chunk :
                chunks.tailMap(watermark >> CHUNK_BITS).entrySet()) {
            int from = (int) Math.max(0, watermark - (chunk.getKey() << CHUNK_BITS));
            add(chunk.getValue(), from, CHUNK, 1, counts);
        }
        CommitMetadata read = CommitMetadata.decode(mark.metadata(), watermark);
        if (read != null) {
            read.runs().forEach((from, to) -> subtract(chunks, Math.max(from, watermark), to, counts));
        }
    }

    private static void subtract(TreeMap<Long, BitSet[]> chunks, long from, long to, long[] counts) {
        for (long at = from; at < to; ) {
            long key = at >> CHUNK_BITS;
            long end = Math.min(to, key + 1 << CHUNK_BITS);
            BitSet[] chunk = chunks.get(key);
            if (chunk != null) {
                long base = key << CHUNK_BITS;
                add(chunk, (int) (at - base), (int) (end - base), -1, counts);
            }
            at = end;
        }
    }

    private static void add(BitSet[] chunk, int from, int to, int sign, long[] counts) {
        for (int kind = 0; kind < KINDS; kind++) {
            if (chunk[kind] != null) {
                counts[kind] += (long) sign * chunk[kind].get(from, to).cardinality();
            }
        }
    }
}

package io.forelog.queue.rocksdb;

import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Collects the entries of one value of LOG while a commit fills. Owned by the committer thread; emptied by each commit. */
final class LogBuilder {
    private static final int ENTRY_OVERHEAD = 240;

    private final List<Entry> entries = new ArrayList<>();
    private final List<EntryId> ids = new ArrayList<>();
    private final List<byte[]> envelopes = new ArrayList<>();
    private final Map<Integer, Integer> immediate = new TreeMap<>();
    private long[] scheduled = new long[4];
    private boolean anyScheduled;
    private long envelopeBytes;
    private long first;
    private boolean readmitted;

    boolean isEmpty() {
        return entries.isEmpty();
    }

    /** Of the value to be; 0 = there is none. */
    int size() {
        return entries.isEmpty() ? 0 : LogValue.size(entries.size(), envelopeBytes);
    }

    boolean fits(boolean readmission) {
        return entries.isEmpty() || readmitted == readmission;
    }

    void add(long sequence, Entry entry, byte[] envelope, boolean later, boolean readmission) {
        if (entries.isEmpty()) {
            first = sequence;
            readmitted = readmission;
        }
        int i = entries.size();
        if (i >> 6 >= scheduled.length) {
            scheduled = java.util.Arrays.copyOf(scheduled, scheduled.length * 2);
        }
        if (later) {
            scheduled[i >> 6] |= 1L << i;
            anyScheduled = true;
        } else {
            for (int route : entry.routes()) {
                immediate.merge(route, 1, Integer::sum);
            }
        }
        entries.add(entry);
        ids.add(entry.id());
        envelopes.add(envelope);
        envelopeBytes += envelope.length;
    }

    /** Adds value and index record to the commit; what was collected is forgotten. */
    LogChunk seal(int namespace, Commit commit) {
        int count = entries.size();
        int size = size();
        long[] bits = anyScheduled ? java.util.Arrays.copyOf(scheduled, (count + 63) >> 6) : new long[0];
        java.nio.ByteBuffer value = commit.value(size);
        LogValue.encode(ids, envelopes, bits, readmitted, commit.micros(), value);
        commit.putLog(namespace, first, value);
        long low = Long.MAX_VALUE;
        long high = Long.MIN_VALUE;
        for (EntryId id : ids) {
            low = Math.min(low, id.high());
            high = Math.max(high, id.high());
        }
        IndexRecord index =
                new IndexRecord(first, count, commit.micros(), size, low, high, readmitted, new TreeMap<>(immediate));
        commit.put(Family.INDEX, Keys.log(namespace, first), index.encode());
        LogChunk chunk = new LogChunk(
                first,
                count,
                commit.micros(),
                readmitted,
                entries.toArray(new Entry[0]),
                bits,
                envelopeBytes + (long) ENTRY_OVERHEAD * count,
                Map.of());
        clear();
        return chunk;
    }

    private void clear() {
        entries.clear();
        ids.clear();
        envelopes.clear();
        immediate.clear();
        java.util.Arrays.fill(scheduled, 0);
        anyScheduled = false;
        envelopeBytes = 0;
    }
}

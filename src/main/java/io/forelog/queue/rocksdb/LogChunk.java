package io.forelog.queue.rocksdb;

import io.forelog.model.Entry;
import java.util.Map;

/**
 * The entries of one commit and namespace, consecutive in sequence, in memory. Immutable once published; shared by the
 * tail of its namespace and the routes that read it. A gap (its value missing or damaged) has no entries and says what
 * the index knew of it.
 */
final class LogChunk {
    final long first;
    final int count;
    final long commitMicros;
    final boolean readmitted;
    /** The empty array = a gap. */
    final Entry[] entries;
    /** Those whose obligations lie in the timers; a set bit each; empty = none. */
    final long[] scheduled;

    final long bytes;
    final Map<Integer, Integer> lost;

    LogChunk(
            long first,
            int count,
            long commitMicros,
            boolean readmitted,
            Entry[] entries,
            long[] scheduled,
            long bytes,
            Map<Integer, Integer> lost) {
        this.first = first;
        this.count = count;
        this.commitMicros = commitMicros;
        this.readmitted = readmitted;
        this.entries = entries;
        this.scheduled = scheduled;
        this.bytes = bytes;
        this.lost = lost;
    }

    static LogChunk gap(long first, long end, Map<Integer, Integer> lost) {
        return new LogChunk(first, (int) (end - first), 0, false, new Entry[0], new long[0], 0, lost);
    }

    boolean isGap() {
        return entries.length == 0;
    }

    long end() {
        return first + count;
    }

    boolean contains(long sequence) {
        return sequence >= first && sequence < end();
    }

    Entry entry(long sequence) {
        return entries[(int) (sequence - first)];
    }

    boolean isScheduled(long sequence) {
        int i = (int) (sequence - first);
        return scheduled.length != 0 && (scheduled[i >> 6] >>> i & 1) != 0;
    }

    /** When an immediate entry was due: at its acceptance, or at its readmission. */
    long dueMicros(long sequence) {
        return readmitted ? commitMicros : entry(sequence).dueMicros();
    }
}

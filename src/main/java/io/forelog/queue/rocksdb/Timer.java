package io.forelog.queue.rocksdb;

import io.forelog.model.Entry;
import io.forelog.model.Failure;
import org.jspecify.annotations.Nullable;

/** An obligation in the timers, as held in memory. Immutable; ordered by (due, sequence). */
record Timer(
        long due,
        long sequence,
        Entry entry,
        int attempts,
        @Nullable Failure first,
        @Nullable Failure last,
        int redrives,
        int storedBytes)
        implements Comparable<Timer> {

    static Timer of(long due, long sequence, Obligations.Stored stored) {
        return new Timer(
                due,
                sequence,
                stored.entry(),
                stored.attempts(),
                stored.first(),
                stored.last(),
                stored.redrives(),
                stored.storedBytes());
    }

    Timer at(long newSequence) {
        return new Timer(due, newSequence, entry, attempts, first, last, redrives, storedBytes);
    }

    @Override
    public int compareTo(Timer other) {
        int byDue = Long.compare(due, other.due);
        return byDue != 0 ? byDue : Long.compare(sequence, other.sequence);
    }

    boolean isBehind(long otherDue, long otherSequence) {
        return due != otherDue ? due > otherDue : sequence > otherSequence;
    }
}

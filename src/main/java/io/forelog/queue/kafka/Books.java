package io.forelog.queue.kafka;

/**
 * The counters of one route in one partition: each settled record that names the route is counted once as come and once as
 * gone, so {@code accepted + movedIn + returned + lost = delivered + dead + expired + movedOut + requeued + lost} at every
 * commit; what is not settled is counted nowhere. Travels in {@link CommitMetadata}. Not thread-safe.
 */
final class Books {
    /** What is counted. Stored in this order: only append. */
    enum Count {
        /** Came as fresh entries. */
        ACCEPTED,
        /** Came from another queue of the namespace. */
        MOVED_IN,
        /** Came back: from a tier, a parked lane or the dead letters. */
        RETURNED,
        DELIVERED,
        DEAD,
        EXPIRED,
        /** Went to another queue of the namespace. */
        MOVED_OUT,
        /** Went to a tier or a parked lane, to come back. */
        REQUEUED,
        /** Gone before they were read or settled, by another's hand: an alarm. */
        LOST
    }

    private static final int COUNTS = Count.values().length;
    private final long[] counts = new long[COUNTS];

    long get(Count count) {
        return counts[count.ordinal()];
    }

    void add(Count count, long by) {
        counts[count.ordinal()] += by;
    }

    /** One by one in the order of {@link Count}. */
    long[] toArray() {
        return counts.clone();
    }

    /** Fewer or more than are known, from an earlier or a later version, are taken as far as they go. */
    static Books of(long[] counts) {
        Books books = new Books();
        System.arraycopy(counts, 0, books.counts, 0, Math.min(COUNTS, counts.length));
        return books;
    }

    Books copy() {
        return of(counts);
    }

    /** Adds all of {@code other}. */
    void addAll(Books other) {
        for (int i = 0; i < COUNTS; i++) {
            counts[i] += other.counts[i];
        }
    }
}

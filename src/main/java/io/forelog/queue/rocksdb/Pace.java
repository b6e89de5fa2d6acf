package io.forelog.queue.rocksdb;

/** Holds the committer to a rate, for tests of overload; 0 = as fast as it can. Owned by the committer thread. */
final class Pace {
    private static final long BURST_PARTS = 50;
    private static final long PAUSE_NANOS = 1_000_000L;

    private final long entriesPerSecond;
    private double credit;
    private long filledAt = System.nanoTime();

    Pace(long entriesPerSecond) {
        this.entriesPerSecond = entriesPerSecond;
    }

    /** How many entries may be committed now. */
    int most(int otherwise) {
        if (entriesPerSecond == 0) {
            return otherwise;
        }
        long now = System.nanoTime();
        credit = Math.min(
                Math.max(1, entriesPerSecond / (double) BURST_PARTS),
                credit + (now - filledAt) / 1e9 * entriesPerSecond);
        filledAt = now;
        return (int) Math.max(0, credit);
    }

    void spent(int entries) {
        credit -= entriesPerSecond == 0 ? 0 : entries;
    }

    long pauseNanos() {
        return entriesPerSecond > 0 && credit < 1 ? PAUSE_NANOS : 0;
    }
}

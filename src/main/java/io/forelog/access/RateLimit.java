package io.forelog.access;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The generic cell rate algorithm (ITU-T I.371): one number instead of a bucket, so that all event loops share it. A
 * second's worth may come at once. Any thread.
 */
final class RateLimit {
    private static final double BURST_MICROS = 1_000_000;

    private final double microsPerEntry;
    private final AtomicLong arrival = new AtomicLong(Long.MIN_VALUE);

    RateLimit(double ratePerSecond) {
        this.microsPerEntry = 1_000_000 / ratePerSecond;
    }

    /** 0 = taken; else after how many microseconds it may work. */
    long tryTake(int entries, long nowMicros) {
        long cost = (long) (entries * microsPerEntry);
        while (true) {
            long seen = arrival.get();
            long next = Math.max(seen, nowMicros) + cost;
            // A batch larger than the burst passes when the cell is empty, and pays afterwards.
            long over = next - nowMicros - (long) Math.max(BURST_MICROS, cost);
            if (over > 0) {
                return over;
            }
            if (arrival.compareAndSet(seen, next)) {
                return 0;
            }
        }
    }
}

package io.forelog.model;

import java.util.function.LongSupplier;

/**
 * The node's clock. It is anchored to the monotonic clock at start, so that it never steps back and a
 * step of the wall clock hastens no delayed entry. Any thread; tests turn their own by hand.
 */
@FunctionalInterface
public interface Ticker {
    /** Microseconds since the epoch, never smaller than any value returned before. */
    long micros();

    /** Milliseconds since the epoch, rounded down. */
    default long millis() {
        return Math.floorDiv(micros(), 1_000L);
    }

    /** The wall clock of now, advanced from here on by {@link System#nanoTime()}. */
    static Ticker anchored() {
        return anchored(System.currentTimeMillis() * 1_000L, System::nanoTime);
    }

    /** {@code epochMicros} at the moment of this call, advanced by {@code nanos}. */
    static Ticker anchored(long epochMicros, LongSupplier nanos) {
        long origin = nanos.getAsLong();
        return () -> epochMicros + (nanos.getAsLong() - origin) / 1_000L;
    }
}

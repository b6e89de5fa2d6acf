package io.forelog.queue;

import io.forelog.model.Ticker;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** A clock turned by hand. Any thread; it never steps back. */
public final class HandTicker implements Ticker {
    /** 2026-01-01T00:00:00Z: where tests begin. */
    public static final long START = 1_767_225_600_000_000L;

    private final AtomicLong micros = new AtomicLong(START);

    @Override
    public long micros() {
        return micros.get();
    }

    public void turn(Duration by) {
        micros.addAndGet(by.toNanos() / 1_000L);
    }

    public void turnMicros(long by) {
        micros.addAndGet(by);
    }
}

package io.forelog.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TickerTest {
    private static final long NOON = 1_700_000_000_000_000L;

    @Test
    void followsTheMonotonicClockFromItsAnchorAndNothingElse() {
        AtomicLong nanos = new AtomicLong(-5_000_000_000L);
        Ticker ticker = Ticker.anchored(NOON, nanos::get);
        assertThat(ticker.micros()).isEqualTo(NOON);
        nanos.addAndGet(1_500_999L);
        assertThat(ticker.micros()).isEqualTo(NOON + 1_500);
        assertThat(ticker.millis()).isEqualTo(NOON / 1_000 + 1);
    }

    @Test
    void neverStepsBackNorLeapsWhereTheMonotonicClockWrapsAround() {
        AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000_000L);
        Ticker ticker = Ticker.anchored(NOON, nanos::get);
        long last = ticker.micros();
        for (int i = 0; i < 2_000; i++) {
            nanos.addAndGet(1_000L);
            long now = ticker.micros();
            assertThat(now).isEqualTo(last + 1);
            last = now;
        }
    }
}

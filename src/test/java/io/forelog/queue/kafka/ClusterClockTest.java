package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.queue.HandTicker;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ClusterClockTest {
    private static final long SECOND = 1_000_000L;

    private final HandTicker ticker = new HandTicker();
    private final ClusterClock clock = new ClusterClock("c", "clock", ticker);

    /** Asked now; the brokers answer after 20 ms, in the middle of which it was {@code offsetMicros} less by their clock. */
    private void answered(long offsetMicros) {
        long sent = ticker.micros();
        ticker.turn(Duration.ofMillis(20));
        clock.answered(sent, (sent + 10_000 - offsetMicros) / 1_000);
    }

    @Test
    void untilTheBrokersHaveAnsweredNothingIsKnown() {
        assertThat(clock.aheadMicros()).isEqualTo(ClusterClock.UNKNOWN);
        assertThat(clock.behindMicros()).isZero();
        assertThat(clock.seconds()).isNaN();
    }

    @Test
    void whatIsWithinTheGuardIsNoDifference() {
        for (long offset : new long[] {-200_000, -1_000, 0, 1_000, 200_000}) {
            answered(offset);
            assertThat(clock.aheadMicros()).isZero();
            assertThat(clock.behindMicros()).isZero();
            assertThat(clock.seconds()).isBetween(offset / 1e6 - 0.011, offset / 1e6 + 0.011);
        }
    }

    @Test
    void byAsMuchAsItMayBeAtMostIsItAheadOrBehind() {
        answered(5 * SECOND);
        assertThat(clock.aheadMicros()).isBetween(5 * SECOND, 5 * SECOND + 11_000);
        assertThat(clock.behindMicros()).isZero();

        answered(-5 * SECOND);
        assertThat(clock.aheadMicros()).isZero();
        assertThat(clock.behindMicros()).isBetween(5 * SECOND, 5 * SECOND + 11_000);
    }

    @Test
    void aSlowAnswerSaysNothing() {
        long sent = ticker.micros();
        ticker.turn(Duration.ofSeconds(3));
        clock.answered(sent, sent / 1_000);

        assertThat(clock.aheadMicros()).isEqualTo(ClusterClock.UNKNOWN);
    }

    @Test
    void aTopicWithTheTimeOfTheSendersCannotTell() {
        clock.answered(ticker.micros(), 1);

        assertThat(clock.aheadMicros()).isZero();
        answered(5 * SECOND);
        assertThat(clock.aheadMicros()).as("once it can").isGreaterThan(4 * SECOND);
    }
}

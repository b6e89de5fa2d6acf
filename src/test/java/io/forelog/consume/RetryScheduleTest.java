package io.forelog.consume;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.config.NamespaceDocument.RetryPolicy;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RetryScheduleTest {
    private static RetrySchedule schedule(boolean jitter) {
        RetryPolicy policy =
                new RetryPolicy(Duration.ofMillis(500), 2.0, Duration.ofMinutes(10), jitter, 20, Duration.ofDays(3));
        return new RetrySchedule(policy, new SplittableRandom(7));
    }

    @Test
    void doublesFromTheInitialPauseUpToTheLongest() {
        RetrySchedule schedule = schedule(false);

        assertThat(LongStream.of(1, 2, 3, 4, 11, 12, 400).map(attempt -> schedule.ceilingMicros((int) attempt)))
                .containsExactly(
                        500_000L, 1_000_000L, 2_000_000L, 4_000_000L, 512_000_000L, 600_000_000L, 600_000_000L);
    }

    @Test
    void drawsUniformlyBetweenNowAndTheCeiling() {
        RetrySchedule schedule = schedule(true);

        double mean = LongStream.range(0, 10_000)
                .map(i -> schedule.dueMicros(3, 1_000L, Duration.ZERO) - 1_000L)
                .peek(wait -> assertThat(wait).isBetween(0L, 2_000_000L))
                .average()
                .orElseThrow();

        assertThat(mean).isBetween(950_000.0, 1_050_000.0);
    }

    @Test
    void waitsForWhatTheTargetAskedWhereThatIsLater() {
        assertThat(schedule(false).dueMicros(1, 0, Duration.ofSeconds(9))).isEqualTo(9_000_000L);
        assertThat(schedule(false).dueMicros(1, 0, Duration.ofMillis(9))).isEqualTo(500_000L);
    }
}

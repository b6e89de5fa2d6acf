package io.forelog.target;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RetryAfterTest {
    private static final long NOW = 1_700_000_000_000L; // Tue, 14 Nov 2023 22:13:20 GMT

    @Test
    void readsSecondsAndDatesAndCapsBoth() {
        assertThat(RetryAfter.parse("3", NOW)).isEqualTo(Duration.ofSeconds(3));
        assertThat(RetryAfter.parse("Tue, 14 Nov 2023 22:13:50 GMT", NOW)).isEqualTo(Duration.ofSeconds(30));
        assertThat(RetryAfter.parse("99999999999999999999", NOW)).isEqualTo(RetryAfter.MAX);
        assertThat(RetryAfter.parse("Tue, 14 Nov 2028 22:13:50 GMT", NOW)).isEqualTo(RetryAfter.MAX);
    }

    @Test
    void readsNonsenseAndThePastAsNothing() {
        assertThat(RetryAfter.parse(null, NOW)).isZero();
        assertThat(RetryAfter.parse("", NOW)).isZero();
        assertThat(RetryAfter.parse("-5", NOW)).isZero();
        assertThat(RetryAfter.parse("soon", NOW)).isZero();
        assertThat(RetryAfter.parse("Tue, 14 Nov 2022 22:13:50 GMT", NOW)).isZero();
    }
}

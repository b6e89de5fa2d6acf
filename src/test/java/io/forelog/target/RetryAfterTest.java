package io.forelog.target;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import java.time.Duration;
import java.util.Base64;
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

    @Test
    void readsTheRetryInfoOfAStatusAndCapsIt() {
        assertThat(RetryAfter.ofStatus(status(7, 500_000_000))).isEqualTo(Duration.ofMillis(7_500));
        assertThat(RetryAfter.ofStatus(status(100_000, 0))).isEqualTo(RetryAfter.MAX);
        assertThat(RetryAfter.ofStatus(status(-3, 0))).isZero();
        assertThat(RetryAfter.ofStatus(null)).isZero();
        assertThat(RetryAfter.ofStatus("CAUSA2Zvbw")).as("no details").isZero();
        assertThat(RetryAfter.ofStatus("not base64!")).isZero();
        assertThat(RetryAfter.ofStatus("AAAA")).as("no message").isZero();
    }

    private static String status(long seconds, int nanos) {
        RetryInfo wait = RetryInfo.newBuilder()
                .setRetryDelay(com.google.protobuf.Duration.newBuilder()
                        .setSeconds(seconds)
                        .setNanos(nanos))
                .build();
        return Base64.getEncoder()
                .encodeToString(
                        Status.newBuilder().addDetails(Any.pack(wait)).build().toByteArray());
    }
}

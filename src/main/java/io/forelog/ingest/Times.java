package io.forelog.ingest;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;

/** ISO-8601 texts to microseconds. What does not fit is saturated, for the validator to refuse. Stateless. */
final class Times {
    private static final long SECONDS_MAX = Long.MAX_VALUE / 2_000_000L;

    private Times() {}

    /** Rounded up: never early. INVALID_ARGUMENT naming {@code field} where {@code text} is no duration. */
    static long durationMicros(String field, String text) {
        try {
            Duration duration = Duration.parse(text);
            return micros(duration.getSeconds(), duration.getNano() + 999);
        } catch (DateTimeParseException | ArithmeticException e) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    field + ": " + Validator.quote(text) + " (expected: an ISO-8601 duration such as PT3S)");
        }
    }

    /** Since the epoch. INVALID_ARGUMENT naming {@code field} where {@code text} is no time. */
    static long instantMicros(String field, String text) {
        try {
            Instant instant = OffsetDateTime.parse(text).toInstant();
            return micros(instant.getEpochSecond(), instant.getNano());
        } catch (DateTimeException e) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    field + ": " + Validator.quote(text)
                            + " (expected: an ISO-8601 time such as 2026-01-31T12:00:00Z)");
        }
    }

    private static long micros(long seconds, int nanos) {
        if (Math.abs(seconds) > SECONDS_MAX) {
            return seconds < 0 ? -SECONDS_MAX * 1_000_000L : SECONDS_MAX * 1_000_000L;
        }
        return seconds * 1_000_000L + nanos / 1_000;
    }
}

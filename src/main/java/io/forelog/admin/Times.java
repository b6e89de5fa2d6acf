package io.forelog.admin;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/** Times at the management port: ISO-8601, or a duration that means so long before now. Stateless. */
final class Times {
    private Times() {}

    /** Null for 0, which stands for none. */
    static @Nullable String text(long micros) {
        return micros <= 0
                ? null
                : Instant.EPOCH.plus(micros, ChronoUnit.MICROS).toString();
    }

    /** A moment ({@code 2026-11-03T10:00:00Z}), or a duration before {@code nowMicros} ({@code PT1H}). */
    static long moment(String name, String text, long nowMicros) {
        try {
            if (text.startsWith("P") || text.startsWith("-P")) {
                return nowMicros - Math.absExact(micros(Duration.parse(text)));
            }
            return ChronoUnit.MICROS.between(Instant.EPOCH, OffsetDateTime.parse(text));
        } catch (DateTimeException | ArithmeticException e) {
            throw Exchange.invalid(name + ": '" + text
                    + "' (expected: a time such as 2026-11-03T10:00:00Z, or a duration such as PT1H,"
                    + " which means so long ago)");
        }
    }

    static Duration duration(String name, String text) {
        try {
            Duration duration = Duration.parse(text);
            if (!duration.isNegative()) {
                return duration;
            }
        } catch (DateTimeParseException e) {
            // told below
        }
        throw Exchange.invalid(name + ": '" + text + "' (expected: a duration such as PT30S, >= PT0S)");
    }

    static long micros(Duration duration) {
        return Math.addExact(Math.multiplyExact(duration.getSeconds(), 1_000_000L), duration.getNano() / 1_000L);
    }
}

package io.forelog.target;

import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.WalException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Reads {@code attributes.ttl}: when an item at the target ends. Stateless, any thread. */
public final class TimeToLive {
    private static final String TTL = "ttl";

    private TimeToLive() {}

    /**
     * Microseconds since the epoch, 0 = never; the same at every delivery: what is relative counts from when the entry was first
     * due.
     *
     * @param otherwise of an entry that says nothing; zero = for ever
     * @throws WalException TARGET_REJECTED where it can't be read, or a TOUCH has none
     */
    public static long endMicros(Entry entry, Duration otherwise) {
        if (entry.operation() == Operation.DELETE) {
            return 0L;
        }
        String ttl = entry.attributes().isEmpty() ? "" : entry.attributes().getOrDefault(TTL, "");
        if (ttl.isEmpty()) {
            if (!otherwise.isZero()) {
                return entry.dueMicros() + otherwise.toNanos() / 1_000L;
            }
            if (entry.operation() == Operation.TOUCH) {
                throw invalid("attributes.ttl: missing (expected: with TOUCH, when the item ends)");
            }
            return 0L;
        }
        Long micros = relative(ttl);
        long at = micros != null ? entry.dueMicros() + micros : absolute(ttl);
        if (at <= 0) {
            throw notTtl(ttl);
        }
        return at;
    }

    /** Seconds, or an ISO-8601 duration; null where it is neither. */
    private static @Nullable Long relative(String ttl) {
        try {
            Duration duration = ttl.startsWith("P") ? Duration.parse(ttl) : null;
            if (duration == null && ttl.length() <= 10 && ttl.chars().allMatch(c -> c >= '0' && c <= '9')) {
                duration = Duration.ofSeconds(Long.parseLong(ttl));
            }
            if (duration == null) {
                return null;
            }
            if (duration.isNegative() || duration.isZero()) {
                throw notTtl(ttl);
            }
            return Math.multiplyExact(duration.toSeconds(), 1_000_000L) + duration.toNanosPart() / 1_000L;
        } catch (DateTimeException | ArithmeticException e) {
            throw notTtl(ttl);
        }
    }

    private static long absolute(String ttl) {
        try {
            return Math.multiplyExact(Instant.parse(ttl).toEpochMilli(), 1_000L);
        } catch (DateTimeException | ArithmeticException e) {
            throw notTtl(ttl);
        }
    }

    private static WalException notTtl(String ttl) {
        return invalid("attributes.ttl: '" + ttl
                + "' (expected: an ISO-8601 duration, seconds, or an instant such as 2027-01-31T12:00:00Z)");
    }

    private static WalException invalid(String text) {
        return new WalException(ErrorCode.TARGET_REJECTED, text);
    }
}

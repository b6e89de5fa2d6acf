package io.forelog.target;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Reads when a target wants to be asked again: the header Retry-After (RFC 9110, 10.2.3), seconds or an HTTP date, or the RetryInfo of a gRPC
 * status. Stateless, any thread.
 */
public final class RetryAfter {
    /** Nobody silences a target for longer: it is asked again then. */
    public static final Duration MAX = Duration.ofMinutes(10);

    private RetryAfter() {}

    /** Zero where there is none, where it is past or can't be read; at most {@link #MAX}. */
    public static Duration parse(@Nullable String value, long nowMillis) {
        if (value == null || value.isBlank()) {
            return Duration.ZERO;
        }
        String text = value.strip();
        long millis = text.chars().allMatch(c -> c >= '0' && c <= '9') ? seconds(text) : date(text, nowMillis);
        return Duration.ofMillis(Math.max(0L, Math.min(millis, MAX.toMillis())));
    }

    /** Of the value of {@code grpc-status-details-bin}; as {@link #parse}. */
    public static Duration ofStatus(@Nullable String details) {
        if (details == null) {
            return Duration.ZERO;
        }
        try {
            for (Any any : Status.parseFrom(Base64.getDecoder().decode(details)).getDetailsList()) {
                if (any.is(RetryInfo.class)) {
                    com.google.protobuf.Duration delay =
                            any.unpack(RetryInfo.class).getRetryDelay();
                    Duration after = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
                    return after.compareTo(MAX) > 0 ? MAX : after.isNegative() ? Duration.ZERO : after;
                }
            }
        } catch (InvalidProtocolBufferException | IllegalArgumentException | ArithmeticException e) {
            return Duration.ZERO;
        }
        return Duration.ZERO;
    }

    private static long seconds(String digits) {
        return digits.length() > 9 ? Long.MAX_VALUE : Long.parseLong(digits) * 1_000L;
    }

    private static long date(String text, long nowMillis) {
        try {
            return ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME)
                            .toInstant()
                            .toEpochMilli()
                    - nowMillis;
        } catch (DateTimeException e) {
            return 0L;
        }
    }
}

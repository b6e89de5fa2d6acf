package io.forelog.model;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The one exception of Forelog: a stable code and a sentence that names the offender and the expectation.
 * It has no stack trace unless it has a cause, since it is made on hot paths under overload.
 */
public final class WalException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final long retryAfterMillis;
    private final transient @Nullable Elsewhere elsewhere;

    public WalException(ErrorCode code, String text) {
        this(code, text, null, Duration.ZERO);
    }

    public WalException(ErrorCode code, String text, @Nullable Throwable cause) {
        this(code, text, cause, Duration.ZERO);
    }

    /** {@code retryAfter} zero = the client may choose. */
    public WalException(ErrorCode code, String text, @Nullable Throwable cause, Duration retryAfter) {
        this(code, text, cause, retryAfter, null);
    }

    private WalException(
            ErrorCode code,
            String text,
            @Nullable Throwable cause,
            Duration retryAfter,
            @Nullable Elsewhere elsewhere) {
        super(text, cause, false, cause != null);
        this.code = code;
        this.retryAfterMillis = retryAfter.toMillis();
        this.elsewhere = elsewhere;
    }

    /** WRONG_SHARD: {@code text} says in words what {@code elsewhere} says to programs. */
    public static WalException elsewhere(String text, Elsewhere elsewhere) {
        return new WalException(ErrorCode.WRONG_SHARD, text, null, Duration.ZERO, elsewhere);
    }

    public ErrorCode code() {
        return code;
    }

    public Duration retryAfter() {
        return Duration.ofMillis(retryAfterMillis);
    }

    /** Where the request belongs; null where this is the right node, or nobody said. */
    public @Nullable Elsewhere elsewhere() {
        return elsewhere;
    }

    /** What the user is shown: {@code CODE: text}. */
    public String publicMessage() {
        return code + ": " + getMessage();
    }

    /** {@code failure} itself, or INTERNAL around it. */
    public static WalException of(Throwable failure) {
        if (failure instanceof WalException wal) {
            return wal;
        }
        String text = failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
        return new WalException(ErrorCode.INTERNAL, text, failure);
    }
}

package io.forelog.model;

/**
 * Every code a user can meet. A code owns its gRPC status, its HTTP status and its disposition, so that
 * the two edges can't disagree. The names are stable: clients match on them.
 */
public enum ErrorCode {
    INVALID_ARGUMENT(3, 400, Disposition.REJECT),
    MALFORMED_BODY(3, 400, Disposition.REJECT),
    UNSUPPORTED_MEDIA_TYPE(3, 415, Disposition.REJECT),
    PAYLOAD_TOO_LARGE(3, 413, Disposition.REJECT),
    UNKNOWN_NAMESPACE(5, 404, Disposition.REJECT),
    NOT_FOUND(5, 404, Disposition.REJECT),
    UNKNOWN_TARGET(3, 422, Disposition.REJECT),
    DESTINATION_NOT_ALLOWED(3, 422, Disposition.REJECT),
    TOKEN_REUSED(6, 422, Disposition.REJECT),
    TOO_LATE(9, 409, Disposition.REJECT),
    CONFLICT(10, 409, Disposition.REJECT),
    UNAUTHENTICATED(16, 401, Disposition.REJECT),
    PERMISSION_DENIED(7, 403, Disposition.REJECT),
    WRONG_SHARD(9, 421, Disposition.REROUTE),
    NOT_SUPPORTED(12, 501, Disposition.REJECT),
    RATE_LIMITED(8, 429, Disposition.SHED),
    QUOTA_EXCEEDED(8, 429, Disposition.SHED),
    OVERLOADED(14, 503, Disposition.SHED),
    UNAVAILABLE(14, 503, Disposition.SHED),
    DRAINING(14, 503, Disposition.SHED),
    /** The disk is below its threshold: a decided FALSE, not a status. */
    LOW_DISK(0, 503, Disposition.SHED),
    /** The queue refused the entry for certain: a decided FALSE. */
    NOT_DURABLE(0, 503, Disposition.RETRY),
    /** Nobody knows whether the entry is in the queue: a decided UNKNOWN. */
    UNKNOWN_DURABILITY(0, 504, Disposition.UNKNOWN),
    /** The database does not hold what it confirmed; its namespaces are stopped. */
    CORRUPT(15, 503, Disposition.FATAL),
    /** The target asked to try again, or could not be reached. */
    TARGET_UNAVAILABLE(14, 503, Disposition.RETRY),
    TARGET_TIMEOUT(4, 504, Disposition.RETRY),
    TARGET_REJECTED(9, 502, Disposition.DEAD_LETTER),
    /** The namespace no longer knows the target that the entry was written for. */
    TARGET_GONE(9, 502, Disposition.DEAD_LETTER),
    MAX_ATTEMPTS(9, 502, Disposition.DEAD_LETTER),
    MAX_AGE(9, 502, Disposition.DEAD_LETTER),
    EXPIRED(4, 504, Disposition.DEAD_LETTER),
    POISON(9, 502, Disposition.DEAD_LETTER),
    INTERNAL(13, 500, Disposition.FATAL);

    /** What is done about it. */
    public enum Disposition {
        REJECT,
        SHED,
        REROUTE,
        RETRY,
        DEAD_LETTER,
        UNKNOWN,
        FATAL
    }

    private final int grpcStatus;
    private final int httpStatus;
    private final Disposition disposition;

    ErrorCode(int grpcStatus, int httpStatus, Disposition disposition) {
        this.grpcStatus = grpcStatus;
        this.httpStatus = httpStatus;
        this.disposition = disposition;
    }

    /** The number of the gRPC status; 0 (OK) where the write was decided and the Trilean tells. */
    public int grpcStatus() {
        return grpcStatus;
    }

    public int httpStatus() {
        return httpStatus;
    }

    public Disposition disposition() {
        return disposition;
    }
}

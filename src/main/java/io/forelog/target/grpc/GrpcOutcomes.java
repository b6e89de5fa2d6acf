package io.forelog.target.grpc;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.target.RetryAfter;
import io.forelog.target.RetryTable;
import io.forelog.target.Words;
import io.vertx.grpc.common.GrpcStatus;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which status of a call is done, retries, or rejects. Stateless, any thread. */
final class GrpcOutcomes {
    static final RetryTable TABLE = new RetryTable(List.of(
            new RetryTable.Row("OK", "applied", "the response is not read"),
            new RetryTable.Row("ALREADY_EXISTS", "applied", "an earlier attempt was applied"),
            new RetryTable.Row(
                    "INVALID_ARGUMENT, FAILED_PRECONDITION, NOT_FOUND, OUT_OF_RANGE, DATA_LOSS", "dead-letter", ""),
            new RetryTable.Row(
                    "PERMISSION_DENIED, UNAUTHENTICATED, UNIMPLEMENTED",
                    "dead-letter",
                    "a storm of them pauses the route instead"),
            new RetryTable.Row("RESOURCE_EXHAUSTED", "retry", "not before its RetryInfo; lowers the adaptive limit"),
            new RetryTable.Row("ABORTED", "retry", "not before its RetryInfo; the target is well"),
            new RetryTable.Row(
                    "UNAVAILABLE, INTERNAL, UNKNOWN and all others",
                    "retry",
                    "not before its RetryInfo, at most 10 minutes; opens the breaker"),
            new RetryTable.Row(
                    "RetryInfo with any of these",
                    "retry",
                    "closes the target for that time: what follows waits and spends no attempt"),
            new RetryTable.Row("DEADLINE_EXCEEDED, CANCELLED", "retry", "opens the breaker"),
            new RetryTable.Row("no connection, reset, TLS or DNS failure, no gRPC", "retry", "opens the breaker"),
            new RetryTable.Row("no stream free in time, too many wait for one", "retry", "lowers the adaptive limit"),
            new RetryTable.Row(
                    "no answer in time",
                    "retry",
                    "opens the breaker; a connection on which nothing comes at all is given up")));

    private GrpcOutcomes() {}

    /** {@code details}: of the trailer {@code grpc-status-details-bin}. */
    static Outcome of(GrpcStatus status, @Nullable String message, @Nullable String details) {
        String text =
                Words.said("gRPC " + status.name() + (message == null || message.isEmpty() ? "" : ": " + message));
        return switch (status) {
            case OK, ALREADY_EXISTS -> Outcome.applied();
            case INVALID_ARGUMENT, FAILED_PRECONDITION, NOT_FOUND, OUT_OF_RANGE, DATA_LOSS ->
                Outcome.rejected(ErrorCode.TARGET_REJECTED, text, false);
            case PERMISSION_DENIED, UNAUTHENTICATED, UNIMPLEMENTED ->
                Outcome.rejected(ErrorCode.TARGET_REJECTED, text, true);
            case RESOURCE_EXHAUSTED -> Outcome.retry(ErrorCode.RATE_LIMITED, text, RetryAfter.ofStatus(details));
            case ABORTED -> Outcome.retry(ErrorCode.CONFLICT, text, RetryAfter.ofStatus(details));
            case DEADLINE_EXCEEDED, CANCELLED -> Outcome.retry(ErrorCode.TARGET_TIMEOUT, text, Duration.ZERO);
            case UNAVAILABLE, INTERNAL, UNKNOWN ->
                Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, text, RetryAfter.ofStatus(details));
        };
    }
}

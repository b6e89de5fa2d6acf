package io.forelog.target.forelog;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.target.HttpAnswer;
import io.forelog.target.RetryAfter;
import io.forelog.target.Words;
import io.forelog.wire.ObligationCodec;
import io.forelog.wire.v1.Trilean;
import io.forelog.wire.v1.WriteToLogResponse;
import io.vertx.grpc.common.GrpcStatus;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the other instance's answers mean for a delivery. Stateless, any thread. */
final class RemoteAnswers {
    /** Not this entry is wrong, but the route. */
    private static final Set<ErrorCode> STORM = EnumSet.of(
            ErrorCode.UNKNOWN_NAMESPACE,
            ErrorCode.NOT_FOUND,
            ErrorCode.UNKNOWN_TARGET,
            ErrorCode.UNAUTHENTICATED,
            ErrorCode.PERMISSION_DENIED);

    private RemoteAnswers() {}

    static Outcome outcome(WriteToLogResponse response) {
        if (response.getDurable() == Trilean.TRILEAN_TRUE) {
            return Outcome.applied();
        }
        String text = Words.said(response.getMessage().isEmpty() ? "durable is unknown" : response.getMessage());
        if (response.getDurable() != Trilean.TRILEAN_FALSE) {
            return retry(ErrorCode.TARGET_UNAVAILABLE, text);
        }
        int colon = text.indexOf(':');
        ErrorCode code = ObligationCodec.code(colon < 0 ? "" : text.substring(0, colon));
        return switch (code.disposition()) {
            case REJECT, DEAD_LETTER -> Outcome.rejected(ErrorCode.TARGET_REJECTED, text, STORM.contains(code));
            case SHED ->
                retry(
                        code == ErrorCode.LOW_DISK || code == ErrorCode.DRAINING || code == ErrorCode.UNAVAILABLE
                                ? ErrorCode.TARGET_UNAVAILABLE
                                : ErrorCode.RATE_LIMITED,
                        text);
            case REROUTE, RETRY, UNKNOWN, FATAL -> retry(ErrorCode.TARGET_UNAVAILABLE, text);
        };
    }

    /** Of a call that ended with {@code status}. */
    static Outcome outcome(GrpcStatus status, @Nullable String message, @Nullable String details) {
        String text =
                Words.said("gRPC " + status.name() + (message == null || message.isEmpty() ? "" : ": " + message));
        return switch (status) {
            case INVALID_ARGUMENT, ALREADY_EXISTS, OUT_OF_RANGE ->
                Outcome.rejected(ErrorCode.TARGET_REJECTED, text, false);
            case NOT_FOUND, PERMISSION_DENIED, UNAUTHENTICATED, UNIMPLEMENTED ->
                Outcome.rejected(ErrorCode.TARGET_REJECTED, text, true);
            case RESOURCE_EXHAUSTED -> Outcome.retry(ErrorCode.RATE_LIMITED, text, RetryAfter.ofStatus(details));
            case DEADLINE_EXCEEDED, CANCELLED -> retry(ErrorCode.TARGET_TIMEOUT, text);
            default -> Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, text, RetryAfter.ofStatus(details));
        };
    }

    static Outcome unreached(Throwable failure) {
        return HttpAnswer.unreached(failure);
    }

    private static Outcome retry(ErrorCode code, String text) {
        return Outcome.retry(code, text, Duration.ZERO);
    }
}

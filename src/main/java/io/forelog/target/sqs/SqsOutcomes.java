package io.forelog.target.sqs;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.target.RetryTable;
import io.forelog.target.Words;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import software.amazon.awssdk.core.exception.ApiCallAttemptTimeoutException;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;
import software.amazon.awssdk.services.sqs.model.SqsException;

/** Which answer of SQS retries and which rejects. Stateless, any thread. */
final class SqsOutcomes {
    static final RetryTable TABLE = new RetryTable(List.of(
            new RetryTable.Row("the message's own success in the answer to its batch", "applied", ""),
            new RetryTable.Row("the message failed, not the sender's fault", "retry", "opens the breaker"),
            new RetryTable.Row("throttled, over a limit", "retry", "lowers the adaptive limit"),
            new RetryTable.Row(
                    "HTTP 5xx, no connection, reset, no credentials to be had", "retry", "opens the breaker"),
            new RetryTable.Row("no answer in time", "retry", "opens the breaker"),
            new RetryTable.Row("the request's time is off", "retry", "opens the breaker; set the node's clock"),
            new RetryTable.Row(
                    "the message failed by the sender's fault: too large, an illegal attribute", "dead-letter", ""),
            new RetryTable.Row(
                    "the batch is refused as a whole",
                    "as each alone is answered",
                    "one message must not take along those beside it"),
            new RetryTable.Row(
                    "queue missing, HTTP 401 and 403, unknown, expired or wrongly signed credentials, a key of KMS that can't be used",
                    "dead-letter",
                    "a storm of them pauses the route instead"),
            new RetryTable.Row("other HTTP 4xx for one message", "dead-letter", "")));

    private static final Set<String> UNAUTHORIZED = Set.of(
            "AccessDenied",
            "AccessDeniedException",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "InvalidClientTokenId",
            "InvalidSecurity",
            "InvalidSignatureException",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "NotAuthorized",
            "NotAuthorizedException",
            "OptInRequired",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException");

    private SqsOutcomes() {}

    /** Of one message whose batch was taken. */
    static Outcome of(BatchResultErrorEntry failed) {
        String text = Words.said(failed.code() + ": " + failed.message());
        if (throttles(failed.code())) {
            return Outcome.retry(ErrorCode.RATE_LIMITED, text, Duration.ZERO);
        }
        return Boolean.TRUE.equals(failed.senderFault())
                ? Outcome.rejected(ErrorCode.TARGET_REJECTED, text, isOfTheRoute(failed.code()))
                : Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, text, Duration.ZERO);
    }

    /** Of a call that failed as a whole. */
    static Outcome of(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof SqsException answer) {
            return of(answer);
        }
        boolean late = cause instanceof ApiCallTimeoutException || cause instanceof ApiCallAttemptTimeoutException;
        return Outcome.retry(
                late ? ErrorCode.TARGET_TIMEOUT : ErrorCode.TARGET_UNAVAILABLE,
                Words.said(cause.getClass().getSimpleName() + ": " + cause.getMessage()),
                Duration.ZERO);
    }

    private static Outcome of(SqsException answer) {
        String code = code(answer);
        String text = Words.said("HTTP " + answer.statusCode() + " " + code + ": " + answer.getMessage());
        if (answer.isThrottlingException() || answer.statusCode() == 429 || throttles(code)) {
            return Outcome.retry(ErrorCode.RATE_LIMITED, text, Duration.ZERO);
        }
        if (answer.statusCode() >= 500 || answer.isClockSkewException() || code.equals("RequestExpired")) {
            return Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, text, Duration.ZERO);
        }
        boolean storm = answer instanceof QueueDoesNotExistException
                || code.endsWith("NonExistentQueue")
                || code.endsWith("QueueDoesNotExist")
                || isOfTheRoute(code)
                || answer.statusCode() == 401
                || answer.statusCode() == 403;
        return Outcome.rejected(ErrorCode.TARGET_REJECTED, text, storm);
    }

    private static String code(SqsException answer) {
        String code = answer.awsErrorDetails() == null
                ? null
                : answer.awsErrorDetails().errorCode();
        return code == null ? "" : code;
    }

    /** Whoever sends, and with whatever key the queue is encrypted: the next message would fare no better. */
    private static boolean isOfTheRoute(String code) {
        return UNAUTHORIZED.contains(code) || code.regionMatches(true, 0, "kms", 0, 3);
    }

    private static boolean throttles(String code) {
        return code.contains("Throttl") || code.endsWith("OverLimit");
    }
}

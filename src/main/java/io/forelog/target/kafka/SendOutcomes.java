package io.forelog.target.kafka;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.target.RetryTable;
import io.forelog.target.Words;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.UnsupportedForMessageFormatException;

/** Which exception of the producer retries and which rejects. Stateless, any thread. */
final class SendOutcomes {
    static final RetryTable TABLE = new RetryTable(List.of(
            new RetryTable.Row("the brokers' confirmation, as `acks` asks for it", "applied", ""),
            new RetryTable.Row(
                    "retriable: no leader, too few in-sync replicas, a cut connection",
                    "retry",
                    "after the producer's own retries; opens the breaker"),
            new RetryTable.Row("no confirmation in time, no broker, full buffer", "retry", "opens the breaker"),
            new RetryTable.Row("quota exceeded", "retry", "lowers the adaptive limit"),
            new RetryTable.Row("TLS failure", "retry", "opens the breaker"),
            new RetryTable.Row("all other errors", "retry", "with a new producer; opens the breaker"),
            new RetryTable.Row("record too large, for us or for the broker", "dead-letter", ""),
            new RetryTable.Row(
                    "invalid record, time stamp or topic name; a policy refuses it",
                    "dead-letter",
                    "a DELETE without a key where `tombstones` is on, too"),
            new RetryTable.Row(
                    "topic missing, not authorized, not authenticated",
                    "dead-letter",
                    "a storm of them pauses the route instead")));

    private SendOutcomes() {}

    static Outcome of(Throwable failure) {
        String text = Words.said(failure.getClass().getSimpleName() + ": " + failure.getMessage());
        if (isMissing(failure)
                || failure instanceof AuthorizationException
                || failure instanceof AuthenticationException && !(failure instanceof SslAuthenticationException)) {
            return Outcome.rejected(ErrorCode.TARGET_REJECTED, text, true);
        }
        if (refusesTheRecord(failure)) {
            return Outcome.rejected(ErrorCode.TARGET_REJECTED, text, false);
        }
        ErrorCode code = failure instanceof ThrottlingQuotaExceededException
                ? ErrorCode.RATE_LIMITED
                : failure instanceof TimeoutException ? ErrorCode.TARGET_TIMEOUT : ErrorCode.TARGET_UNAVAILABLE;
        return Outcome.retry(code, text, Duration.ZERO);
    }

    /** Whether the producer may be of no more use after it. What one topic refuses must not abort what is on its way to others. */
    static boolean breaksTheProducer(Throwable failure) {
        return !(failure instanceof RetriableException)
                && !(failure instanceof TopicAuthorizationException)
                && !refusesTheRecord(failure);
    }

    /** The brokers answered, for as long as the producer asked, that there is no such topic. */
    private static boolean isMissing(Throwable failure) {
        return failure instanceof UnknownTopicOrPartitionException
                || failure instanceof TimeoutException
                        && failure.getCause() instanceof UnknownTopicOrPartitionException;
    }

    private static boolean refusesTheRecord(Throwable failure) {
        return failure instanceof RecordTooLargeException
                || failure instanceof RecordBatchTooLargeException
                || failure instanceof InvalidTopicException
                || failure instanceof InvalidRecordException
                || failure instanceof InvalidTimestampException
                || failure instanceof UnsupportedForMessageFormatException
                || failure instanceof PolicyViolationException
                || failure instanceof SerializationException;
    }
}

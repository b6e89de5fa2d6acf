package io.forelog.queue.sqs;

import io.forelog.model.ErrorCode;
import java.math.BigInteger;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.Set;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResultEntry;

/**
 * What an answer to SendMessageBatch means, entry by entry. The SDK repeats nothing, so that a refusal is always that of a first
 * attempt; {@link Sends} repeats what was not answered, whose refusal then decides nothing. Stateless, any thread.
 *
 * <pre>
 * entry confirmed                            TRUE
 * entry refused, the sender's fault          FALSE
 * request refused with 4xx, but 408          FALSE (throttled: OVERLOADED)
 * no connection was made                     FALSE
 * entry failed, the service's fault          UNKNOWN
 * 5xx, 408, time-out, reset, anything else   UNKNOWN
 * </pre>
 */
final class SendTable {
    private static final Set<String> THROTTLED = Set.of(
            "RequestThrottled",
            "ThrottlingException",
            "Throttling",
            "ThrottledException",
            "RequestLimitExceeded",
            "TooManyRequestsException",
            "KmsThrottled",
            "KMS.ThrottlingException",
            "OverLimit");

    private SendTable() {}

    static Sent confirmed(SendMessageBatchResultEntry entry) {
        return Sent.stored(sequence(entry.sequenceNumber()));
    }

    /** A FIFO queue's number has 20 digits; a receipt keeps its lower 63 bits. 0 where there is none. */
    static long sequence(@Nullable String number) {
        if (number == null || number.isEmpty()) {
            return 0;
        }
        try {
            return new BigInteger(number).longValue() & Long.MAX_VALUE;
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    static Sent failed(BatchResultErrorEntry entry) {
        String text = entry.code() + ": " + entry.message();
        if (Boolean.TRUE.equals(entry.senderFault())) {
            return Sent.refused(throttled(entry.code()) ? ErrorCode.OVERLOADED : ErrorCode.NOT_DURABLE, text);
        }
        return Sent.unknown(text);
    }

    /** The answer does not speak of an entry. */
    static Sent notNamed() {
        return Sent.unknown("SQS's answer names this entry neither confirmed nor failed");
    }

    /** The whole request failed. */
    static Sent failed(Throwable failure) {
        Throwable cause = unwrapped(failure);
        if (cause instanceof AwsServiceException answered) {
            int status = answered.statusCode();
            String text = text(answered);
            if (status >= 400 && status < 500 && status != 408) {
                return Sent.refused(
                        status == 429 || throttled(code(answered)) ? ErrorCode.OVERLOADED : ErrorCode.NOT_DURABLE,
                        text);
            }
            return Sent.unknown(text);
        }
        if (neverConnected(cause)) {
            return Sent.refused(ErrorCode.UNAVAILABLE, "SQS can't be reached: " + words(cause));
        }
        return Sent.unknown("SQS: " + words(cause));
    }

    /** Handed over, and nobody said what became of it. */
    static boolean unanswered(Throwable failure) {
        Throwable cause = unwrapped(failure);
        return !(cause instanceof AwsServiceException) && !neverConnected(cause);
    }

    static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    /** Nothing was written, since there was nothing to write to. */
    static boolean neverConnected(Throwable failure) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < 10; depth++) {
            if (cause instanceof ConnectException || cause instanceof UnknownHostException) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }

    static String code(AwsServiceException answered) {
        return answered.awsErrorDetails() == null
                ? ""
                : String.valueOf(answered.awsErrorDetails().errorCode());
    }

    private static String text(AwsServiceException answered) {
        String message = answered.awsErrorDetails() == null
                ? answered.getMessage()
                : answered.awsErrorDetails().errorMessage();
        return "SQS answers " + answered.statusCode() + " " + code(answered) + ": " + message;
    }

    private static boolean throttled(@Nullable String code) {
        if (code == null) {
            return false;
        }
        int dot = code.lastIndexOf('#');
        return THROTTLED.contains(dot < 0 ? code : code.substring(dot + 1));
    }

    private static String words(Throwable failure) {
        Throwable deepest = failure;
        for (int depth = 0; deepest.getCause() != null && depth < 10; depth++) {
            deepest = deepest.getCause();
        }
        String message = deepest.getMessage();
        if (message == null) {
            return deepest.getClass().getSimpleName();
        }
        int diagnostics = message.indexOf(" Channel Information:"); // nobody's words, and long
        return diagnostics < 0 ? message : message.substring(0, diagnostics);
    }
}

package io.forelog.target.memcached;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.target.Pipeline;
import io.forelog.target.RetryTable;
import io.forelog.target.Words;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeoutException;

/** Which answer of memcached retries and which rejects. Stateless, any thread. */
public final class MemcachedOutcomes {
    static final RetryTable TABLE = new RetryTable(List.of(
            new RetryTable.Row("STORED, DELETED, TOUCHED", "applied", ""),
            new RetryTable.Row("NOT_FOUND", "applied", "there was nothing to delete or to touch"),
            new RetryTable.Row("SERVER_ERROR object too large for cache", "dead-letter", ""),
            new RetryTable.Row("SERVER_ERROR out of memory and all other SERVER_ERROR", "retry", "opens the breaker"),
            new RetryTable.Row(
                    "NOT_STORED, EXISTS and what is no answer to the command", "retry", "with a new connection"),
            new RetryTable.Row("no connection, reset, TLS or DNS failure", "retry", "opens the breaker"),
            new RetryTable.Row(
                    "no answer in time",
                    "retry",
                    "with a new connection; what is for other nodes goes on; opens the breaker"),
            new RetryTable.Row("too much waits for the node", "retry", "lowers the adaptive limit"),
            new RetryTable.Row(
                    "CLIENT_ERROR unauthenticated, bad authentication token, authentication failure",
                    "dead-letter",
                    "a storm of them pauses the route instead"),
            new RetryTable.Row("CLIENT_ERROR, ERROR", "dead-letter", "with a new connection"),
            new RetryTable.Row("no key, a key that can't stand in a command, a ttl that is none", "dead-letter", "")));

    private static final Set<String> APPLIED = Set.of("STORED", "DELETED", "TOUCHED", "NOT_FOUND");

    private MemcachedOutcomes() {}

    public static Outcome of(String line) {
        if (APPLIED.contains(line)) {
            return Outcome.applied();
        }
        String text = Words.said(line);
        boolean rejects = line.startsWith("SERVER_ERROR object too large") || isError(line);
        return rejects
                ? Outcome.rejected(ErrorCode.TARGET_REJECTED, text, isRefusal(line))
                : Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, text, Duration.ZERO);
    }

    /** Of what had no answer. */
    public static Outcome of(Throwable cut) {
        String text = Words.said(cut);
        if (cut instanceof Pipeline.Refused) {
            return of(String.valueOf(cut.getMessage()));
        }
        ErrorCode code = cut instanceof TimeoutException
                ? ErrorCode.TARGET_TIMEOUT
                : cut instanceof Pipeline.Full ? ErrorCode.RATE_LIMITED : ErrorCode.TARGET_UNAVAILABLE;
        return Outcome.retry(code, text, Duration.ZERO);
    }

    /** Whether the next line is surely the answer to the next command: after a command that was not understood its data may be. */
    static boolean inStep(String line) {
        return APPLIED.contains(line)
                || line.startsWith("SERVER_ERROR")
                || line.startsWith("VERSION ")
                || isRefusal(line);
    }

    private static boolean isError(String line) {
        return line.equals("ERROR") || line.startsWith("CLIENT_ERROR");
    }

    private static boolean isRefusal(String line) {
        return line.startsWith("CLIENT_ERROR") && line.contains("authenticat");
    }
}

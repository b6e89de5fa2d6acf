package io.forelog.target.redis;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.target.RetryTable;
import io.forelog.target.Words;
import io.vertx.redis.client.Response;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Which error of Redis retries and which rejects. Stateless, any thread. */
final class RedisOutcomes {
    static final RetryTable TABLE = new RetryTable(List.of(
            new RetryTable.Row("any answer that is no error", "applied", ""),
            new RetryTable.Row("something newer had been there", "applied", "last write wins; with `versioned`"),
            new RetryTable.Row(
                    "LOADING, BUSY, TRYAGAIN, CLUSTERDOWN, MASTERDOWN, NOREPLICAS, MISCONF, OOM",
                    "retry",
                    "opens the breaker"),
            new RetryTable.Row("READONLY", "retry", "with a new connection; opens the breaker"),
            new RetryTable.Row("NOSCRIPT", "sent again with the script's text", "then retry"),
            new RetryTable.Row(
                    "no connection, reset, TLS or DNS failure, too many clients", "retry", "opens the breaker"),
            new RetryTable.Row("no answer in time", "retry", "with a new connection; opens the breaker"),
            new RetryTable.Row("too much waits on the connection", "retry", "lowers the adaptive limit"),
            new RetryTable.Row("WRONGTYPE, ERR and all other errors", "dead-letter", ""),
            new RetryTable.Row(
                    "NOAUTH, WRONGPASS, NOPERM, DENIED, MOVED, a refused handshake",
                    "dead-letter",
                    "a storm of them pauses the route instead"),
            new RetryTable.Row(
                    "no key, a ttl that is none, a payload that is no JSON object for a hash, write_time over 60 s ahead",
                    "dead-letter",
                    ""),
            new RetryTable.Row(
                    "a name that ends in :forelog, or has a } without a tag in braces",
                    "dead-letter",
                    "with `versioned`: such names are the versions'")));

    static final String NOSCRIPT = "NOSCRIPT";
    static final String READONLY = "READONLY";
    private static final String CLOSED = "CONNECTION_CLOSED";
    private static final Set<String> LATER = Set.of(
            "LOADING",
            "BUSY",
            "TRYAGAIN",
            "CLUSTERDOWN",
            "MASTERDOWN",
            "NOREPLICAS",
            "MISCONF",
            "OOM",
            READONLY,
            NOSCRIPT,
            CLOSED);
    private static final Set<String> ROUTE =
            Set.of("NOAUTH", "WRONGPASS", "NOPERM", "NOPROTO", "DENIED", "MOVED", "ASK");
    /** What the client makes of the errors of a batch: a line each, with the place of the command. */
    private static final Pattern ITEM = Pattern.compile("ERR \\[(\\d{1,9})] (.*)");
    /** An exception's class: the connection broke. No error of the server begins like this. */
    private static final Pattern EXCEPTION = Pattern.compile("(?:[a-z]\\w*\\.)+[A-Z][\\w$]*(?::.*)?");
    /** Servers before 7 put the code of an error within a script behind this. */
    private static final Pattern IN_SCRIPT = Pattern.compile("@user_script: ?\\d+: ?-?([A-Z]+)\\b.*");

    private RedisOutcomes() {}

    /** The error of each command of a failed batch, null where there was none; null where the batch failed as one. */
    static @Nullable String @Nullable [] errors(Throwable failure, int size) {
        String text = String.valueOf(failure.getMessage());
        if (!(failure instanceof Response) || !ITEM.matcher(text).lookingAt()) {
            return null;
        }
        @Nullable String[] errors = new @Nullable String[size];
        int place = 0;
        for (String line : text.split("\\R")) {
            Matcher item = ITEM.matcher(line);
            if (item.matches() && Integer.parseInt(item.group(1)) < size) {
                place = Integer.parseInt(item.group(1));
                errors[place] = item.group(2);
            } else {
                errors[place] += ' ' + line;
            }
        }
        return errors;
    }

    /** The first word, where it is a code; else nothing. */
    static String code(String error) {
        Matcher inScript = IN_SCRIPT.matcher(error);
        if (inScript.find()) {
            return inScript.group(1);
        }
        int end = error.indexOf(' ');
        String word = end < 0 ? error : error.substring(0, end);
        return LATER.contains(word) || ROUTE.contains(word) ? word : "";
    }

    /** Of one command. */
    static Outcome of(String error) {
        String code = code(error);
        String text = Words.said(error);
        if (LATER.contains(code) || EXCEPTION.matcher(error).matches()) {
            return Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, text, Duration.ZERO);
        }
        boolean storm = ROUTE.contains(code) || error.startsWith("The user executing the script can't");
        return Outcome.rejected(ErrorCode.TARGET_REJECTED, text, storm);
    }

    /** Of a whole batch: what the server said to the handshake, or what broke. */
    static Outcome of(Throwable failure) {
        String error = String.valueOf(failure.getMessage());
        String text = Words.said(error);
        if (failure instanceof TimeoutException) {
            return Outcome.retry(ErrorCode.TARGET_TIMEOUT, text, Duration.ZERO);
        }
        if (error.contains("waiting queue is full")) {
            return Outcome.retry(ErrorCode.RATE_LIMITED, text, Duration.ZERO);
        }
        boolean refused =
                failure instanceof Response && !LATER.contains(code(error)) && !error.contains("max number of clients");
        return refused
                ? Outcome.rejected(ErrorCode.TARGET_REJECTED, text, true)
                : Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, text, Duration.ZERO);
    }
}

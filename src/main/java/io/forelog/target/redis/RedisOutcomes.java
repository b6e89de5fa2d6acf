package io.forelog.target.redis;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.target.Pipeline;
import io.forelog.target.RetryTable;
import io.forelog.target.Words;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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
            new RetryTable.Row("what is no answer of Redis", "retry", "with a new connection; opens the breaker"),
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
            RedisProtocol.UNREADABLE);
    private static final Set<String> ROUTE =
            Set.of("NOAUTH", "WRONGPASS", "NOPERM", "NOPROTO", "DENIED", "MOVED", "ASK");
    /** Servers before 7 put the code of an error within a script behind this. */
    private static final Pattern IN_SCRIPT = Pattern.compile("@user_script: ?\\d+: ?-?([A-Z]+)\\b.*");

    private RedisOutcomes() {}

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
        if (LATER.contains(code)) {
            return Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, text, Duration.ZERO);
        }
        boolean storm = ROUTE.contains(code) || error.startsWith("The user executing the script can't");
        return Outcome.rejected(ErrorCode.TARGET_REJECTED, text, storm);
    }

    /** Of what had no answer: what the server said to the handshake, or what broke. */
    static Outcome of(Throwable cut) {
        String error = String.valueOf(cut.getMessage());
        String text = Words.said(cut);
        if (cut instanceof Pipeline.Refused) {
            return LATER.contains(code(error)) || error.contains("max number of clients")
                    ? Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, text, Duration.ZERO)
                    : Outcome.rejected(ErrorCode.TARGET_REJECTED, text, true);
        }
        ErrorCode code = cut instanceof TimeoutException
                ? ErrorCode.TARGET_TIMEOUT
                : cut instanceof Pipeline.Full ? ErrorCode.RATE_LIMITED : ErrorCode.TARGET_UNAVAILABLE;
        return Outcome.retry(code, text, Duration.ZERO);
    }
}

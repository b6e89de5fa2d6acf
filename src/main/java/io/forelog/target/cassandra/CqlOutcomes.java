package io.forelog.target.cassandra;

import com.datastax.oss.driver.api.core.AllNodesFailedException;
import com.datastax.oss.driver.api.core.DriverTimeoutException;
import com.datastax.oss.driver.api.core.InvalidKeyspaceException;
import com.datastax.oss.driver.api.core.NoNodeAvailableException;
import com.datastax.oss.driver.api.core.RequestThrottlingException;
import com.datastax.oss.driver.api.core.auth.AuthenticationException;
import com.datastax.oss.driver.api.core.connection.BusyConnectionException;
import com.datastax.oss.driver.api.core.metadata.Node;
import com.datastax.oss.driver.api.core.servererrors.CASWriteUnknownException;
import com.datastax.oss.driver.api.core.servererrors.FunctionFailureException;
import com.datastax.oss.driver.api.core.servererrors.InvalidConfigurationInQueryException;
import com.datastax.oss.driver.api.core.servererrors.InvalidQueryException;
import com.datastax.oss.driver.api.core.servererrors.OverloadedException;
import com.datastax.oss.driver.api.core.servererrors.QueryValidationException;
import com.datastax.oss.driver.api.core.servererrors.ReadTimeoutException;
import com.datastax.oss.driver.api.core.servererrors.WriteTimeoutException;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.model.WalException;
import io.forelog.target.RetryTable;
import io.forelog.target.Words;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Which of the driver's errors retries and which rejects. Stateless, any thread. */
final class CqlOutcomes {
    static final RetryTable TABLE = new RetryTable(List.of(
            new RetryTable.Row(
                    "confirmed by as many replicas as `consistency` asks for",
                    "applied",
                    "what is older than what is there, and an IF that is not met, too"),
            new RetryTable.Row(
                    "Unavailable, bootstrapping, server error, write or read failure", "retry", "opens the breaker"),
            new RetryTable.Row("write timeout, read timeout, no answer in time", "retry", "opens the breaker"),
            new RetryTable.Row("overloaded, no request free on the connection", "retry", "lowers the adaptive limit"),
            new RetryTable.Row(
                    "no node available, no connection, reset, TLS or DNS failure", "retry", "opens the breaker"),
            new RetryTable.Row("all others", "retry", "opens the breaker"),
            new RetryTable.Row(
                    "invalid query: what the server refuses of one entry", "dead-letter", "with the server's words"),
            new RetryTable.Row("a function in the statement fails", "dead-letter", "with the server's words"),
            new RetryTable.Row(
                    "a value that is not of its marker's type, a payload that is no JSON or no text, no key, a ttl that is"
                            + " none, write_time over 60 s ahead",
                    "dead-letter",
                    "the server is not asked"),
            new RetryTable.Row("no statement for the operation", "dead-letter", ""),
            new RetryTable.Row(
                    "a statement that can't be prepared: syntax, no such keyspace, table or column",
                    "dead-letter",
                    "a storm of them pauses the route instead"),
            new RetryTable.Row(
                    "unauthorized, a refused user or password",
                    "dead-letter",
                    "a storm of them pauses the route instead")));

    /** Said of a table that was there when the statement was prepared. */
    private static final Pattern GONE =
            Pattern.compile("does not exist|unconfigured table|Undefined column|Unknown (?:keyspace|identifier)");
    /** The server could not read who there is. */
    private static final String NOT_NOW = "Unable to perform authentication";

    private CqlOutcomes() {}

    /** Of a statement that the server or the driver does not want, whatever the entry. */
    static Outcome ofPreparing(Throwable failure) {
        Outcome outcome = of(failure);
        return outcome instanceof Outcome.Rejected rejected
                ? Outcome.rejected(rejected.code(), rejected.text(), true)
                : outcome;
    }

    static Outcome of(Throwable thrown) {
        Throwable failure =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        if (failure instanceof WalException told) {
            return told.code() == ErrorCode.TARGET_REJECTED
                    ? rejected(String.valueOf(told.getMessage()), false)
                    : retry(told.code(), String.valueOf(told.getMessage()));
        }
        if (failure instanceof NoNodeAvailableException) {
            return retry(
                    ErrorCode.TARGET_UNAVAILABLE, "no node available (expected: one that is up, in local_datacenter)");
        }
        if (failure instanceof AllNodesFailedException all) {
            return ofNodes(all);
        }
        return ofOne(failure, "");
    }

    /** The worst that was said: what refuses goes before what may pass. */
    private static Outcome ofNodes(AllNodesFailedException all) {
        Outcome last = retry(ErrorCode.TARGET_UNAVAILABLE, text(all));
        for (Map.Entry<Node, List<Throwable>> node : all.getAllErrors().entrySet()) {
            for (Throwable said : node.getValue()) {
                last = ofOne(said, node.getKey().getEndPoint() + ": ");
                if (last.kind() == Outcome.Kind.REJECTED) {
                    return last;
                }
            }
        }
        return last;
    }

    private static Outcome ofOne(Throwable failure, String node) {
        String text = text(failure);
        AuthenticationException refused = find(failure, AuthenticationException.class);
        if (refused != null) {
            text = text(refused);
            return text.contains(NOT_NOW) ? retry(ErrorCode.TARGET_UNAVAILABLE, node + text) : rejected(text, true);
        }
        if (failure instanceof InvalidQueryException || failure instanceof InvalidConfigurationInQueryException) {
            return rejected(text, GONE.matcher(text).find());
        }
        if (failure instanceof QueryValidationException || find(failure, InvalidKeyspaceException.class) != null) {
            return rejected(text, true);
        }
        if (failure instanceof FunctionFailureException) {
            return rejected(text, false);
        }
        if (failure instanceof OverloadedException
                || failure instanceof BusyConnectionException
                || failure instanceof RequestThrottlingException) {
            return retry(ErrorCode.RATE_LIMITED, node + text);
        }
        boolean late = failure instanceof DriverTimeoutException
                || failure instanceof WriteTimeoutException
                || failure instanceof ReadTimeoutException
                || failure instanceof CASWriteUnknownException
                || failure instanceof TimeoutException;
        return retry(late ? ErrorCode.TARGET_TIMEOUT : ErrorCode.TARGET_UNAVAILABLE, node + text);
    }

    private static <T extends Throwable> @Nullable T find(Throwable failure, Class<T> type) {
        int depth = 0;
        for (Throwable at = failure; at != null && depth < 8; at = at.getCause(), depth++) {
            if (type.isInstance(at)) {
                return type.cast(at);
            }
        }
        return null;
    }

    /** Its own words and those of what is behind it, which tell more of a connection. */
    private static String text(Throwable failure) {
        String name = failure.getClass().getSimpleName().replaceFirst("Exception$", "");
        String said = failure.getMessage();
        Throwable cause = failure.getCause();
        String behind = cause == null || cause.getMessage() == null ? "" : ", " + cause.getMessage();
        return name + ": " + (said == null ? "" : said) + behind;
    }

    private static Outcome rejected(String text, boolean storm) {
        return Outcome.rejected(ErrorCode.TARGET_REJECTED, Words.said(text), storm);
    }

    private static Outcome retry(ErrorCode code, String text) {
        return Outcome.retry(code, Words.said(text), Duration.ZERO);
    }
}

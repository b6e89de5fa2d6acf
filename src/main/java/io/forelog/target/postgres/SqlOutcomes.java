package io.forelog.target.postgres;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.model.WalException;
import io.forelog.target.RetryTable;
import io.forelog.target.Words;
import io.vertx.pgclient.PgException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which SQLSTATE retries and which rejects. Stateless, any thread. */
final class SqlOutcomes {
    static final RetryTable TABLE = new RetryTable(List.of(
            new RetryTable.Row("committed", "applied", "a guard that finds a newer version, too: last write wins"),
            new RetryTable.Row(
                    "a statement of a batch fails", "as each alone is answered", "the batch is rolled back first"),
            new RetryTable.Row(
                    "08*, 53*, 57P*, 58*, XX*: connection, resources, shutdown, disk", "retry", "opens the breaker"),
            new RetryTable.Row("25006: the server is read only", "retry", "opens the breaker; with a new connection"),
            new RetryTable.Row(
                    "40*, 55*: serialization, deadlock, lock not available", "retry", "lowers the adaptive limit"),
            new RetryTable.Row("57014: over the time of a statement", "retry", "opens the breaker"),
            new RetryTable.Row("no connection, reset, TLS failure, no answer in time", "retry", "opens the breaker"),
            new RetryTable.Row("all others", "retry", "opens the breaker"),
            new RetryTable.Row(
                    "0A*, 21*, 22*, 23*, 27*, 44*, 54*, P0*: data, constraints, what a trigger raises",
                    "dead-letter",
                    "with the server's message, detail, column and constraint"),
            new RetryTable.Row(
                    "a value that is not of the parameter's type, a payload that is no JSON or no text",
                    "dead-letter",
                    "the server is not asked"),
            new RetryTable.Row("no statement for the operation", "dead-letter", ""),
            new RetryTable.Row(
                    "28*, 3D*, 3F*, 42*: user, password, permission, no such database, table or column, syntax",
                    "dead-letter",
                    "a storm of them pauses the route instead")));

    private static final Set<String> OF_THE_ROUTE = Set.of("28", "3D", "3F", "42");
    private static final Set<String> OF_THE_ENTRY = Set.of("0A", "21", "22", "23", "27", "44", "54", "P0");
    private static final Set<String> CONTENTION = Set.of("40", "55");
    private static final String CANCELLED = "57014";
    private static final String READ_ONLY = "25006";
    /** Where the server finds that a table has changed under a prepared statement, which is then prepared anew. */
    private static final String STALE_PLAN = "RevalidateCachedQuery";

    private static final String STALE_PLAN_STATE = "0A000";
    /** Of what speaks the protocol and does not say where. */
    private static final String STALE_PLAN_TEXT = "cached plan must not change result type";

    private SqlOutcomes() {}

    static Outcome of(Throwable failure) {
        if (failure instanceof WalException told) {
            return told.code() == ErrorCode.TARGET_REJECTED
                    ? Outcome.rejected(told.code(), Words.said(String.valueOf(told.getMessage())), false)
                    : Outcome.retry(told.code(), Words.said(String.valueOf(told.getMessage())), Duration.ZERO);
        }
        if (failure instanceof PgException answer) {
            return of(answer);
        }
        if (isRefusedByClient(failure)) {
            return Outcome.rejected(
                    ErrorCode.TARGET_REJECTED,
                    "a value that is not of its parameter's type (expected: a cast such as ::text)",
                    false);
        }
        return Outcome.retry(
                ErrorCode.TARGET_UNAVAILABLE, Words.said(String.valueOf(failure.getMessage())), Duration.ZERO);
    }

    /** Whether nothing more is to be had from the connection, or from the server, whatever the statement. */
    static boolean isOfTheServer(Throwable failure) {
        if (failure instanceof PgException answer) {
            String state = state(answer);
            return state.equals(READ_ONLY) || isUnavailable(state) && !state.equals(CANCELLED);
        }
        return !isRefusedByClient(failure);
    }

    /** Whether the client found that a value is not of the type that the server wants, and has sent nothing. */
    static boolean isRefusedByClient(Throwable failure) {
        String text = failure.getMessage();
        return text != null && text.startsWith("Parameter at position[");
    }

    private static Outcome of(PgException answer) {
        String state = state(answer);
        String group = state.length() < 2 ? "" : state.substring(0, 2);
        String text = text(answer, state);
        if (OF_THE_ROUTE.contains(group)) {
            return Outcome.rejected(ErrorCode.TARGET_REJECTED, text, true);
        }
        if (OF_THE_ENTRY.contains(group) && !isStalePlan(answer, state)) {
            return Outcome.rejected(ErrorCode.TARGET_REJECTED, text, false);
        }
        ErrorCode code = CONTENTION.contains(group)
                ? ErrorCode.RATE_LIMITED
                : state.equals(CANCELLED) ? ErrorCode.TARGET_TIMEOUT : ErrorCode.TARGET_UNAVAILABLE;
        return Outcome.retry(code, text, Duration.ZERO);
    }

    /** The message is in the server's language, the routine is not. */
    private static boolean isStalePlan(PgException answer, String state) {
        String routine = answer.getRoutine();
        return state.equals(STALE_PLAN_STATE)
                && (routine == null || routine.isEmpty()
                        ? STALE_PLAN_TEXT.equals(answer.getErrorMessage())
                        : routine.equals(STALE_PLAN));
    }

    private static boolean isUnavailable(String state) {
        return List.of("08", "53", "57", "58", "XX").stream().anyMatch(state::startsWith);
    }

    private static String state(PgException answer) {
        String state = answer.getSqlState();
        return state == null ? "" : state;
    }

    private static String text(PgException answer, String state) {
        StringBuilder text = new StringBuilder(state).append(": ").append(answer.getErrorMessage());
        append(text, "; detail: ", answer.getDetail());
        append(text, "; column: ", answer.getColumn());
        append(text, "; constraint: ", answer.getConstraint());
        return Words.said(text.toString());
    }

    private static void append(StringBuilder text, String name, @Nullable String value) {
        if (value != null && !value.isEmpty()) {
            text.append(name).append(value);
        }
    }
}

package io.forelog.target.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.target.HttpAnswer;
import io.forelog.target.RetryTable;
import io.forelog.target.Words;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which answer to a bulk request, or to an item of it, retries and which rejects. Stateless, any thread. */
final class BulkOutcomes {
    static final RetryTable TABLE = new RetryTable(List.of(
            new RetryTable.Row("item 200, 201", "applied", ""),
            new RetryTable.Row(
                    "item 409 version_conflict_engine_exception",
                    "applied",
                    "the document has this version or a newer one: last write wins"),
            new RetryTable.Row("item 404 of a delete", "applied", "there was nothing; its version is kept"),
            new RetryTable.Row(
                    "item cluster_block_exception, whatever its status",
                    "retry",
                    "opens the breaker: a full disk, a block that somebody set"),
            new RetryTable.Row("item 429, es_rejected_execution_exception", "retry", "lowers the adaptive limit"),
            new RetryTable.Row("item 408, other 409, 5xx", "retry", "opens the breaker"),
            new RetryTable.Row(
                    "item 401, 403, 404 index_not_found_exception, index_closed_exception, a pipeline that does not exist",
                    "dead-letter",
                    "a storm of them pauses the route instead"),
            new RetryTable.Row(
                    "item other 4xx: mapper_parsing_exception, …",
                    "dead-letter",
                    "with the server's type, reason and cause"),
            new RetryTable.Row(
                    "HTTP 400, 413 for several",
                    "sent again in halves",
                    "until it is one alone; after 413 later requests are smaller, too"),
            new RetryTable.Row("HTTP 400, 413 for one alone", "dead-letter", ""),
            new RetryTable.Row("HTTP 429", "retry", "not before Retry-After; lowers the adaptive limit"),
            new RetryTable.Row("HTTP 408, 425, 5xx", "retry", "not before Retry-After; opens the breaker"),
            new RetryTable.Row(
                    "HTTP 401, 403, 404, 3xx and other 4xx", "dead-letter", "a storm of them pauses the route instead"),
            new RetryTable.Row(
                    "HTTP 2xx that is no answer to a bulk request, or breaks off", "retry", "opens the breaker"),
            new RetryTable.Row(
                    "no connection, reset, TLS or DNS failure, no answer in time",
                    "the next node is asked, then retry",
                    "the node rests, 1 s to 30 s; where none answers the breaker opens"),
            new RetryTable.Row(
                    "no key, an id over 512 bytes, a payload that is no JSON object, TOUCH, write_time over 60 s ahead",
                    "dead-letter",
                    "the server is not asked")));

    private static final String CONFLICT = "version_conflict_engine_exception";

    private BulkOutcomes() {}

    /** Of one item; {@code error} null where the server tells none. */
    static Outcome of(int status, @Nullable JsonNode error) {
        return error == null ? told(status, MissingNode.getInstance()) : told(status, error);
    }

    private static Outcome told(int status, JsonNode error) {
        if (status / 100 == 2 || status == 404 && error.isMissingNode()) {
            return Outcome.applied();
        }
        String type = error.path("type").asText("");
        if (status == 409 && type.equals(CONFLICT)) {
            return Outcome.applied();
        }
        String text = text(status, type, error);
        if (type.equals("cluster_block_exception")) {
            return Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, text, Duration.ZERO);
        }
        if (status == 429 || type.endsWith("rejected_execution_exception")) {
            return Outcome.retry(ErrorCode.RATE_LIMITED, text, Duration.ZERO);
        }
        if (status == 408 || status == 409 || status >= 500 || status < 400) {
            return Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, text, Duration.ZERO);
        }
        return Outcome.rejected(ErrorCode.TARGET_REJECTED, text, isOfTheRoute(status, type, error));
    }

    private static boolean isOfTheRoute(int status, String type, JsonNode error) {
        return status == 401
                || status == 403
                || status == 404
                || type.equals("index_closed_exception")
                || error.path("reason").asText("").startsWith("pipeline with id [");
    }

    private static String text(int status, String type, JsonNode error) {
        StringBuilder text = new StringBuilder().append(status);
        append(text, " ", type);
        append(
                text,
                ": ",
                error.isTextual() ? error.textValue() : error.path("reason").asText(""));
        append(text, "; caused by: ", error.path("caused_by").path("reason").asText(""));
        return Words.said(text.toString());
    }

    private static void append(StringBuilder text, String name, String value) {
        if (!value.isEmpty()) {
            text.append(name).append(value);
        }
    }

    /** Whether the same might go through in parts. */
    static boolean splits(HttpAnswer answer) {
        return answer.status() == 400 || answer.status() == 413;
    }

    /** Of all items of a request that was not answered item by item. */
    static Outcome of(HttpAnswer answer) {
        if (answer.status() / 100 == 2) {
            String what = answer.whole() ? "no answer to a bulk request: " : "the answer broke off: ";
            return Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, Words.said(what + answer.said()), Duration.ZERO);
        }
        Outcome outcome = answer.outcome();
        return outcome instanceof Outcome.Rejected rejected
                ? Outcome.rejected(rejected.code(), rejected.text(), !splits(answer))
                : outcome;
    }
}

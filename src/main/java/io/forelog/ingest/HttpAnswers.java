package io.forelog.ingest;

import io.forelog.ingest.Refusal.Violation;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Durable;
import io.forelog.model.Elsewhere;
import io.forelog.model.ErrorCode;
import io.forelog.model.Receipt;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.impl.HttpServerConnection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Answers of the HTTP edge: a small JSON object for what is durable, {@code application/problem+json} (RFC 9457) for all
 * else. Stateless, event loops.
 */
final class HttpAnswers {
    static final CharSequence JSON = HttpHeaders.createOptimized("application/json");
    static final CharSequence PROBLEM = HttpHeaders.createOptimized("application/problem+json");
    static final CharSequence DEDUPE = HttpHeaders.createOptimized("forelog-dedupe");
    static final CharSequence DEDUPE_NONE = HttpHeaders.createOptimized("none");

    private static final String HEX = "0123456789abcdef";
    private static final long RETRY_MILLIS = 1_000;

    private HttpAnswers() {}

    /** See {@link Reply#undeduped}. */
    static void undeduped(HttpServerResponse response) {
        if (!response.headWritten()) {
            response.putHeader(DEDUPE, DEDUPE_NONE);
        }
    }

    /** What the codec could not make a request of. The connection ends behind the answer. */
    static void invalid(HttpServerRequest request) {
        Throwable cause = request.decoderResult().cause();
        int status = 400;
        String limit = "";
        if (cause instanceof TooLongHttpLineException) {
            status = 414;
            limit = " (expected: a shorter path and query)";
        } else if (cause instanceof TooLongHttpHeaderException) {
            status = 431;
            limit = " (expected: fewer or shorter headers)";
        }
        unreadable(request, status, "request: " + cause.getMessage() + limit);
    }

    /** A body that is not framed as HTTP/1 has it. Vert.x closes the connection next, whatever is not flushed by then. */
    static void unframed(HttpServerRequest request, Throwable cause) {
        unreadable(request, 400, "body: " + cause.getMessage() + " (expected: chunks as RFC 9112 has them)");
        if (request.connection() instanceof HttpServerConnection connection) {
            connection.channelHandlerContext().channel().flush();
        }
    }

    private static void unreadable(HttpServerRequest request, int status, String detail) {
        HttpServerResponse response = request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        plain(response, status, ErrorCode.MALFORMED_BODY, detail);
    }

    /** The body of a durable write. */
    static Buffer durable(AppendOutcome outcome) {
        StringBuilder json = new StringBuilder(160).append('{');
        outcome(json, outcome);
        return Buffer.buffer(json.append('}').toString());
    }

    /** The fields of an outcome, without braces. */
    static void outcome(StringBuilder json, AppendOutcome outcome) {
        json.append("\"durable\":\"").append(outcome.durable()).append('"');
        if (outcome.durable() != Durable.FALSE) {
            json.append(",\"entry_id\":\"").append(outcome.id()).append('"');
        }
        if (outcome.code() != null) {
            json.append(",\"code\":\"").append(outcome.code()).append('"');
        }
        json.append(",\"message\":");
        string(json, outcome.code() == null ? outcome.text() : outcome.code() + ": " + outcome.text());
        Receipt receipt = outcome.receipt();
        if (receipt != null) {
            json.append(",\"receipt\":");
            string(json, receipt.toString());
        }
        if (outcome.duplicate()) {
            json.append(",\"duplicate\":true");
        }
    }

    /** The fields of a refused entry of a batch, without braces. */
    static void refusal(StringBuilder json, Refusal refusal) {
        json.append("\"durable\":\"FALSE\",\"code\":\"").append(refusal.code()).append("\",\"message\":");
        string(json, refusal.message());
    }

    /** Nothing, or a shard or node, and {@code addresses}, maybe none. */
    private static void elsewhere(StringBuilder json, Refusal refusal) {
        Elsewhere elsewhere = refusal.elsewhere();
        if (elsewhere == null) {
            return;
        }
        if (!elsewhere.shard().isEmpty()) {
            json.append(",\"shard\":");
            string(json, elsewhere.shard());
        }
        if (!elsewhere.node().isEmpty()) {
            json.append(",\"node\":");
            string(json, elsewhere.node());
        }
        json.append(",\"addresses\":[");
        String comma = "";
        for (String address : elsewhere.addresses()) {
            json.append(comma);
            string(json, address);
            comma = ",";
        }
        json.append(']');
    }

    static void problem(HttpServerResponse response, Refusal refusal) {
        problem(response, refusal, Durable.FALSE, "");
    }

    /** A decided write that is not durable. */
    static void problem(HttpServerResponse response, AppendOutcome outcome) {
        if (outcome.durable() == Durable.UNKNOWN) {
            Refusal unknown =
                    Refusal.of(outcome.code() == null ? ErrorCode.UNKNOWN_DURABILITY : outcome.code(), outcome.text());
            problem(response, unknown, Durable.UNKNOWN, outcome.id().toString());
        } else {
            problem(response, Refusal.of(outcome), Durable.FALSE, "");
        }
    }

    /** Of a question about an entry, which says nothing of whether the entry is durable. */
    static void noWrite(HttpServerResponse response, Refusal refusal) {
        problem(response, refusal, refusal.code().httpStatus(), Durable.UNKNOWN, "");
    }

    private static void problem(HttpServerResponse response, Refusal refusal, Durable durable, String entryId) {
        int status = durable == Durable.UNKNOWN ? 504 : refusal.code().httpStatus();
        problem(response, refusal, status, durable, entryId);
    }

    private static void problem(
            HttpServerResponse response, Refusal refusal, int status, Durable durable, String entryId) {
        response.setStatusCode(status).putHeader(HttpHeaders.CONTENT_TYPE, PROBLEM);
        if (status == 429 || status == 503) {
            long millis = refusal.retryAfterMillis() > 0 ? refusal.retryAfterMillis() : RETRY_MILLIS;
            response.putHeader(HttpHeaders.RETRY_AFTER, Long.toString(Math.max(1, (millis + 999) / 1_000)));
        }
        if (refusal.code() == ErrorCode.DRAINING && response.streamId() < 0) {
            // HTTP/1: who keeps the connection would meet a closed one with the next write.
            response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
        response.end(body(refusal, status, durable, entryId));
    }

    /** A problem of HTTP itself, before any write: 405, 417 and their like. */
    static void plain(HttpServerResponse response, int status, ErrorCode code, String detail) {
        response.setStatusCode(status).putHeader(HttpHeaders.CONTENT_TYPE, PROBLEM);
        response.end(body(Refusal.of(code, detail), status, Durable.FALSE, ""));
    }

    private static Buffer body(Refusal refusal, int status, @Nullable Durable durable, String entryId) {
        String code = refusal.code().name();
        StringBuilder json = new StringBuilder(320)
                .append("{\"type\":\"urn:forelog:problem:")
                .append(code.toLowerCase(Locale.ROOT).replace('_', '-'))
                .append("\",\"title\":\"")
                .append(title(code))
                .append("\",\"status\":")
                .append(status)
                .append(",\"detail\":");
        string(json, refusal.text());
        json.append(",\"code\":\"")
                .append(code)
                .append("\",\"durable\":\"")
                .append(durable)
                .append('"');
        if (!entryId.isEmpty()) {
            json.append(",\"entry_id\":\"").append(entryId).append('"');
        }
        elsewhere(json, refusal);
        if (!refusal.violations().isEmpty()) {
            json.append(",\"errors\":[");
            String comma = "";
            for (Violation violation : refusal.violations()) {
                json.append(comma).append("{\"field\":");
                string(json, violation.field());
                json.append(",\"detail\":");
                string(json, violation.text());
                json.append('}');
                comma = ",";
            }
            json.append(']');
        }
        return Buffer.buffer(json.append('}').toString());
    }

    private static String title(String code) {
        String words = code.toLowerCase(Locale.ROOT).replace('_', ' ');
        return Character.toUpperCase(words.charAt(0)) + words.substring(1);
    }

    static void string(StringBuilder json, String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < ' ' || Character.isSurrogate(c)) {
                json.append("\\u")
                        .append(HEX.charAt(c >> 12))
                        .append(HEX.charAt((c >> 8) & 0xF))
                        .append(HEX.charAt((c >> 4) & 0xF))
                        .append(HEX.charAt(c & 0xF));
            } else {
                json.append(c);
            }
        }
        json.append('"');
    }
}

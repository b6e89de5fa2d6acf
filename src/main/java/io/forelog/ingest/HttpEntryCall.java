package io.forelog.ingest;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import java.io.IOException;

/**
 * {@code GET}, {@code DELETE} and {@code PATCH} of one entry, through the {@link EntryDesk}. Stateless, event loops.
 */
final class HttpEntryCall {
    private static final int BODY_BYTES_MAX = 4_096;

    private final EntryDesk desk;
    private final Ticker ticker;
    private final Bodies bodies;

    HttpEntryCall(EntryDesk desk, Ticker ticker, Bodies bodies) {
        this.bodies = bodies;
        this.desk = desk;
        this.ticker = ticker;
    }

    void get(HttpServerRequest request, String namespace, String id) {
        answer(request, () -> desk.find(namespace, EntryId.parse(id)));
    }

    void delete(HttpServerRequest request, String namespace, String id) {
        answer(request, () -> desk.cancel(namespace, EntryId.parse(id)));
    }

    void patch(HttpServerRequest request, String namespace, String id) {
        HttpBody.read(
                request,
                bodies,
                BODY_BYTES_MAX,
                body -> answer(
                        request,
                        () -> desk.reschedule(namespace, EntryId.parse(id), dueMicros(body, ticker.micros()))));
    }

    /** {@code {"due": "2026-01-31T12:00:00Z"}} or {@code {"delay": "PT5S"}}, counted from now. */
    static long dueMicros(Buffer body, long nowMicros) {
        try (JsonParser in = JsonRequests.parser(HttpBody.slice(body))) {
            if (in.nextToken() == JsonToken.START_OBJECT && in.nextToken() == JsonToken.FIELD_NAME) {
                String name = in.currentName();
                if (in.nextToken() == JsonToken.VALUE_STRING) {
                    String text = in.getText();
                    if (in.nextToken() == JsonToken.END_OBJECT && in.nextToken() == null) {
                        return dueMicros(name, text, nowMicros);
                    }
                }
            }
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "body: something else (expected: {\"due\": a time} or {\"delay\": a duration from now})");
        } catch (IOException e) {
            throw JsonRequests.malformed(e);
        }
    }

    private static long dueMicros(String name, String text, long nowMicros) {
        long due = switch (name) {
            case "due" -> Times.instantMicros(name, text);
            case "delay" -> {
                long delay = Times.durationMicros(name, text);
                if (delay < 0) {
                    throw JsonRequests.invalid(name, text, ">= PT0S");
                }
                yield nowMicros + delay;
            }
            default -> throw JsonRequests.invalid(name, "unknown field", "due or delay");
        };
        if (due < 0) {
            throw JsonRequests.invalid(name, text, "a time that can be reached");
        }
        return due;
    }

    /** What is asked, and may be refused at once. */
    @FunctionalInterface
    private interface Question {
        Future<JsonObject> ask();
    }

    private static void answer(HttpServerRequest request, Question question) {
        Future<JsonObject> answer;
        try {
            answer = question.ask();
        } catch (WalException e) {
            answer = Future.failedFuture(e);
        }
        HttpServerResponse response = request.response();
        answer.onComplete(
                found -> {
                    if (!response.closed() && !response.ended()) {
                        response.putHeader(HttpHeaders.CONTENT_TYPE, HttpAnswers.JSON)
                                .end(found.toBuffer());
                    }
                },
                failure -> {
                    if (!response.closed() && !response.ended()) {
                        HttpAnswers.noWrite(response, Refusal.of(WalException.of(failure)));
                    }
                });
    }
}

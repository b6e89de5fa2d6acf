package io.forelog.ingest;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The forms that a write can have over HTTP. Stateless, event loops. */
enum HttpForm {
    JSON,
    RAW,
    EVENT_BINARY,
    EVENT_STRUCTURED,
    EVENT_BATCH,
    JSON_LINES;

    private static final int ENVELOPE_BYTES = 64 << 10;

    /** What the headers say; UNSUPPORTED_MEDIA_TYPE where it is none of them. */
    static HttpForm of(MultiMap headers) {
        String type = mediaType(headers.get(HttpHeaders.CONTENT_TYPE));
        if (CloudEvents.isBinary(headers)) {
            return EVENT_BINARY;
        }
        if ("true".equalsIgnoreCase(headers.get("forelog-raw"))) {
            return RAW;
        }
        return switch (type) {
            case "application/json" -> ofFields(JSON, headers);
            case CloudEvents.STRUCTURED -> EVENT_STRUCTURED;
            case CloudEvents.BATCH -> EVENT_BATCH;
            case "application/x-ndjson", "application/jsonl", "application/x-jsonlines" ->
                ofFields(JSON_LINES, headers);
            case "application/x-www-form-urlencoded", "multipart/form-data" ->
                throw new WalException(
                        ErrorCode.UNSUPPORTED_MEDIA_TYPE,
                        "Content-Type: " + type
                                + " (expected: application/json, a CloudEvent, or the payload's own type; with"
                                + " Forelog-Raw: true any type is the payload's)");
            default -> RAW;
        };
    }

    private static HttpForm ofFields(HttpForm form, MultiMap headers) {
        HttpHeadersIn.refuseTerms(headers);
        return form;
    }

    private static String mediaType(@Nullable String contentType) {
        if (contentType == null || contentType.equals("application/json")) {
            return contentType == null ? "" : contentType;
        }
        int end = contentType.indexOf(';');
        return (end < 0 ? contentType : contentType.substring(0, end)).trim().toLowerCase(Locale.ROOT);
    }

    boolean isOfOne() {
        return this != EVENT_BATCH && this != JSON_LINES;
    }

    /** The largest body that may hold one payload of {@code payloadBytesMax}. */
    int bodyBytesMax(int payloadBytesMax, int limit) {
        long largest = switch (this) {
            case RAW, EVENT_BINARY -> payloadBytesMax;
            default -> payloadBytesMax * 2L + ENVELOPE_BYTES; // base64, or a text of which many characters are escaped
        };
        return (int) Math.min(largest, this == RAW || this == EVENT_BINARY ? limit : limit * 2L);
    }

    /** One write out of {@code body}. Fails as its reader does. */
    WriteRequest read(String namespace, MultiMap headers, Buffer body) {
        return switch (this) {
            case JSON -> json(namespace, headers, HttpBody.slice(body));
            case EVENT_STRUCTURED ->
                CloudEvents.structured(namespace, headers, HttpBody.slice(body)).request();
            case EVENT_BINARY -> CloudEvents.binary(namespace, headers, body).request();
            case RAW -> {
                WriteRequest.Draft draft = HttpHeadersIn.draft(namespace, headers);
                draft.payload = body;
                yield draft.request();
            }
            case EVENT_BATCH, JSON_LINES ->
                throw new WalException(
                        ErrorCode.UNSUPPORTED_MEDIA_TYPE,
                        "Content-Type: " + headers.get(HttpHeaders.CONTENT_TYPE)
                                + " (expected: at entries:batch only)");
        };
    }

    /** One write of several; a token of the request becomes one for each of them. */
    WriteRequest readOneOf(String namespace, MultiMap headers, JsonRequests.Slice element, int index) {
        WriteRequest.Draft draft;
        if (this == EVENT_BATCH) {
            draft = CloudEvents.structured(namespace, headers, element);
            draft.token = null;
        } else {
            draft = JsonRequests.one(namespace, element);
            told(draft, headers);
        }
        String token = draft.token == null ? HttpHeadersIn.token(headers) : null;
        if (token != null) {
            draft.token = token.isEmpty() ? token : token + '#' + index; // an empty one is refused as in other forms
        }
        return draft.request();
    }

    private static WriteRequest json(String namespace, MultiMap headers, JsonRequests.Slice body) {
        WriteRequest.Draft draft = JsonRequests.one(namespace, body);
        HttpHeadersIn.token(draft, headers);
        told(draft, headers);
        return draft.request();
    }

    /** What the request says for a body that does not say it itself. */
    private static void told(WriteRequest.Draft draft, MultiMap headers) {
        String priority = headers.get("forelog-priority");
        if (priority != null && draft.priority == 0) {
            draft.priority = HttpHeadersIn.priority(priority);
        }
        trace(draft, headers);
    }

    private static void trace(WriteRequest.Draft draft, MultiMap headers) {
        String traceparent = headers.get("traceparent");
        if (traceparent == null || draft.headers.containsKey("traceparent")) {
            return;
        }
        Map<String, String> carried = draft.headers.isEmpty() ? new HashMap<>() : draft.headers;
        carried.put("traceparent", traceparent);
        String tracestate = headers.get("tracestate");
        if (tracestate != null) {
            carried.put("tracestate", tracestate);
        }
        draft.headers = carried;
    }
}

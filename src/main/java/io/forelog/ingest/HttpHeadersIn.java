package io.forelog.ingest;

import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import io.forelog.model.WalException;
import io.forelog.wire.Bytes;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the headers of an HTTP write say: all of it in the raw and CloudEvents forms, token, priority and trace in every
 * form. Stateless, event loops.
 */
final class HttpHeadersIn {
    /** As they are told. */
    static final String KNOWN = "Forelog-Delay, -Jitter, -Time-To-Live, -Write-Time, -Target, -Destination, -Key,"
            + " -Key-Base64, -Operation, -Priority, -Timeout, -Raw, -Attribute-<name>, -Header-<name>";

    private static final String OURS = "forelog-";
    private static final String ATTRIBUTE = "forelog-attribute-";
    private static final String HEADER = "forelog-header-";
    private static final String EVENT = "ce-";

    private HttpHeadersIn() {}

    /** The whole draft of a raw or binary CloudEvents write but its payload. */
    static WriteRequest.Draft draft(String namespace, MultiMap headers) {
        WriteRequest.Draft draft = new WriteRequest.Draft();
        draft.namespace = namespace;
        Map<String, String> carried = new HashMap<>();
        for (Map.Entry<String, String> header : headers) {
            String name = header.getKey().toLowerCase(Locale.ROOT);
            String value = header.getValue();
            if (name.startsWith(OURS)) {
                ours(draft, carried, name, value);
            } else if (name.startsWith(EVENT) || isCarried(name)) {
                carried.put(name, value);
            }
        }
        draft.headers = carried;
        token(draft, headers);
        return draft;
    }

    private static boolean isCarried(String name) {
        return switch (name) {
            case "content-type", "content-encoding", "content-language", "traceparent", "tracestate", "baggage" -> true;
            default -> false;
        };
    }

    private static void ours(WriteRequest.Draft draft, Map<String, String> carried, String name, String value) {
        switch (name) {
            case "forelog-delay" -> draft.delayMicros = Times.durationMicros("Forelog-Delay", value);
            case "forelog-jitter" -> draft.jitterMicros = Times.durationMicros("Forelog-Jitter", value);
            case "forelog-time-to-live" -> draft.ttlMicros = Times.durationMicros("Forelog-Time-To-Live", value);
            case "forelog-write-time" -> draft.writeMicros = Times.instantMicros("Forelog-Write-Time", value);
            case "forelog-target" -> draft.target = value;
            case "forelog-destination" -> draft.destination = text(value);
            case "forelog-key" -> draft.key = bytes(value);
            case "forelog-key-base64" -> draft.key = Bytes.view(base64(value));
            case "forelog-operation" ->
                draft.operation = JsonRequests.choice("Forelog-Operation", value, Operation.values());
            case "forelog-priority" -> draft.priority = priority(value);
            case "forelog-timeout", "forelog-raw" -> {}
            default -> {
                if (name.startsWith(ATTRIBUTE)) {
                    if (draft.attributes.isEmpty()) {
                        draft.attributes = new HashMap<>();
                    }
                    draft.attributes.put(name.substring(ATTRIBUTE.length()), text(value));
                } else if (name.startsWith(HEADER)) {
                    carried.put(name.substring(HEADER.length()), value);
                } else {
                    throw new WalException(
                            ErrorCode.INVALID_ARGUMENT, name + ": unknown header (expected: one of " + KNOWN + ")");
                }
            }
        }
    }

    /** Where the body has the terms: none may stand in a header that nobody would read. */
    static void refuseTerms(MultiMap headers) {
        for (Map.Entry<String, String> header : headers) {
            String name = header.getKey();
            if (name.regionMatches(true, 0, OURS, 0, OURS.length()) && !isOfAnyForm(name)) {
                throw new WalException(
                        ErrorCode.INVALID_ARGUMENT,
                        name + ": no header of a JSON write (expected: a field of the body;"
                                + " its headers are Forelog-Priority, Forelog-Timeout and Forelog-Raw)");
            }
        }
    }

    private static boolean isOfAnyForm(String name) {
        return name.equalsIgnoreCase("forelog-priority")
                || name.equalsIgnoreCase("forelog-timeout")
                || name.equalsIgnoreCase("forelog-raw");
    }

    static int priority(String value) {
        return JsonRequests.choice("Forelog-Priority", value, Priority.values());
    }

    /** {@code Idempotency-Key}, quoted or not, where the draft has no token yet, or the same. */
    static void token(WriteRequest.Draft draft, MultiMap headers) {
        String token = token(headers);
        if (token == null) {
            return;
        }
        if (draft.token != null && !draft.token.equals(token)) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "Idempotency-Key: " + Validator.quote(token)
                            + " (expected: the body's idempotency_token, or none)");
        }
        draft.token = token;
    }

    /** {@code Idempotency-Key}, quoted or not; null = none. */
    static @Nullable String token(MultiMap headers) {
        String key = headers.get("idempotency-key");
        if (key == null) {
            return null;
        }
        boolean quoted = key.length() >= 2 && key.startsWith("\"") && key.endsWith("\"");
        return text(quoted ? key.substring(1, key.length() - 1) : key);
    }

    /** Header bytes arrive as one character each; a text is UTF-8 in them. */
    private static String text(String header) {
        return isAscii(header)
                ? header
                : new String(header.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    private static Buffer bytes(String header) {
        return Bytes.view(header.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) > 0x7F) {
                return false;
            }
        }
        return true;
    }

    private static byte[] base64(String value) {
        try {
            return Base64.getDecoder().decode(value);
        } catch (IllegalArgumentException e) {
            throw new WalException(ErrorCode.INVALID_ARGUMENT, "Forelog-Key-Base64: not base64 (expected: base64)");
        }
    }
}

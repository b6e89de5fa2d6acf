package io.forelog.ingest;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.wire.Bytes;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * CloudEvents 1.0 as writes. Whatever the mode it came in, an event is carried in binary mode: its data is the payload,
 * its attributes are {@code ce-} headers. {@code partitionkey} is the key. Stateless, event loops.
 */
final class CloudEvents {
    static final String STRUCTURED = "application/cloudevents+json";
    static final String BATCH = "application/cloudevents-batch+json";

    private static final List<String> REQUIRED = List.of("specversion", "id", "source", "type");

    private CloudEvents() {}

    static boolean isBinary(MultiMap headers) {
        return headers.contains("ce-specversion");
    }

    static WriteRequest.Draft binary(String namespace, MultiMap headers, Buffer body) {
        WriteRequest.Draft draft = HttpHeadersIn.draft(namespace, headers);
        draft.payload = body;
        check(draft.headers);
        String key = draft.headers.get("ce-partitionkey");
        if (key != null && draft.key.length() == 0) {
            draft.key = Bytes.view(key.getBytes(StandardCharsets.ISO_8859_1));
        }
        return draft;
    }

    /** {@code headers}: those of the request; the Forelog ones count. */
    static WriteRequest.Draft structured(String namespace, MultiMap headers, JsonRequests.Slice body) {
        WriteRequest.Draft draft = HttpHeadersIn.draft(namespace, headers);
        Map<String, String> carried = new HashMap<>(draft.headers);
        carried.remove("content-type");
        draft.headers = carried;
        try (JsonParser in = JsonRequests.parser(body)) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new WalException(ErrorCode.MALFORMED_BODY, "body: no object (expected: a CloudEvent)");
            }
            read(in, body, draft);
            if (in.nextToken() != null) {
                throw new WalException(
                        ErrorCode.MALFORMED_BODY, "body: more behind its end (expected: one CloudEvent)");
            }
        } catch (IOException e) {
            throw JsonRequests.malformed(e);
        }
        check(carried);
        String key = carried.get("ce-partitionkey");
        if (key != null && draft.key.length() == 0) {
            draft.key = Bytes.view(key.getBytes(StandardCharsets.UTF_8));
        }
        return draft;
    }

    private static void read(JsonParser in, JsonRequests.Slice body, WriteRequest.Draft draft) throws IOException {
        Map<String, String> carried = draft.headers;
        boolean text = false;
        boolean hasData = false;
        while (in.nextToken() != JsonToken.END_OBJECT) {
            String name = in.currentName();
            JsonToken value = in.nextToken();
            if (name.equals("data") || name.equals("data_base64")) {
                if (hasData) {
                    throw JsonRequests.invalid(name, "there are data and data_base64", "one of them");
                }
                hasData = true;
                text = value == JsonToken.VALUE_STRING && name.equals("data");
                draft.payload = name.equals("data") ? data(in, body, text) : base64(in);
            } else if (name.equals("datacontenttype")) {
                carried.put("content-type", attribute(in, name, value));
            } else if (value != JsonToken.VALUE_NULL) {
                carried.put("ce-" + name(name), attribute(in, name, value));
            }
        }
        String type = carried.get("content-type");
        if (hasData && type == null) {
            carried.put("content-type", "application/json");
        }
        if (text && (type == null || isJson(type))) {
            // A text as data of a JSON event is the JSON text, quotes included.
            draft.payload = Bytes.view(quoted(draft.payload));
        }
    }

    private static boolean isJson(String type) {
        String media = type.toLowerCase(Locale.ROOT);
        int end = media.indexOf(';');
        media = (end < 0 ? media : media.substring(0, end)).trim();
        return media.endsWith("/json") || media.endsWith("+json");
    }

    private static byte[] quoted(Buffer text) {
        return io.vertx.core.json.Json.encode(text.toString(StandardCharsets.UTF_8))
                .getBytes(StandardCharsets.UTF_8);
    }

    private static Buffer data(JsonParser in, JsonRequests.Slice body, boolean text) throws IOException {
        if (text) {
            return Bytes.view(in.getText().getBytes(StandardCharsets.UTF_8));
        }
        JsonRequests.Slice json = JsonRequests.valueSlice(in, body.array(), body.offset());
        return Bytes.view(json.array(), json.offset(), json.length());
    }

    private static Buffer base64(JsonParser in) {
        try {
            return Bytes.view(in.getBinaryValue());
        } catch (IOException e) {
            throw JsonRequests.invalid("data_base64", "not base64", "base64");
        }
    }

    private static String attribute(JsonParser in, String name, JsonToken value) throws IOException {
        return switch (value) {
            case VALUE_STRING, VALUE_NUMBER_INT, VALUE_TRUE, VALUE_FALSE -> in.getText();
            default ->
                throw JsonRequests.invalid(name, JsonRequests.named(value), "a text, a whole number or a boolean");
        };
    }

    private static String name(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
                throw JsonRequests.invalid(
                        Validator.quote(name), "no CloudEvents attribute", "lower case letters and digits");
            }
        }
        return name;
    }

    private static void check(Map<String, String> carried) {
        for (String attribute : REQUIRED) {
            String value = carried.get("ce-" + attribute);
            if (value == null || value.isEmpty()) {
                throw JsonRequests.invalid("ce-" + attribute, "missing", "a CloudEvents 1.0 event has it");
            }
        }
        if (!"1.0".equals(carried.get("ce-specversion"))) {
            throw JsonRequests.invalid(
                    "ce-specversion", Validator.quote(String.valueOf(carried.get("ce-specversion"))), "'1.0'");
        }
    }
}

package io.forelog.ingest;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import io.forelog.model.WalException;
import io.forelog.wire.Bytes;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the JSON form of a write, token by token. Strict: an unknown field is refused with its name. One use, one thread.
 *
 * <p>MALFORMED_BODY where the bytes are not JSON, INVALID_ARGUMENT where they are not a write.
 */
final class JsonRequests {
    private static final int DEPTH_MAX = 200;
    private static final int FIELDS_MAX = 32;
    private static final JsonFactory FACTORY = new JsonFactoryBuilder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEPTH_MAX)
                    .maxStringLength(Integer.MAX_VALUE) // the body is bounded
                    .build())
            .build();

    private final byte[] array;
    private final int offset;
    private final JsonParser in;
    private final WriteRequest.Draft draft = new WriteRequest.Draft();
    private String payloadField = "";
    /** The fields of the object that is being read, to find one that comes twice: no set, there are few. */
    private final String[] fields = new String[FIELDS_MAX];

    private int fieldsFrom;
    private int fieldsTo;

    private JsonRequests(byte[] array, int offset, JsonParser in) {
        this.array = array;
        this.offset = offset;
        this.in = in;
    }

    /** A part of a body. */
    record Slice(byte[] array, int offset, int length) {}

    static JsonParser parser(Slice body) throws IOException {
        return FACTORY.createParser(body.array(), body.offset(), body.length());
    }

    /** One write of {@code namespace}; its payload may be a view of the body. */
    static WriteRequest.Draft one(String namespace, Slice body) {
        try (JsonParser in = parser(body)) {
            JsonRequests reader = new JsonRequests(body.array(), body.offset(), in);
            reader.draft.namespace = namespace;
            reader.expectObject(in.nextToken(), "body");
            reader.request();
            reader.expectPayload();
            if (in.nextToken() != null) {
                throw new WalException(ErrorCode.MALFORMED_BODY, "body: more behind its end (expected: one object)");
            }
            return reader.draft;
        } catch (IOException e) {
            throw malformed(e);
        }
    }

    /** The elements of an array, each still to be read. */
    static List<Slice> elements(Slice body, int max) {
        List<Slice> elements = new ArrayList<>();
        try (JsonParser in = parser(body)) {
            if (in.nextToken() != JsonToken.START_ARRAY) {
                throw new WalException(ErrorCode.MALFORMED_BODY, "body: no array (expected: an array of writes)");
            }
            while (in.nextToken() != JsonToken.END_ARRAY) {
                if (elements.size() == max) {
                    throw new WalException(
                            ErrorCode.INVALID_ARGUMENT,
                            "body: more than " + max + " entries (expected: at most " + max + ")");
                }
                elements.add(valueSlice(in, body.array(), body.offset()));
            }
            if (in.nextToken() != null) {
                throw new WalException(ErrorCode.MALFORMED_BODY, "body: more behind its end (expected: one array)");
            }
        } catch (IOException e) {
            throw malformed(e);
        }
        return elements;
    }

    /** The bytes of the value that begins at the parser's token, which is read to its end. */
    static Slice valueSlice(JsonParser in, byte[] array, int offset) throws IOException {
        int from = (int) in.currentTokenLocation().getByteOffset();
        in.skipChildren();
        in.finishToken();
        int to = (int) in.currentLocation().getByteOffset();
        return new Slice(array, offset + from, to - from);
    }

    /** As its writer would say it. */
    static String named(@Nullable JsonToken token) {
        return token == null
                ? "nothing"
                : switch (token) {
                    case START_OBJECT, END_OBJECT -> "an object";
                    case START_ARRAY, END_ARRAY -> "an array";
                    case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
                    case VALUE_TRUE, VALUE_FALSE -> "a boolean";
                    case VALUE_NULL -> "null";
                    case VALUE_STRING, FIELD_NAME, VALUE_EMBEDDED_OBJECT, NOT_AVAILABLE -> "a text";
                };
    }

    static WalException malformed(IOException failure) {
        if (failure instanceof JsonParseException parse) {
            String where = parse.getLocation() == null
                    ? ""
                    : "line " + parse.getLocation().getLineNr() + ", column "
                            + parse.getLocation().getColumnNr() + ": ";
            return new WalException(ErrorCode.MALFORMED_BODY, "body: " + where + parse.getOriginalMessage());
        }
        if (failure instanceof StreamConstraintsException limit) {
            return new WalException(ErrorCode.MALFORMED_BODY, "body: " + limit.getOriginalMessage());
        }
        return new WalException(
                ErrorCode.MALFORMED_BODY, "body: " + failure.getMessage() + " (expected: JSON in UTF-8)");
    }

    private void request() throws IOException {
        while (in.nextToken() != JsonToken.END_OBJECT) {
            String name = field();
            JsonToken value = in.nextToken();
            switch (name) {
                case "namespace" -> namespace(text(name));
                case "payload" -> payload(name, value);
                case "payload_text" -> payload(name, value);
                case "payload_json" -> payload(name, value);
                case "lifecycle" -> lifecycle(value);
                case "target" -> target(value);
                case "idempotency_token" -> token(value);
                case "priority" -> draft.priority = choice(name, text(name), Priority.values());
                case "headers" -> draft.headers = texts(name, value, true);
                default ->
                    throw unknown(
                            name,
                            "payload, payload_text, payload_json, lifecycle, target, idempotency_token, priority, headers,"
                                    + " namespace");
            }
        }
    }

    /** The name that the parser is at, which the object has not had before. */
    private String field() throws IOException {
        String name = in.currentName();
        for (int i = fieldsFrom; i < fieldsTo; i++) {
            if (fields[i].equals(name)) {
                throw invalid(name, "there twice", "once");
            }
        }
        if (fieldsTo < FIELDS_MAX) {
            fields[fieldsTo++] = name;
        }
        return name;
    }

    private int enter() {
        int outer = fieldsFrom;
        fieldsFrom = fieldsTo;
        return outer;
    }

    private void leave(int outer) {
        fieldsTo = fieldsFrom;
        fieldsFrom = outer;
    }

    private void namespace(String text) {
        if (!text.equals(draft.namespace)) {
            throw invalid("namespace", Validator.quote(text), "that of the path, " + draft.namespace + ", or none");
        }
    }

    private void payload(String field, JsonToken value) throws IOException {
        if (!payloadField.isEmpty()) {
            throw invalid(field, "there is " + payloadField + " as well", "one payload");
        }
        payloadField = field;
        switch (field) {
            case "payload" -> draft.payload = Bytes.view(base64(field));
            case "payload_text" -> draft.payload = textBytes(field);
            default -> {
                if (value == JsonToken.END_ARRAY) {
                    throw invalid(field, "nothing", "a JSON value");
                }
                Slice json = valueSlice(in, array, offset);
                draft.payload = Bytes.view(json.array(), json.offset(), json.length());
            }
        }
    }

    /** A PUT without one is more likely a slip than an empty value, which can be said. */
    private void expectPayload() {
        boolean puts = draft.operation == 0 || draft.operation == Operation.PUT.ordinal() + 1;
        if (puts && payloadField.isEmpty()) {
            throw invalid(
                    "payload", "missing", "payload in base64, payload_text or payload_json; \"\" where it is empty");
        }
    }

    private void lifecycle(JsonToken value) throws IOException {
        expectObject(value, "lifecycle");
        int outer = enter();
        while (in.nextToken() != JsonToken.END_OBJECT) {
            String name = field();
            in.nextToken();
            String field = "lifecycle." + name;
            switch (name) {
                case "delay" -> draft.delayMicros = Times.durationMicros(field, text(field));
                case "jitter" -> draft.jitterMicros = Times.durationMicros(field, text(field));
                case "time_to_live" -> draft.ttlMicros = Times.durationMicros(field, text(field));
                case "write_time" -> draft.writeMicros = Times.instantMicros(field, text(field));
                default -> throw unknown(field, "delay, jitter, time_to_live, write_time");
            }
        }
        leave(outer);
    }

    private void target(JsonToken value) throws IOException {
        expectObject(value, "target");
        int outer = enter();
        while (in.nextToken() != JsonToken.END_OBJECT) {
            String name = field();
            JsonToken inner = in.nextToken();
            String field = "target." + name;
            switch (name) {
                case "name" -> draft.target = text(field);
                case "destination" -> draft.destination = text(field);
                case "key" -> key(field, utf8(field, text(field)));
                case "key_base64" -> key(field, base64(field));
                case "operation" -> draft.operation = choice(field, text(field), Operation.values());
                case "attributes" -> draft.attributes = texts(field, inner, false);
                default -> throw unknown(field, "name, destination, key, key_base64, operation, attributes");
            }
        }
        leave(outer);
    }

    private void key(String field, byte[] key) {
        if (draft.key.length() > 0) {
            throw invalid(field, "there are key and key_base64", "one of them");
        }
        draft.key = Bytes.view(key);
    }

    private void token(JsonToken value) throws IOException {
        expectObject(value, "idempotency_token");
        int outer = enter();
        draft.token = "";
        while (in.nextToken() != JsonToken.END_OBJECT) {
            String name = field();
            in.nextToken();
            String field = "idempotency_token." + name;
            switch (name) {
                case "token" -> draft.token = text(field);
                case "generation_time" -> draft.tokenMicros = Times.instantMicros(field, text(field));
                default -> throw unknown(field, "token, generation_time");
            }
        }
        leave(outer);
    }

    private Map<String, String> texts(String field, JsonToken value, boolean lowerCase) throws IOException {
        expectObject(value, field);
        Map<String, String> texts = new HashMap<>();
        while (in.nextToken() != JsonToken.END_OBJECT) {
            String name = in.currentName();
            in.nextToken();
            String before = texts.put(lowerCase ? name.toLowerCase(Locale.ROOT) : name, text(field + "." + name));
            if (before != null) {
                throw invalid(field + "." + name, "there twice", "once");
            }
        }
        return texts;
    }

    private String text(String field) throws IOException {
        if (in.currentToken() != JsonToken.VALUE_STRING) {
            throw invalid(field, named(in.currentToken()), "a text");
        }
        return in.getText();
    }

    /** A text in UTF-8: where it has no escapes, the bytes of the body that it lies in. */
    private Buffer textBytes(String field) throws IOException {
        if (in.currentToken() == JsonToken.VALUE_STRING) {
            Slice quoted = valueSlice(in, array, offset);
            int from = quoted.offset() + 1;
            int to = quoted.offset() + quoted.length() - 1;
            int at = from;
            while (at < to && array[at] != '\\') {
                at++;
            }
            if (at == to) {
                return Bytes.view(array, from, to - from);
            }
        }
        return Bytes.view(utf8(field, text(field)));
    }

    /** Half of a surrogate pair, which an escape can name, is no text: Java would write a question mark for it. */
    private static byte[] utf8(String field, String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                if (!Character.isSurrogatePair(text.charAt(i), i + 1 < text.length() ? text.charAt(i + 1) : ' ')) {
                    throw invalid(field, "half of a surrogate pair at character " + i, "text in Unicode");
                }
                i++;
            }
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private byte[] base64(String field) throws IOException {
        text(field);
        try {
            return in.getBinaryValue();
        } catch (IOException e) {
            throw invalid(field, "not base64", "base64");
        }
    }

    private void expectObject(@Nullable JsonToken token, String field) {
        if (token != JsonToken.START_OBJECT) {
            String found = named(token);
            throw new WalException(
                    field.equals("body") ? ErrorCode.MALFORMED_BODY : ErrorCode.INVALID_ARGUMENT,
                    field + ": " + found + " (expected: an object)");
        }
    }

    /** The number on the wire of one of {@code values}. */
    static int choice(String field, String text, Enum<?>[] values) {
        for (Enum<?> value : values) {
            if (value.name().equalsIgnoreCase(text)) {
                return value.ordinal() + 1;
            }
        }
        throw invalid(field, Validator.quote(text), "one of " + List.of(values));
    }

    static WalException invalid(String field, String value, String expected) {
        return new WalException(ErrorCode.INVALID_ARGUMENT, field + ": " + value + " (expected: " + expected + ")");
    }

    private static WalException unknown(String field, String expected) {
        return new WalException(
                ErrorCode.INVALID_ARGUMENT, field + ": unknown field (expected: one of " + expected + ")");
    }
}

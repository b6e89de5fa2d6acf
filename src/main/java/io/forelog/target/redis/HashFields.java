package io.forelog.target.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A payload that is a JSON object, as fields and values of a hash. Stateless. */
final class HashFields {
    private HashFields() {}

    /**
     * Name and value in turns. Texts as they are, numbers and truth values as text, what is nested as JSON; null = no field.
     *
     * @throws WalException TARGET_REJECTED where that gives no fields
     */
    static List<byte[]> of(Buffer payload) {
        Object decoded;
        try {
            decoded = Json.decodeValue(payload);
        } catch (DecodeException e) {
            throw invalid("payload: no JSON (expected: a JSON object, its members are the fields)");
        }
        if (!(decoded instanceof JsonObject object)) {
            throw invalid("payload: JSON, but no object (expected: a JSON object, its members are the fields)");
        }
        List<byte[]> fields = new ArrayList<>(2 * object.size());
        for (Map.Entry<String, Object> member : object) {
            Object value = member.getValue();
            if (value != null) {
                fields.add(member.getKey().getBytes(UTF_8));
                fields.add((value instanceof String text ? text : Json.encode(value)).getBytes(UTF_8));
            }
        }
        if (fields.isEmpty()) {
            throw invalid("payload: an object without members (expected: at least one: Redis knows no empty hash)");
        }
        return fields;
    }

    private static WalException invalid(String text) {
        return new WalException(ErrorCode.TARGET_REJECTED, text);
    }
}

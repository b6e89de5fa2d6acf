package io.forelog.client;

import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;

/** Reads answers that should be JSON objects. Stateless. */
final class Json {
    private Json() {}

    /** An empty object where {@code text} is none. */
    static JsonObject parse(String text) {
        try {
            return new JsonObject(text);
        } catch (DecodeException | ClassCastException e) {
            return new JsonObject();
        }
    }
}

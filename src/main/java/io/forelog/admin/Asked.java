package io.forelog.admin;

import io.vertx.core.json.JsonObject;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads the fields of a request's body, refusing what nobody would read. Stateless. */
final class Asked {
    private Asked() {}

    static void only(JsonObject asked, Set<String> fields) {
        for (String field : asked.fieldNames()) {
            if (!fields.contains(field)) {
                throw Exchange.invalid(field + ": unknown (expected: one of " + new TreeSet<>(fields) + ")");
            }
        }
    }

    static boolean flag(JsonObject asked, String field) {
        Object value = asked.getValue(field, false);
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw Exchange.invalid(field + ": " + value + " (expected: true or false)");
    }

    static long number(JsonObject asked, String field, long otherwise, long min, long max) {
        Object value = asked.getValue(field);
        if (value == null) {
            return otherwise;
        }
        if ((value instanceof Integer || value instanceof Long)
                && ((Number) value).longValue() >= min
                && ((Number) value).longValue() <= max) {
            return ((Number) value).longValue();
        }
        throw Exchange.invalid(field + ": " + value + " (expected: a whole number from " + min
                + (max == Long.MAX_VALUE ? "" : " to " + max) + ")");
    }

    static String text(JsonObject asked, String field) {
        Object value = asked.getValue(field, "");
        if (value instanceof String text) {
            return text;
        }
        throw Exchange.invalid(field + ": " + value + " (expected: a string)");
    }

    static @Nullable JsonObject object(JsonObject asked, String field) {
        Object value = asked.getValue(field);
        if (value == null || value instanceof JsonObject) {
            return (JsonObject) value;
        }
        throw Exchange.invalid(field + ": " + value + " (expected: an object)");
    }
}

package io.forelog.admin;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.util.Locale;
import java.util.Map;

/** What the management port answers. Immutable by custom: nobody touches the body after making it. */
record Answer(int status, String contentType, Buffer body, Map<String, String> headers) {
    static final String JSON = "application/json";
    static final String PROBLEM = "application/problem+json";

    static Answer ok(JsonObject body) {
        return json(200, body);
    }

    static Answer json(int status, JsonObject body) {
        return new Answer(status, JSON, body.toBuffer(), Map.of());
    }

    Answer with(String header, String value) {
        return new Answer(status, contentType, body, Map.of(header, value));
    }

    /** RFC 9457, with Forelog's stable code beside it. */
    static Answer problem(Throwable failure) {
        WalException told = WalException.of(failure);
        return problem(told.code(), String.valueOf(told.getMessage()), new JsonObject());
    }

    static Answer problem(ErrorCode code, String detail, JsonObject more) {
        JsonObject body = new JsonObject()
                .put(
                        "type",
                        "urn:forelog:problem:"
                                + code.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .put("title", title(code))
                .put("status", code.httpStatus())
                .put("code", code.name())
                .put("detail", detail)
                .mergeIn(more);
        return new Answer(code.httpStatus(), PROBLEM, body.toBuffer(), Map.of());
    }

    private static String title(ErrorCode code) {
        String words = code.name().replace('_', ' ').toLowerCase(Locale.ROOT);
        return Character.toUpperCase(words.charAt(0)) + words.substring(1);
    }
}

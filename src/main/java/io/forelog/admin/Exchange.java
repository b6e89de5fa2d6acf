package io.forelog.admin;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request to the management port, its body read (at most {@link AdminServer#BODY_MAX} bytes) and its caller known.
 * Lives on the server's event loop.
 */
record Exchange(
        HttpServerRequest request,
        Map<String, String> path,
        Map<String, String> query,
        Buffer body,
        String principal,
        boolean readsPayloads) {

    /** The namespace in the path. */
    String namespace() {
        return path("ns");
    }

    /** A part of the path that the route's template names. */
    String path(String name) {
        String value = path.get(name);
        if (value == null) {
            throw new IllegalArgumentException("no {" + name + "} in this route");
        }
        return value;
    }

    /** A parameter of the query, of those that the route's {@link Parameter}s name. */
    String query(String name, String otherwise) {
        return query.getOrDefault(name, otherwise);
    }

    /** True for {@code ?name}, {@code ?name=true}. */
    boolean flag(String name) {
        return !query(name, "false").equals("false");
    }

    long number(String name, long otherwise) {
        return Long.parseLong(query(name, String.valueOf(otherwise)));
    }

    /** The revision that the caller has seen, from {@code If-Match} or {@code ?revision=}. */
    long expectedRevision() {
        String match = request.getHeader("If-Match");
        if (match == null || match.equals("*")) {
            return number("revision", DocumentControl.ANY_REVISION);
        }
        try {
            return Long.parseLong(match.replace("W/", "").replace("\"", "").trim());
        } catch (NumberFormatException e) {
            throw invalid("If-Match: " + match + " (expected: a revision, e.g. \"3\")");
        }
    }

    /** The body as a JSON object; an empty one where there is no body. */
    JsonObject json() {
        if (body.length() == 0) {
            return new JsonObject();
        }
        try {
            return new JsonObject(body);
        } catch (DecodeException | ClassCastException e) {
            throw new WalException(ErrorCode.MALFORMED_BODY, "body: not a JSON object (" + firstLine(e) + ")");
        }
    }

    static WalException invalid(String text) {
        return new WalException(ErrorCode.INVALID_ARGUMENT, text);
    }

    private static @Nullable String firstLine(Exception failure) {
        String text = failure.getMessage();
        if (text == null) {
            return null;
        }
        String line = text.lines().findFirst().orElse("");
        int source = line.indexOf("[Source:"); // Jackson's, of no use to a person
        return source < 0 ? line : line.substring(0, source).replaceFirst("[ (]*(start marker)?( at)? ?$", "");
    }
}

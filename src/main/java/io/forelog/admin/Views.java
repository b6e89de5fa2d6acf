package io.forelog.admin;

import io.forelog.config.Namespace;
import io.forelog.config.NamespaceDocument.Completion;
import io.forelog.model.Entry;
import io.forelog.model.Failure;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.EntryStatus;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Entries and dead letters as JSON. A payload is its size, and its first bytes only for those who may read them;
 * headers that carry secrets are starred. Stateless.
 */
final class Views {
    /** Most bytes of a payload that are shown. */
    static final int PAYLOAD_MAX = 4096;

    private static final List<String> SECRETS = List.of("auth", "cookie", "secret", "password", "token", "api-key");

    private Views() {}

    static JsonObject entry(EntryStatus status, @Nullable Namespace namespace, boolean payload) {
        JsonArray routes = new JsonArray();
        for (EntryStatus.RouteStatus route : status.routes()) {
            routes.add(route(route, namespace));
        }
        return entry(status.entry(), payload)
                .put("receipt", status.receipt().toString())
                .put("state", summary(status.routes()))
                .put("completion", Completeness.of(policy(namespace), status.routes()))
                .put("targets", routes);
    }

    private static Completion policy(@Nullable Namespace namespace) {
        return namespace == null
                ? Completion.ALL
                : namespace.document().delivery().completion();
    }

    /** The state that the routes have in common, else PARTIAL. */
    private static String summary(List<EntryStatus.RouteStatus> routes) {
        List<String> states =
                routes.stream().map(route -> route.state().name()).distinct().toList();
        return states.size() == 1 ? states.get(0) : states.isEmpty() ? "UNKNOWN" : "PARTIAL";
    }

    private static JsonObject route(EntryStatus.RouteStatus route, @Nullable Namespace namespace) {
        JsonArray failures = new JsonArray();
        route.failures().forEach(failure -> failures.add(failure(failure)));
        JsonObject json = new JsonObject()
                .put("target", target(namespace, route.route()))
                .put("route", route.route())
                .put("state", route.state().name())
                .put("due", Times.text(route.dueMicros()))
                .put("attempts", route.attempts())
                .put("ended", Times.text(route.endedMicros()))
                .put("failures", failures);
        if (!route.deadLetterId().isEmpty()) {
            json.put("dead_letter_id", route.deadLetterId());
        }
        return json;
    }

    static JsonObject deadLetter(DeadLetter letter, @Nullable Namespace namespace, boolean payload) {
        return new JsonObject()
                .put("id", letter.id())
                .put("entry_id", letter.entry().id().toString())
                .put("target", target(namespace, letter.route()))
                .put("route", letter.route())
                .put("code", letter.cause().code().name())
                .put("text", letter.cause().text())
                .put("attempts", letter.attempts())
                .put("redrives", letter.redrives())
                .put("died", Times.text(letter.diedMicros()))
                .put("first_failure", letter.firstFailure() == null ? null : failure(letter.firstFailure()))
                .put("last_failure", failure(letter.cause()))
                .put("entry", entry(letter.entry(), payload));
    }

    /** The short form, for lists and samples. */
    static JsonObject deadLetterLine(DeadLetter letter, @Nullable Namespace namespace) {
        JsonObject line = new JsonObject()
                .put("id", letter.id())
                .put("entry_id", letter.entry().id().toString())
                .put("target", target(namespace, letter.route()))
                .put("code", letter.cause().code().name())
                .put("text", letter.cause().text())
                .put("attempts", letter.attempts())
                .put("redrives", letter.redrives())
                .put("died", Times.text(letter.diedMicros()))
                .put("payload_bytes", letter.entry().payload().length());
        putBytes(line, "key", letter.entry().key());
        return line;
    }

    static JsonObject entryLine(Entry entry) {
        JsonObject line = new JsonObject()
                .put("entry_id", entry.id().toString())
                .put("accepted", Times.text(entry.acceptedMicros()))
                .put("payload_bytes", entry.payload().length());
        putBytes(line, "key", entry.key());
        return line;
    }

    static JsonObject entry(Entry entry, boolean payload) {
        JsonObject json = new JsonObject()
                .put("entry_id", entry.id().toString())
                .put("namespace", entry.namespace())
                .put("accepted", Times.text(entry.acceptedMicros()))
                .put("due", Times.text(entry.dueMicros()))
                .put("expires", Times.text(entry.expiresMicros()))
                .put("write_time", Times.text(entry.writeMicros()))
                .put("destination", entry.destination())
                .put("operation", entry.operation().name())
                .put("priority", entry.priority().name())
                .put("attributes", new JsonObject(Map.copyOf(entry.attributes())))
                .put("headers", headers(entry.headers()))
                .put("token", entry.token() == null ? null : entry.token().token())
                .put("payload_bytes", entry.payload().length());
        putBytes(json, "key", entry.key());
        if (payload) {
            int shown = Math.min(PAYLOAD_MAX, entry.payload().length());
            putPayload(json, entry.payload().getBuffer(0, shown));
            json.put("payload_truncated", shown < entry.payload().length());
        }
        return json;
    }

    static JsonObject failure(Failure failure) {
        return new JsonObject()
                .put("at", Times.text(failure.atMicros()))
                .put("code", failure.code().name())
                .put("text", failure.text());
    }

    /** {@code route-7} where the namespace no longer knows it. */
    static String target(@Nullable Namespace namespace, int route) {
        if (namespace != null) {
            for (Map.Entry<String, Namespace.Route> known : namespace.routes().entrySet()) {
                if (known.getValue().id() == route) {
                    return known.getKey();
                }
            }
        }
        return "route-" + route;
    }

    static List<String> targets(@Nullable Namespace namespace, List<Integer> routes) {
        List<String> targets = new ArrayList<>(routes.size());
        routes.forEach(route -> targets.add(target(namespace, route)));
        return targets;
    }

    private static JsonObject headers(Map<String, String> headers) {
        JsonObject shown = new JsonObject();
        headers.forEach((name, value) -> {
            String lower = name.toLowerCase(Locale.ROOT);
            shown.put(name, SECRETS.stream().anyMatch(lower::contains) ? "***" : value);
        });
        return shown;
    }

    private static void putPayload(JsonObject json, Buffer bytes) {
        Optional<String> text = utf8(bytes);
        if (text.isPresent()) {
            json.put("payload_text", text.get());
        } else {
            json.put("payload", bytes.getBytes());
        }
    }

    /** As text where it is text, else as {@code name_base64}. */
    private static void putBytes(JsonObject json, String name, Buffer bytes) {
        Optional<String> text = utf8(bytes);
        if (text.isPresent()) {
            json.put(name, text.get());
        } else {
            json.put(name + "_base64", java.util.Base64.getEncoder().encodeToString(bytes.getBytes()));
        }
    }

    static Optional<String> utf8(Buffer bytes) {
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.getBytes()))
                    .toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }
}

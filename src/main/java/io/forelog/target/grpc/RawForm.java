package io.forelog.target.grpc;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.target.Words;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.grpc.common.ServiceMethod;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Any unary method: the payload is the request's bytes, all else is metadata. Immutable. */
final class RawForm implements CallForm {
    static final List<String> TRACE = List.of("traceparent", "tracestate");

    /** Set by the client, of one connection, or the writer's own credentials. */
    private static final Set<String> NOT_CARRIED = Set.of(
            "connection",
            "keep-alive",
            "proxy-connection",
            "proxy-authenticate",
            "proxy-authorization",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "http2-settings",
            "host",
            "content-length",
            "content-type",
            "expect",
            "authorization",
            "cookie",
            "user-agent",
            "idempotency-key");

    private final ServiceMethod<Buffer, Buffer> method;
    private final String destination;

    /** {@code fullName}: {@code package.Service/Method}; {@code destination}: of an entry that names none. */
    RawForm(String fullName, String destination) {
        this.method = CallForm.method(fullName);
        this.destination = destination;
    }

    /** Null, or what is expected of the name of a configured metadatum. */
    static @Nullable String expectation(String name) {
        return name.matches("[a-z0-9_.-]+")
                        && !name.startsWith("grpc-")
                        && !name.startsWith("forelog-")
                        && !name.endsWith("-bin")
                        && (!NOT_CARRIED.contains(name)
                                || name.equals("authorization")
                                || name.equals("cookie")
                                || name.equals("user-agent"))
                ? null
                : "lower case names that are not set by the client itself, no -bin";
    }

    @Override
    public ServiceMethod<Buffer, Buffer> method() {
        return method;
    }

    @Override
    public Buffer message(Delivery delivery) {
        return delivery.entry().payload();
    }

    @Override
    public void metadata(Delivery delivery, MultiMap metadata) {
        Entry entry = delivery.entry();
        entry.headers().forEach((header, value) -> {
            String name = header.toLowerCase(Locale.ROOT);
            if (expectation(name) == null && !NOT_CARRIED.contains(name)) {
                metadata.set(name, Words.ascii(value));
            }
        });
        String id = entry.id().toString();
        metadata.set("forelog-entry-id", id);
        metadata.set("forelog-namespace", Words.ascii(entry.namespace()));
        if (entry.key().length() > 0) {
            metadata.set(
                    "forelog-key-bin",
                    Base64.getEncoder()
                            .withoutPadding()
                            .encodeToString(entry.key().getBytes()));
        }
        String place = entry.destination().isEmpty() ? destination : entry.destination();
        if (!place.isEmpty()) {
            metadata.set("forelog-destination", Words.ascii(place));
        }
        metadata.set(
                "forelog-due",
                Instant.EPOCH.plus(entry.dueMicros(), ChronoUnit.MICROS).toString());
        metadata.set("forelog-attempt", Integer.toString(delivery.attempt()));
        metadata.set("forelog-operation", entry.operation().name());
        metadata.set(
                "idempotency-key",
                entry.token() == null ? id : Words.ascii(entry.token().token()));
    }
}

package io.forelog.target.http;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.target.Words;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The headers of a request: those the writer gave, then Forelog's own, then the configured ones, which have the last
 * word. Immutable.
 */
final class RequestHeaders {
    /** Of one connection (RFC 9110, 7.6.1), set by the client itself, or the writer's own credentials: never carried on. */
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
            "expect",
            "authorization",
            "cookie",
            "user-agent",
            "idempotency-key");

    /** Of an entry that another instance relayed: its id there. */
    private static final String ORIGIN = "forelog-origin-entry-id";

    private static final CharSequence ENTRY_ID = HttpHeaders.createOptimized("forelog-entry-id");
    private static final CharSequence NAMESPACE = HttpHeaders.createOptimized("forelog-namespace");
    private static final CharSequence KEY = HttpHeaders.createOptimized("forelog-key");
    private static final CharSequence KEY_BASE64 = HttpHeaders.createOptimized("forelog-key-base64");
    private static final CharSequence DUE = HttpHeaders.createOptimized("forelog-due");
    private static final CharSequence ATTEMPT = HttpHeaders.createOptimized("forelog-attempt");
    private static final CharSequence OPERATION = HttpHeaders.createOptimized("forelog-operation");
    private static final CharSequence IDEMPOTENCY_KEY = HttpHeaders.createOptimized("idempotency-key");
    /** Those of Standard Webhooks. */
    private static final CharSequence WEBHOOK_ID = HttpHeaders.createOptimized("webhook-id");

    private static final CharSequence WEBHOOK_TIMESTAMP = HttpHeaders.createOptimized("webhook-timestamp");
    private static final CharSequence WEBHOOK_SIGNATURE = HttpHeaders.createOptimized("webhook-signature");
    private static final CharSequence OCTETS = HttpHeaders.createOptimized("application/octet-stream");

    private final Map<String, String> configured;
    private final CharSequence userAgent;

    RequestHeaders(Map<String, String> configured, String node) {
        this.configured = configured;
        this.userAgent = HttpHeaders.createOptimized("forelog/" + Words.ascii(node));
    }

    /** Whether a configured header is one that the client sets itself. */
    static boolean reserved(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return NOT_CARRIED.contains(lower)
                && !lower.equals("authorization")
                && !lower.equals("cookie")
                && !lower.equals("user-agent");
    }

    /** Whether a configured header would be one of the signature's. */
    static boolean signed(String name) {
        return WEBHOOK_ID.toString().equalsIgnoreCase(name)
                || WEBHOOK_TIMESTAMP.toString().equalsIgnoreCase(name)
                || WEBHOOK_SIGNATURE.toString().equalsIgnoreCase(name);
    }

    /** Adds the signature of an attempt made at {@code millis}: the id is the same at every attempt, the time is not. */
    static void sign(MultiMap headers, Entry entry, long millis, WebhookSignature signature) {
        String id = entry.id().toString();
        String seconds = Long.toString(millis / 1_000L);
        headers.set(WEBHOOK_ID, id);
        headers.set(WEBHOOK_TIMESTAMP, seconds);
        headers.set(WEBHOOK_SIGNATURE, signature.of(id, seconds, entry.payload()));
    }

    MultiMap of(Delivery delivery) {
        Entry entry = delivery.entry();
        MultiMap headers = HttpHeaders.headers();
        headers.set(HttpHeaders.USER_AGENT, userAgent);
        headers.set(HttpHeaders.CONTENT_TYPE, OCTETS);
        if (!entry.headers().isEmpty()) {
            entry.headers().forEach((name, value) -> {
                String lower = name.toLowerCase(Locale.ROOT);
                boolean ours = lower.startsWith("forelog-") && !lower.equals(ORIGIN);
                if (!ours && !NOT_CARRIED.contains(lower)) {
                    headers.set(lower, Words.ascii(value));
                }
            });
        }
        String id = entry.id().toString();
        headers.set(ENTRY_ID, id);
        headers.set(NAMESPACE, Words.ascii(entry.namespace()));
        headers.set(
                DUE, Instant.EPOCH.plus(entry.dueMicros(), ChronoUnit.MICROS).toString());
        headers.set(ATTEMPT, Integer.toString(delivery.attempt()));
        headers.set(OPERATION, entry.operation().name());
        headers.set(
                IDEMPOTENCY_KEY,
                entry.token() == null ? id : Words.ascii(entry.token().token()));
        key(headers, entry.key());
        configured.forEach(headers::set);
        return headers;
    }

    /** As text where a header can hold it unchanged, else in base64 under another name. */
    private static void key(MultiMap headers, Buffer key) {
        int length = key.length();
        if (length == 0) {
            return;
        }
        boolean plain = key.getByte(0) != ' ' && key.getByte(length - 1) != ' ';
        for (int i = 0; i < length && plain; i++) {
            plain = key.getByte(i) >= ' ' && key.getByte(i) < 0x7F;
        }
        if (plain) {
            headers.set(KEY, key.toString());
        } else {
            headers.set(KEY_BASE64, Base64.getEncoder().encodeToString(key.getBytes()));
        }
    }
}

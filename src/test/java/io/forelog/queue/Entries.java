package io.forelog.queue;

import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.IdempotencyToken;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import io.forelog.model.Ticker;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Makes entries for tests. Owned by one thread. */
public final class Entries {
    private final EntryId.Source ids = new EntryId.Source();
    private final Ticker ticker;
    private final String namespace;

    public Entries(Ticker ticker, String namespace) {
        this.ticker = ticker;
        this.namespace = namespace;
    }

    /** Immediate, for route 1, without a key. */
    public Entry immediate(String payload) {
        return make(payload, "", Duration.ZERO, null, 1);
    }

    public Entry keyed(String key, String payload) {
        return make(payload, key, Duration.ZERO, null, 1);
    }

    public Entry delayed(String payload, Duration delay) {
        return make(payload, "", delay, null, 1);
    }

    public Entry tokened(String payload, String token) {
        return make(payload, "", Duration.ZERO, token, 1);
    }

    public Entry routed(String payload, Integer... routes) {
        return make(payload, "", Duration.ZERO, null, routes);
    }

    public Entry make(String payload, String key, Duration delay, String token, Integer... routes) {
        long now = ticker.micros();
        return new Entry(
                ids.next(ticker.millis()),
                namespace,
                now,
                now + delay.toNanos() / 1_000L,
                0,
                0,
                List.of(routes),
                "",
                Buffer.buffer(key),
                Operation.PUT,
                Priority.DEGRADED,
                Map.of(),
                Map.of("content-type", "text/plain"),
                Buffer.buffer(payload),
                token == null ? null : new IdempotencyToken(token, 0));
    }
}

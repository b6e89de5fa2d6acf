package io.forelog.model;

import io.vertx.core.buffer.Buffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One accepted write; immutable, shared by reference between threads. Nobody changes {@code payload} or
 * {@code key}. All times are microseconds since the epoch at the server, except {@code writeMicros}.
 *
 * @param id made at the edge
 * @param acceptedMicros receipt time at the server; an immediate entry is due then
 * @param dueMicros receipt + delay + the jitter drawn; never delivered earlier
 * @param expiresMicros end of its time to live, counted from due; 0 = none
 * @param writeMicros the client's time of the original write, 0 = not said; schedules nothing
 * @param routes numeric ids of the routes (namespace x target) it must reach, fixed at append, ascending
 * @param destination empty = the target's configured one
 * @param key empty = none
 * @param attributes read by the target's adapter
 * @param headers carried to the target, e.g. content-type, traceparent; lower case names
 */
public record Entry(
        EntryId id,
        String namespace,
        long acceptedMicros,
        long dueMicros,
        long expiresMicros,
        long writeMicros,
        List<Integer> routes,
        String destination,
        Buffer key,
        Operation operation,
        Priority priority,
        Map<String, String> attributes,
        Map<String, String> headers,
        Buffer payload,
        @Nullable IdempotencyToken token) {

    /** Where this entry must wait before delivery. */
    public boolean delayed() {
        return dueMicros > acceptedMicros;
    }

    /** Payload and key, in bytes; what windows and quotas count, beside a fixed overhead. */
    public int sizeBytes() {
        return payload.length() + key.length();
    }

    /** The same write as a touch, which gives its item a new end ({@code attributes.ttl}) and carries no payload. */
    public Entry touch(String ttl) {
        Map<String, String> touched = new LinkedHashMap<>(attributes);
        touched.put("ttl", ttl);
        return new Entry(
                id,
                namespace,
                acceptedMicros,
                dueMicros,
                expiresMicros,
                writeMicros,
                routes,
                destination,
                key,
                Operation.TOUCH,
                priority,
                Collections.unmodifiableMap(touched),
                headers,
                Buffer.buffer(),
                token);
    }

    /** The same entry by a clock that is {@code micros} ahead of the one that took it in; below 0: behind. */
    public Entry byClockAhead(long micros) {
        return new Entry(
                id,
                namespace,
                acceptedMicros + micros,
                dueMicros > Long.MAX_VALUE - Math.max(0, micros) ? dueMicros : dueMicros + micros,
                expiresMicros == 0 || expiresMicros > Long.MAX_VALUE - Math.max(0, micros)
                        ? expiresMicros
                        : expiresMicros + micros,
                writeMicros,
                routes,
                destination,
                key,
                operation,
                priority,
                attributes,
                headers,
                payload,
                token);
    }

    /** The same entry as if it had to reach {@code route} alone. */
    public Entry forRoute(int route) {
        return new Entry(
                id,
                namespace,
                acceptedMicros,
                dueMicros,
                expiresMicros,
                writeMicros,
                List.of(route),
                destination,
                key,
                operation,
                priority,
                attributes,
                headers,
                payload,
                token);
    }
}

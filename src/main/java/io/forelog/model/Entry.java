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
        return copy(0, routes, Operation.TOUCH, Collections.unmodifiableMap(touched), Buffer.buffer());
    }

    /** The same entry as if it had to reach {@code route} alone. */
    public Entry forRoute(int route) {
        return copy(0, List.of(route), operation, attributes, payload);
    }

    /** The same entry by a clock that is {@code micros} ahead of the one that took it in; below 0: behind. */
    public Entry byClockAhead(long micros) {
        return copy(micros, routes, operation, attributes, payload);
    }

    private Entry copy(
            long later,
            List<Integer> itsRoutes,
            Operation itsOperation,
            Map<String, String> itsAttributes,
            Buffer itsPayload) {
        return new Entry(
                id,
                namespace,
                acceptedMicros + later,
                moved(dueMicros, later),
                expiresMicros == 0 ? 0 : moved(expiresMicros, later),
                writeMicros,
                itsRoutes,
                destination,
                key,
                itsOperation,
                priority,
                itsAttributes,
                headers,
                itsPayload,
                token);
    }

    /** One that is too far off to be moved stays. */
    private static long moved(long micros, long later) {
        return micros > Long.MAX_VALUE - Math.max(0, later) ? micros : micros + later;
    }
}

package io.forelog.ingest;

import io.forelog.wire.Bytes;
import io.vertx.core.buffer.Buffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A write as it was asked for, whatever the socket it came by; not validated yet. Immutable; its buffers are views of
 * what was received. Times in microseconds; what does not fit is saturated, so that the validator sees it.
 *
 * @param ttlMicros 0 = none
 * @param writeMicros since the epoch; 0 = not said
 * @param operation as on the wire: 0 unspecified, else one more than the ordinal of the model's
 * @param priority as on the wire: 0 unspecified, else one more than the ordinal of the model's
 * @param headers lower case names
 * @param token null = none
 * @param tokenMicros 0 = not said
 */
record WriteRequest(
        String namespace,
        long delayMicros,
        long jitterMicros,
        long ttlMicros,
        long writeMicros,
        String target,
        String destination,
        Buffer key,
        int operation,
        int priority,
        Map<String, String> attributes,
        Map<String, String> headers,
        Buffer payload,
        @Nullable String token,
        long tokenMicros) {

    /** Payload and key. */
    int sizeBytes() {
        return payload.length() + key.length();
    }

    /** Collects a request field by field. One use, one thread. */
    static final class Draft {
        String namespace = "";
        long delayMicros;
        long jitterMicros;
        long ttlMicros;
        long writeMicros;
        String target = "";
        String destination = "";
        Buffer key = Bytes.EMPTY;
        int operation;
        int priority;
        Map<String, String> attributes = Map.of();
        Map<String, String> headers = Map.of();
        Buffer payload = Bytes.EMPTY;

        @Nullable
        String token;

        long tokenMicros;

        WriteRequest request() {
            return new WriteRequest(
                    namespace,
                    delayMicros,
                    jitterMicros,
                    ttlMicros,
                    writeMicros,
                    target,
                    destination,
                    key,
                    operation,
                    priority,
                    attributes,
                    headers,
                    payload,
                    token,
                    tokenMicros);
        }
    }
}

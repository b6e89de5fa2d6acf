package io.forelog.client;

import io.forelog.model.Operation;
import io.forelog.model.Priority;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One write as a client makes it. Immutable; nobody changes {@code payload}.
 *
 * @param target empty = every default target of the namespace
 * @param key empty = none
 * @param timeToLive zero = no limit but the namespace's
 * @param headers carried to the target, content-type among them
 * @param priority null = the namespace's
 * @param token empty = none; makes a repeated write the same write
 */
public record Write(
        String namespace,
        byte[] payload,
        Duration delay,
        Duration jitter,
        Duration timeToLive,
        String target,
        String destination,
        String key,
        Operation operation,
        @Nullable Priority priority,
        Map<String, String> attributes,
        Map<String, String> headers,
        String token) {

    /** To the default targets, at once. */
    public static Write of(String namespace, byte[] payload) {
        return new Write(
                namespace,
                payload,
                Duration.ZERO,
                Duration.ZERO,
                Duration.ZERO,
                "",
                "",
                "",
                Operation.PUT,
                null,
                Map.of(),
                Map.of(),
                "");
    }

    /** The same with another payload and key. */
    public Write with(byte[] otherPayload, String otherKey) {
        return new Write(
                namespace,
                otherPayload,
                delay,
                jitter,
                timeToLive,
                target,
                destination,
                otherKey,
                operation,
                priority,
                attributes,
                headers,
                token);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Write write
                && Arrays.equals(payload, write.payload)
                && with(new byte[0], key)
                        .toString()
                        .equals(write.with(new byte[0], write.key).toString());
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(payload);
    }

    /** Names what it is; never the payload. */
    @Override
    public String toString() {
        return "Write[" + namespace + "/" + target + "/" + destination + " " + operation + " key=" + key + " delay="
                + delay + " jitter=" + jitter + " ttl=" + timeToLive + " priority=" + priority + " attributes="
                + attributes + " headers=" + headers.keySet() + " token=" + token + " " + payload.length + " bytes]";
    }
}

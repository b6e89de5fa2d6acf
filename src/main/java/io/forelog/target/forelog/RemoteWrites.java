package io.forelog.target.forelog;

import com.google.protobuf.Timestamp;
import io.forelog.model.Entry;
import io.forelog.wire.Bytes;
import io.forelog.wire.v1.IdempotencyToken;
import io.forelog.wire.v1.Lifecycle;
import io.forelog.wire.v1.Operation;
import io.forelog.wire.v1.Priority;
import io.forelog.wire.v1.Target;
import io.forelog.wire.v1.WriteToLogRequest;

/**
 * Translates an entry to a write to another instance. The time of the original write travels, so that last-write-wins
 * decides the same there; the token, or the entry's id, makes a redelivery the same write. Immutable.
 */
final class RemoteWrites {
    /** The id that the entry has where it was first accepted: the first one stays. */
    private static final String ORIGIN = "forelog-origin-entry-id";

    private final String namespace;
    private final String target;

    /** {@code namespace} empty = the entry's; {@code target} empty = the defaults there. */
    RemoteWrites(String namespace, String target) {
        this.namespace = namespace;
        this.target = target;
    }

    WriteToLogRequest of(Entry entry, long nowMicros) {
        WriteToLogRequest.Builder request = WriteToLogRequest.newBuilder()
                .setNamespace(namespace.isEmpty() ? entry.namespace() : namespace)
                .setLifecycle(lifecycle(entry, nowMicros))
                .setPayload(Bytes.string(entry.payload()))
                .setTarget(target(entry))
                .setIdempotencyToken(token(entry))
                .setPriority(priority(entry));
        return request.putHeaders(ORIGIN, entry.id().toString())
                .putAllHeaders(entry.headers())
                .build();
    }

    private static Lifecycle lifecycle(Entry entry, long nowMicros) {
        long written = entry.writeMicros();
        if (written == 0 && entry.token() != null) {
            written = entry.token().generationMicros();
        }
        Lifecycle.Builder lifecycle =
                Lifecycle.newBuilder().setWriteTime(timestamp(written == 0 ? entry.acceptedMicros() : written));
        if (entry.expiresMicros() > 0) {
            long left = Math.max(1_000L, entry.expiresMicros() - nowMicros);
            lifecycle.setTimeToLive(com.google.protobuf.Duration.newBuilder()
                    .setSeconds(left / 1_000_000L)
                    .setNanos((int) (left % 1_000_000L) * 1_000));
        }
        return lifecycle.build();
    }

    private Target target(Entry entry) {
        return Target.newBuilder()
                .setName(target)
                .setDestination(entry.destination())
                .setKey(Bytes.string(entry.key()))
                .setOperation(
                        switch (entry.operation()) {
                            case PUT -> Operation.OPERATION_PUT;
                            case DELETE -> Operation.OPERATION_DELETE;
                            case TOUCH -> Operation.OPERATION_TOUCH;
                        })
                .putAllAttributes(entry.attributes())
                .build();
    }

    private static IdempotencyToken token(Entry entry) {
        IdempotencyToken.Builder token = IdempotencyToken.newBuilder();
        if (entry.token() == null) {
            return token.setToken(entry.id().toString()).build();
        }
        token.setToken(entry.token().token());
        if (entry.token().generationMicros() > 0) {
            token.setGenerationTime(timestamp(entry.token().generationMicros()));
        }
        return token.build();
    }

    private static Priority priority(Entry entry) {
        return switch (entry.priority()) {
            case CRITICAL -> Priority.PRIORITY_CRITICAL;
            case DEGRADED -> Priority.PRIORITY_DEGRADED;
            case BEST_EFFORT -> Priority.PRIORITY_BEST_EFFORT;
            case BULK -> Priority.PRIORITY_BULK;
        };
    }

    private static Timestamp timestamp(long micros) {
        return Timestamp.newBuilder()
                .setSeconds(Math.floorDiv(micros, 1_000_000L))
                .setNanos((int) Math.floorMod(micros, 1_000_000L) * 1_000)
                .build();
    }
}

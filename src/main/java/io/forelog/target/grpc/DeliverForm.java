package io.forelog.target.grpc;

import com.google.protobuf.Timestamp;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.target.Words;
import io.forelog.wire.Bytes;
import io.forelog.wire.v1.DeliverRequest;
import io.forelog.wire.v1.IdempotencyToken;
import io.forelog.wire.v1.Operation;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.grpc.common.ServiceMethod;

/** {@code forelog.v1.LogReceiver/Deliver}: the entry as a message of ours. Immutable. */
final class DeliverForm implements CallForm {
    static final String METHOD = "forelog.v1.LogReceiver/Deliver";

    private final ServiceMethod<Buffer, Buffer> method = CallForm.method(METHOD);
    private final String destination;

    /** {@code destination}: of an entry that names none. */
    DeliverForm(String destination) {
        this.destination = destination;
    }

    @Override
    public ServiceMethod<Buffer, Buffer> method() {
        return method;
    }

    @Override
    public Buffer message(Delivery delivery) {
        Entry entry = delivery.entry();
        long generated = entry.token() == null ? 0L : entry.token().generationMicros();
        long written = entry.writeMicros() != 0 ? entry.writeMicros() : generated;
        IdempotencyToken.Builder token = IdempotencyToken.newBuilder()
                .setToken(
                        entry.token() == null
                                ? entry.id().toString()
                                : entry.token().token());
        if (generated != 0) {
            token.setGenerationTime(timestamp(generated));
        }
        return Bytes.view(DeliverRequest.newBuilder()
                .setNamespace(entry.namespace())
                .setEntryId(entry.id().toString())
                .setKey(Bytes.string(entry.key()))
                .setPayload(Bytes.string(entry.payload()))
                .putAllHeaders(entry.headers())
                .setOperation(
                        switch (entry.operation()) {
                            case PUT -> Operation.OPERATION_PUT;
                            case DELETE -> Operation.OPERATION_DELETE;
                            case TOUCH -> Operation.OPERATION_TOUCH;
                        })
                .setAttempt(delivery.attempt())
                .setWriteTime(timestamp(written != 0 ? written : entry.acceptedMicros()))
                .setIdempotencyToken(token)
                .setDestination(entry.destination().isEmpty() ? destination : entry.destination())
                .putAllAttributes(entry.attributes())
                .setDueTime(timestamp(entry.dueMicros()))
                .build()
                .toByteArray());
    }

    @Override
    public void metadata(Delivery delivery, MultiMap metadata) {
        for (String name : RawForm.TRACE) {
            String value = delivery.entry().headers().get(name);
            if (value != null) {
                metadata.set(name, Words.ascii(value));
            }
        }
    }

    private static Timestamp timestamp(long micros) {
        return Timestamp.newBuilder()
                .setSeconds(Math.floorDiv(micros, 1_000_000L))
                .setNanos((int) Math.floorMod(micros, 1_000_000L) * 1_000)
                .build();
    }
}

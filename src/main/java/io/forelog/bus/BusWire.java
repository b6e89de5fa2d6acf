package io.forelog.bus;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Durable;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.model.Receipt;
import io.forelog.model.WalException;
import io.forelog.wire.Bytes;
import io.forelog.wire.EnvelopeCodec;
import io.forelog.wire.ObligationCodec;
import io.forelog.wire.v1.BusAppendBatch;
import io.forelog.wire.v1.BusAppendOutcome;
import io.forelog.wire.v1.BusAppendReply;
import io.forelog.wire.v1.BusDelivery;
import io.forelog.wire.v1.BusDeliveryBatch;
import io.forelog.wire.v1.BusDeliveryReply;
import io.forelog.wire.v1.BusOutcome;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;

/**
 * The bus messages as protobuf, for the way between nodes: a length of 4 bytes, then the message. A delivery's place
 * stays at home: the far side applies, the near side settles. Stateless, any thread.
 */
final class BusWire {
    private BusWire() {}

    static void writeAppendBatch(Buffer buffer, AppendBatch batch) {
        BusAppendBatch.Builder wire =
                BusAppendBatch.newBuilder().setNamespace(batch.namespace()).setSentMicros(batch.sentMicros());
        batch.entries().forEach(entry -> wire.addEntries(Bytes.string(Bytes.view(EnvelopeCodec.encode(entry)))));
        write(buffer, wire.build());
    }

    static AppendBatch readAppendBatch(int position, Buffer buffer) {
        BusAppendBatch wire = read(position, buffer, BusAppendBatch.parser());
        return new AppendBatch(
                wire.getNamespace(),
                wire.getEntriesList().stream()
                        .map(bytes -> EnvelopeCodec.decode(wire.getNamespace(), bytes.toByteArray()))
                        .toList(),
                wire.getSentMicros());
    }

    static void writeAppendReply(Buffer buffer, AppendReply reply) {
        BusAppendReply.Builder wire = BusAppendReply.newBuilder();
        reply.outcomes().forEach(outcome -> wire.addOutcomes(outcome(outcome)));
        write(buffer, wire.build());
    }

    private static BusAppendOutcome outcome(AppendOutcome outcome) {
        BusAppendOutcome.Builder wire = BusAppendOutcome.newBuilder()
                .setDurable(outcome.durable().ordinal())
                .setIdHigh(outcome.id().high())
                .setIdLow(outcome.id().low())
                .setText(outcome.text())
                .setDuplicate(outcome.duplicate());
        if (outcome.code() != null) {
            wire.setCode(outcome.code().name());
        }
        Receipt receipt = outcome.receipt();
        if (receipt != null) {
            wire.setHasReceipt(true)
                    .setQueue(receipt.queue())
                    .setPartition(receipt.partition())
                    .setSequence(receipt.sequence());
        }
        return wire.build();
    }

    static AppendReply readAppendReply(int position, Buffer buffer) {
        BusAppendReply wire = read(position, buffer, BusAppendReply.parser());
        return new AppendReply(wire.getOutcomesList().stream()
                .map(outcome -> new AppendOutcome(
                        Durable.values()[outcome.getDurable()],
                        new EntryId(outcome.getIdHigh(), outcome.getIdLow()),
                        outcome.getHasReceipt()
                                ? new Receipt(outcome.getQueue(), outcome.getPartition(), outcome.getSequence())
                                : null,
                        outcome.getCode().isEmpty() ? null : ObligationCodec.code(outcome.getCode()),
                        outcome.getText(),
                        outcome.getDuplicate()))
                .toList());
    }

    static void writeDeliveryBatch(Buffer buffer, DeliveryBatch batch) {
        BusDeliveryBatch.Builder wire =
                BusDeliveryBatch.newBuilder().setNamespace(batch.namespace()).setTarget(batch.target());
        batch.deliveries().forEach(delivery -> wire.addDeliveries(delivery(delivery)));
        write(buffer, wire.build());
    }

    private static BusDelivery delivery(Delivery delivery) {
        BusDelivery.Builder wire = BusDelivery.newBuilder()
                .setEntry(Bytes.string(Bytes.view(EnvelopeCodec.encode(delivery.entry()))))
                .setRoute(delivery.route())
                .setQueue(delivery.receipt().queue())
                .setPartition(delivery.receipt().partition())
                .setSequence(delivery.receipt().sequence())
                .setAttempt(delivery.attempt())
                .setDueMicros(delivery.dueMicros())
                .setRedrives(delivery.redrives());
        if (delivery.firstFailure() != null) {
            wire.setFirstFailure(ObligationCodec.store(delivery.firstFailure()));
        }
        if (delivery.lastFailure() != null) {
            wire.setLastFailure(ObligationCodec.store(delivery.lastFailure()));
        }
        return wire.build();
    }

    static DeliveryBatch readDeliveryBatch(int position, Buffer buffer) {
        BusDeliveryBatch wire = read(position, buffer, BusDeliveryBatch.parser());
        return new DeliveryBatch(
                wire.getNamespace(),
                wire.getTarget(),
                wire.getDeliveriesList().stream()
                        .map(delivery -> delivery(wire.getNamespace(), delivery))
                        .toList());
    }

    private static Delivery delivery(String namespace, BusDelivery wire) {
        Entry entry = EnvelopeCodec.decode(namespace, wire.getEntry().toByteArray());
        Receipt receipt = new Receipt(wire.getQueue(), wire.getPartition(), wire.getSequence());
        return new Delivery(
                entry,
                wire.getRoute(),
                receipt,
                receipt,
                wire.getAttempt(),
                wire.getDueMicros(),
                ObligationCodec.load(wire.hasFirstFailure(), wire.getFirstFailure()),
                ObligationCodec.load(wire.hasLastFailure(), wire.getLastFailure()),
                wire.getRedrives());
    }

    static void writeDeliveryReply(Buffer buffer, DeliveryReply reply) {
        BusDeliveryReply.Builder wire = BusDeliveryReply.newBuilder();
        reply.outcomes().forEach(outcome -> wire.addOutcomes(outcome(outcome)));
        write(buffer, wire.build());
    }

    private static BusOutcome outcome(Outcome outcome) {
        BusOutcome.Builder wire = BusOutcome.newBuilder().setKind(outcome.kind().ordinal());
        switch (outcome.kind()) {
            case APPLIED -> {}
            case RETRY -> {
                Outcome.Retry retry = (Outcome.Retry) outcome;
                wire.setCode(retry.code().name())
                        .setText(retry.text())
                        .setAfterMillis(retry.after().toMillis());
            }
            case REJECTED -> {
                Outcome.Rejected rejected = (Outcome.Rejected) outcome;
                wire.setCode(rejected.code().name()).setText(rejected.text()).setStorm(rejected.storm());
            }
            case DEFERRED -> {
                Outcome.Deferred deferred = (Outcome.Deferred) outcome;
                wire.setText(deferred.text()).setAfterMillis(deferred.after().toMillis());
            }
        }
        return wire.build();
    }

    static DeliveryReply readDeliveryReply(int position, Buffer buffer) {
        BusDeliveryReply wire = read(position, buffer, BusDeliveryReply.parser());
        return new DeliveryReply(
                wire.getOutcomesList().stream().map(BusWire::outcome).toList());
    }

    private static Outcome outcome(BusOutcome wire) {
        Duration after = Duration.ofMillis(wire.getAfterMillis());
        return switch (Outcome.Kind.values()[wire.getKind()]) {
            case APPLIED -> Outcome.applied();
            case RETRY -> Outcome.retry(ObligationCodec.code(wire.getCode()), wire.getText(), after);
            case REJECTED -> Outcome.rejected(ObligationCodec.code(wire.getCode()), wire.getText(), wire.getStorm());
            case DEFERRED -> Outcome.deferred(wire.getText(), after);
        };
    }

    private static void write(Buffer buffer, MessageLite message) {
        byte[] bytes = message.toByteArray();
        buffer.appendInt(bytes.length).appendBytes(bytes);
    }

    private static <T> T read(int position, Buffer buffer, Parser<T> parser) {
        int length = buffer.getInt(position);
        try {
            return parser.parseFrom(buffer.getBytes(position + 4, position + 4 + length));
        } catch (InvalidProtocolBufferException e) {
            throw new WalException(ErrorCode.INTERNAL, "bus message: " + e.getMessage(), e);
        }
    }
}

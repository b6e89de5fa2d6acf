package io.forelog.queue.kafka;

import com.google.protobuf.InvalidProtocolBufferException;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import io.forelog.queue.DeadLetter;
import io.forelog.wire.EnvelopeCodec;
import io.forelog.wire.ObligationCodec;
import io.forelog.wire.v1.StoredObligation;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * A record of a dead-letter topic as a letter, and a letter's id: time of its append, number of the topic, partition, offset,
 * all of fixed width, so that ids ascend in time of death. Stateless, any thread.
 */
final class DeadLetterRecord {
    private static final String FORM = "%012x-%02x%04x-%012x";
    private static final int LENGTH = 12 + 1 + 6 + 1 + 12;

    private DeadLetterRecord() {}

    /** Where a letter lies. */
    record Place(long millis, int topic, int partition, long offset) {
        String id() {
            return String.format(FORM, millis, topic, partition, offset);
        }
    }

    /** Null where {@code id} is none. */
    static @Nullable Place place(String id) {
        if (id.length() != LENGTH || id.charAt(12) != '-' || id.charAt(19) != '-') {
            return null;
        }
        try {
            return new Place(
                    Long.parseUnsignedLong(id.substring(0, 12), 16),
                    Integer.parseUnsignedInt(id.substring(13, 15), 16),
                    Integer.parseUnsignedInt(id.substring(15, 19), 16),
                    Long.parseUnsignedLong(id.substring(20), 16));
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** Whether it is a letter of {@code namespace}; one that says nothing is. */
    static boolean concerns(ConsumerRecord<byte[], byte[]> record, String namespace) {
        String of = KafkaRecords.text(record.headers(), KafkaRecords.NAMESPACE);
        return of.isEmpty() || of.equals(namespace);
    }

    static int route(ConsumerRecord<byte[], byte[]> record) {
        return (int) KafkaRecords.number(record.headers(), KafkaRecords.ROUTES, 0);
    }

    /** What can't be read is a letter too, its payload the record's value. */
    static DeadLetter letter(ConsumerRecord<byte[], byte[]> record, String namespace, int topic) {
        String id = new Place(record.timestamp(), topic, record.partition(), record.offset()).id();
        byte[] value = record.value() == null ? new byte[0] : record.value();
        if (KafkaRecords.text(record.headers(), KafkaRecords.KIND).equals(KafkaRecords.OBLIGATION)) {
            try {
                StoredObligation stored = StoredObligation.parseFrom(value);
                Entry entry = EnvelopeCodec.decode(namespace, stored.getEntry().toByteArray());
                Failure last = ObligationCodec.load(stored.hasLastFailure(), stored.getLastFailure());
                long died = stored.getDiedMicros() > 0 ? stored.getDiedMicros() : record.timestamp() * 1_000;
                return new DeadLetter(
                        id,
                        entry,
                        stored.getRoute(),
                        stored.getAttempts(),
                        ObligationCodec.load(stored.hasFirstFailure(), stored.getFirstFailure()),
                        last == null ? said(record, died) : last,
                        died,
                        stored.getRedrives());
            } catch (InvalidProtocolBufferException | RuntimeException e) {
                // told as it is
            }
        }
        long died = record.timestamp() * 1_000;
        return new DeadLetter(id, raw(record, namespace, value), route(record), 0, null, said(record, died), died, 0);
    }

    private static Failure said(ConsumerRecord<byte[], byte[]> record, long died) {
        String code = KafkaRecords.text(record.headers(), "forelog-cause");
        String text = KafkaRecords.text(record.headers(), "kafka_dlt-exception-message");
        return new Failure(died, code.isEmpty() ? ErrorCode.POISON : ObligationCodec.code(code), text);
    }

    private static Entry raw(ConsumerRecord<byte[], byte[]> record, String namespace, byte[] value) {
        long at = record.timestamp() * 1_000;
        EntryId id = new EntryId(record.timestamp() << 16 | 0x7000L, record.offset() | Long.MIN_VALUE);
        return new Entry(
                id,
                namespace,
                at,
                at,
                0,
                0,
                List.of(route(record)),
                "",
                record.key() == null ? Buffer.buffer() : Buffer.buffer(record.key()),
                Operation.PUT,
                Priority.DEGRADED,
                Map.of(),
                Map.of(),
                Buffer.buffer(value),
                null);
    }
}

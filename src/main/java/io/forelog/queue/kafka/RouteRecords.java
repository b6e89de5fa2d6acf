package io.forelog.queue.kafka;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.Receipt;
import io.forelog.model.WalException;
import io.forelog.queue.Verdict;
import io.forelog.wire.EnvelopeCodec;
import io.forelog.wire.ObligationCodec;
import io.forelog.wire.v1.StoredObligation;
import java.nio.ByteBuffer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * Records as one route reads them, and the copies that its moves write: a value is an envelope (a fresh entry) or an obligation
 * around one, as the header {@code forelog-kind} says; who must have it stands in a header, so that what is another's is
 * passed unread. Immutable, any thread.
 */
final class RouteRecords {
    static final String CAUSE = "forelog-cause";
    static final String ATTEMPTS = "forelog-attempts";

    private static final byte[] OBLIGATION = KafkaRecords.OBLIGATION.getBytes(US_ASCII);

    private final String namespace;
    private final byte[] namespaceBytes;
    private final int route;

    RouteRecords(String namespace, int route) {
        this.namespace = namespace;
        this.namespaceBytes = namespace.getBytes(UTF_8);
        this.route = route;
    }

    /** A record that can't be read, and why. */
    record Raw(ConsumerRecord<byte[], byte[]> record, String why) {}

    /** Whether the record is this route's: it names it, or names nobody. */
    boolean concerns(ConsumerRecord<byte[], byte[]> record) {
        Header of = record.headers().lastHeader(KafkaRecords.NAMESPACE);
        if (of != null && !java.util.Arrays.equals(of.value(), namespaceBytes)) {
            return false;
        }
        Header routes = record.headers().lastHeader(KafkaRecords.ROUTES);
        return routes == null || routes.value() == null || names(routes.value(), route);
    }

    /** {@code list}: numbers with commas between; what is no number names nobody. As {@link KafkaRecords#routes}, with no list made. */
    static boolean names(byte[] list, int route) {
        int number = 0;
        int digits = 0;
        for (byte each : list) {
            if (each == ',') {
                if (number == route && digits > 0) {
                    return true;
                }
                number = 0;
                digits = 0;
            } else {
                number = number >= 0 && each >= '0' && each <= '9' && digits < 9 ? number * 10 + (each - '0') : -1;
                digits++;
            }
        }
        return number == route && digits > 0;
    }

    /** The delivery in a record of {@code holding}'s partition; one that can't be read is given raw. */
    Holding.Fetched read(Holding holding, ConsumerRecord<byte[], byte[]> record) {
        int bytes = Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
        boolean obligation = isObligation(record.headers());
        Books.Count came = obligation ? returned(record.headers()) : Books.Count.ACCEPTED;
        try {
            return obligation ? obligation(holding, record, bytes, came) : fresh(holding, record, bytes, came);
        } catch (RuntimeException | InvalidProtocolBufferException e) { // whatever is wrong with it, it stops nobody
            Taken taken = new Taken(holding, record.offset(), bytes, came, record.offset());
            return new Holding.Fetched(
                    taken, null, new Raw(record, e.getMessage() == null ? e.toString() : e.getMessage()));
        }
    }

    private static Books.Count returned(Headers headers) {
        if (KafkaRecords.has(headers, KafkaRecords.MOVED_IN)) {
            return Books.Count.MOVED_IN;
        }
        return KafkaRecords.has(headers, KafkaRecords.READMITTED) ? Books.Count.ACCEPTED : Books.Count.RETURNED;
    }

    static boolean isObligation(Headers headers) {
        Header kind = headers.lastHeader(KafkaRecords.KIND);
        return kind != null && java.util.Arrays.equals(kind.value(), OBLIGATION);
    }

    private Holding.Fetched fresh(Holding holding, ConsumerRecord<byte[], byte[]> record, int bytes, Books.Count came) {
        Entry entry = EnvelopeCodec.decode(namespace, valueOf(record));
        Taken taken = new Taken(holding, record.offset(), bytes, came, record.offset());
        Delivery delivery = new Delivery(entry, route, receipt(record), taken, 1, entry.dueMicros(), null, null, 0);
        return new Holding.Fetched(taken, delivery, null);
    }

    private Holding.Fetched obligation(
            Holding holding, ConsumerRecord<byte[], byte[]> record, int bytes, Books.Count came)
            throws InvalidProtocolBufferException {
        StoredObligation stored = StoredObligation.parseFrom(ByteBuffer.wrap(valueOf(record)));
        Entry entry = EnvelopeCodec.decode(namespace, stored.getEntry().toByteArray());
        long order = holding.isPark() ? stored.getSequence() : record.offset();
        Taken taken = new Taken(holding, record.offset(), bytes, came, order);
        taken.nextMicros = stored.getNextMicros();
        return new Holding.Fetched(
                taken,
                new Delivery(
                        entry,
                        route,
                        receipt(record),
                        taken,
                        stored.getAttempts() + 1,
                        stored.getNextMicros() > 0 && !holding.isPark() ? stored.getNextMicros() : entry.dueMicros(),
                        ObligationCodec.load(stored.hasFirstFailure(), stored.getFirstFailure()),
                        ObligationCodec.load(stored.hasLastFailure(), stored.getLastFailure()),
                        stored.getRedrives()),
                null);
    }

    private static byte[] valueOf(ConsumerRecord<byte[], byte[]> record) {
        byte[] value = record.value();
        if (value == null) {
            throw new WalException(ErrorCode.CORRUPT, "record without a value (expected: a stored envelope)");
        }
        return value;
    }

    private static Receipt receipt(ConsumerRecord<byte[], byte[]> record) {
        return new Receipt(record.topic(), record.partition(), record.offset());
    }

    // ---- copies

    /** To be tried again when it is due; {@code headers} say how it waits. */
    ProducerRecord<byte[], byte[]> retry(String topic, Headers headers, Delivery delivery, Verdict.Retry retry) {
        ProducerRecord<byte[], byte[]> copy =
                copy(topic, null, delivery, delivery.attempt(), retry.failure(), retry.dueMicros(), 0, 0);
        headers.forEach(copy.headers()::add);
        return copy;
    }

    /** As it is, in the partition of the same number. */
    ProducerRecord<byte[], byte[]> toMain(String topic, Delivery delivery, @Nullable Failure failure) {
        int partition = ((Taken) delivery.place()).holding.partition.partition();
        int attempts = failure == null ? delivery.attempt() - 1 : delivery.attempt();
        return copy(topic, partition, delivery, attempts, failure, delivery.dueMicros(), 0, 0);
    }

    /** Behind its key, in the partition of the same number. */
    ProducerRecord<byte[], byte[]> park(String topic, Delivery delivery, Verdict.Park park) {
        Taken taken = (Taken) delivery.place();
        int attempts = park.failure() == null ? delivery.attempt() - 1 : delivery.attempt();
        int partition = taken.holding.partition.partition();
        return copy(topic, partition, delivery, attempts, park.failure(), park.nextMicros(), 0, taken.order);
    }

    /** A dead letter with its cause; the headers of other tools beside ours. */
    ProducerRecord<byte[], byte[]> dead(String topic, Delivery delivery, Failure failure, long nowMicros) {
        ProducerRecord<byte[], byte[]> copy = copy(topic, null, delivery, delivery.attempt(), failure, 0, nowMicros, 0);
        Receipt at = delivery.receipt();
        cause(
                copy.headers(),
                at.queue(),
                at.partition(),
                at.sequence(),
                delivery.entry().acceptedMicros() / 1_000);
        put(copy.headers(), CAUSE, failure.code().name());
        put(copy.headers(), ATTEMPTS, Integer.toString(delivery.attempt()));
        put(copy.headers(), "kafka_dlt-exception-fqcn", failure.code().name());
        put(copy.headers(), "kafka_dlt-exception-message", failure.text());
        return copy;
    }

    /** A record that can't be read, as it is. */
    ProducerRecord<byte[], byte[]> poison(String topic, Raw raw) {
        ConsumerRecord<byte[], byte[]> record = raw.record();
        ProducerRecord<byte[], byte[]> copy =
                new ProducerRecord<>(topic, null, record.key(), record.value(), record.headers());
        cause(copy.headers(), record.topic(), record.partition(), record.offset(), record.timestamp());
        KafkaRecords.replace(copy.headers(), KafkaRecords.NAMESPACE, namespace);
        KafkaRecords.replace(copy.headers(), KafkaRecords.ROUTES, Integer.toString(route));
        put(copy.headers(), CAUSE, ErrorCode.POISON.name());
        put(copy.headers(), ATTEMPTS, "0");
        put(copy.headers(), "kafka_dlt-exception-fqcn", ErrorCode.POISON.name());
        put(copy.headers(), "kafka_dlt-exception-message", raw.why());
        return copy;
    }

    private ProducerRecord<byte[], byte[]> copy(
            String topic,
            @Nullable Integer partition,
            Delivery delivery,
            int attempts,
            @Nullable Failure failure,
            long nextMicros,
            long diedMicros,
            long order) {
        Entry entry = delivery.entry();
        StoredObligation.Builder stored = StoredObligation.newBuilder()
                .setSequence(order)
                .setRoute(route)
                .setAttempts(attempts)
                .setRedrives(delivery.redrives())
                .setNextMicros(nextMicros)
                .setDiedMicros(diedMicros)
                .setEntry(UnsafeByteOperations.unsafeWrap(EnvelopeCodec.encode(entry)));
        Failure first = delivery.firstFailure() == null ? failure : delivery.firstFailure();
        Failure last = failure == null ? delivery.lastFailure() : failure;
        if (first != null) {
            stored.setFirstFailure(ObligationCodec.store(first));
        }
        if (last != null) {
            stored.setLastFailure(ObligationCodec.store(last));
        }
        byte[] key = KafkaRecords.key(entry);
        ProducerRecord<byte[], byte[]> copy =
                new ProducerRecord<>(topic, partition, key, stored.build().toByteArray());
        put(copy.headers(), KafkaRecords.KIND, KafkaRecords.OBLIGATION);
        put(copy.headers(), KafkaRecords.ID, entry.id().toString());
        put(copy.headers(), KafkaRecords.NAMESPACE, namespace);
        put(copy.headers(), KafkaRecords.ROUTES, Integer.toString(route));
        return copy;
    }

    private static void cause(Headers headers, String topic, int partition, long offset, long millis) {
        put(headers, "kafka_dlt-original-topic", topic);
        headers.add(
                "kafka_dlt-original-partition",
                ByteBuffer.allocate(4).putInt(partition).array());
        headers.add(
                "kafka_dlt-original-offset",
                ByteBuffer.allocate(8).putLong(offset).array());
        headers.add(
                "kafka_dlt-original-timestamp",
                ByteBuffer.allocate(8).putLong(millis).array());
    }

    private static void put(Headers headers, String name, String text) {
        headers.add(name, text.getBytes(UTF_8));
    }
}

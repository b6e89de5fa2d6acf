package io.forelog.target.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.Operation;
import java.util.Locale;
import java.util.Set;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * A delivery as a record: the entry's key and payload as they are, and headers that tell which entry it is. No partition and
 * no time is set: the producer's own partitioner spreads by key, as every other writer to the topic does. Immutable.
 *
 * @param tombstones a DELETE goes out without a value, as compaction wants it
 */
record RecordForm(boolean tombstones) {
    /** The writer's own credentials: never carried on. */
    private static final Set<String> NOT_CARRIED = Set.of("authorization", "proxy-authorization", "cookie");

    /** Of an entry that another instance relayed: its id there. */
    private static final String ORIGIN = "forelog-origin-entry-id";

    ProducerRecord<byte[], byte[]> record(Delivery delivery, String topic) {
        Entry entry = delivery.entry();
        byte[] key = entry.key().length() == 0 ? null : entry.key().getBytes();
        byte[] value = isTombstone(entry) ? null : entry.payload().getBytes();
        return new ProducerRecord<>(topic, null, null, key, value, headers(delivery));
    }

    boolean isTombstone(Entry entry) {
        return tombstones && entry.operation() == Operation.DELETE;
    }

    private static Headers headers(Delivery delivery) {
        Entry entry = delivery.entry();
        RecordHeaders headers = new RecordHeaders();
        entry.headers().forEach((name, value) -> {
            String lower = name.toLowerCase(Locale.ROOT);
            boolean ours = lower.startsWith("forelog-") && !lower.equals(ORIGIN) || lower.equals("idempotency-key");
            if (!ours && !NOT_CARRIED.contains(lower)) {
                add(headers, lower, value);
            }
        });
        String id = entry.id().toString();
        add(headers, "forelog-entry-id", id);
        add(headers, "forelog-namespace", entry.namespace());
        add(headers, "forelog-due", Long.toString(entry.dueMicros()));
        add(headers, "forelog-attempt", Integer.toString(delivery.attempt()));
        add(headers, "forelog-operation", entry.operation().name());
        add(
                headers,
                "idempotency-key",
                entry.token() == null ? id : entry.token().token());
        return headers;
    }

    private static void add(Headers headers, String name, String value) {
        headers.add(name, value.getBytes(UTF_8));
    }
}

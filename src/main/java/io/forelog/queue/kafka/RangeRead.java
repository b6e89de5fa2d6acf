package io.forelog.queue.kafka;

import io.forelog.model.Entry;
import io.forelog.model.Receipt;
import io.forelog.queue.LogEntry;
import io.forelog.queue.LogRange;
import io.forelog.queue.Page;
import io.forelog.wire.EnvelopeCodec;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Lists the fresh entries that were accepted in a range of time, settled or not: the main topics first, then what waits in the
 * tiers, the widest first, then what came to be due; an entry that hops meanwhile may be listed twice, never missed. Within a
 * partition in log order. A page is bounded by its limit, by {@value #LOOKED_AT_MAX} records looked at, and by 16 MiB, one entry at least. Stateless; works on the
 * thread of the {@link LogScan}.
 */
final class RangeRead {
    private static final int LOOKED_AT_MAX = 50_000;
    private static final long BYTES_MAX = 16L << 20;
    /** The broker's clock stamps what the node's clock accepted: how far they may be apart, the time of an append included. */
    private static final long SLACK_MILLIS = 60_000;

    private final LogScan scan;
    private final Appends appends;
    private final String namespace;

    RangeRead(LogScan scan, Appends appends, String namespace) {
        this.scan = scan;
        this.appends = appends;
        this.namespace = namespace;
    }

    private record Cursor(int partition, long offset) {
        static Cursor of(String text) {
            int colon = text.indexOf(':');
            return colon < 0
                    ? new Cursor(0, -1)
                    : new Cursor(Integer.parseInt(text.substring(0, colon)), Long.parseLong(text.substring(colon + 1)));
        }

        @Override
        public String toString() {
            return partition + ":" + offset;
        }
    }

    Future<Page<LogEntry>> read(LogRange range, String cursor, int limit) {
        return scan.run(on -> page(range, Cursor.of(cursor), limit));
    }

    private Page<LogEntry> page(LogRange range, Cursor from, int limit) {
        TopicPlan plan = appends.layout().plan();
        List<TopicPartition> all = new ArrayList<>();
        plan.mains().forEach(topic -> all.addAll(scan.partitions(topic)));
        int mains = all.size();
        List<String> tiers = new ArrayList<>(plan.tiers());
        java.util.Collections.reverse(tiers);
        tiers.forEach(topic -> all.addAll(scan.partitions(topic)));
        plan.readies().forEach(topic -> all.addAll(scan.partitions(topic)));
        Map<TopicPartition, Long> ends = scan.ends(all);
        List<LogEntry> found = new ArrayList<>();
        int[] looked = {0};
        long[] bytes = {0};
        for (int i = from.partition(); i < all.size(); i++) {
            TopicPartition partition = all.get(i);
            long end = ends.getOrDefault(partition, 0L);
            long first = i == from.partition() && from.offset() >= 0
                    ? from.offset()
                    : scan.offsetAt(partition, range.fromMicros() / 1_000 - SLACK_MILLIS, end);
            long last = i < mains ? scan.offsetAt(partition, range.toMicros() / 1_000 + SLACK_MILLIS, end) : end;
            boolean[] full = {false};
            long behind = scan.scan(partition, first, last, record -> {
                LogEntry entry = read(record, range);
                if (entry != null) {
                    found.add(entry);
                    bytes[0] += record.serializedValueSize();
                }
                full[0] = found.size() >= limit || bytes[0] >= BYTES_MAX || ++looked[0] >= LOOKED_AT_MAX;
                return !full[0];
            });
            if (full[0]) {
                return new Page<>(List.copyOf(found), new Cursor(i, behind).toString());
            }
        }
        return new Page<>(List.copyOf(found), "");
    }

    private @Nullable LogEntry read(ConsumerRecord<byte[], byte[]> record, LogRange range) {
        if (record.value() == null
                || !KafkaRecords.text(record.headers(), KafkaRecords.KIND).equals(KafkaRecords.ENTRY)
                || !KafkaRecords.text(record.headers(), KafkaRecords.NAMESPACE).equals(namespace)
                || KafkaRecords.has(record.headers(), KafkaRecords.READMITTED)) {
            return null;
        }
        try {
            Entry entry = EnvelopeCodec.decode(namespace, record.value());
            boolean within = entry.acceptedMicros() >= range.fromMicros() && entry.acceptedMicros() < range.toMicros();
            return within
                    ? new LogEntry(entry, new Receipt(record.topic(), record.partition(), record.offset()))
                    : null;
        } catch (RuntimeException e) {
            return null; // it is among the dead letters
        }
    }

    /** The partitions that belong to {@code topics}. */
    static Set<TopicPartition> of(List<String> topics, Map<String, Integer> counts) {
        Set<TopicPartition> all = new java.util.LinkedHashSet<>();
        for (String topic : topics) {
            for (int i = 0; i < counts.getOrDefault(topic, 0); i++) {
                all.add(new TopicPartition(topic, i));
            }
        }
        return all;
    }
}

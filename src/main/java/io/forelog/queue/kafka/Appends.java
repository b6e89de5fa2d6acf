package io.forelog.queue.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Receipt;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.queue.Transfer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.jspecify.annotations.Nullable;

/**
 * The producing side of one namespace: which topic and partition an entry goes to, and what its writer is told. Immediate entries
 * go to a main topic, by key or in turns; delayed ones to the tier that fits, all routes in one record. Any thread; what is on
 * its way is bounded by the {@link Sender}.
 */
final class Appends {
    private final Sender sender;
    private final ClusterClock clock;
    private final String node;
    private final Ticker ticker;
    private final byte[] namespace;
    private final AtomicInteger turn = new AtomicInteger();
    private volatile Layout layout;
    private volatile boolean closed;

    /**
     * Immutable.
     *
     * @param partitions how many each topic has
     * @param keyed over how many of them keys are spread, the first ones; with order the same for every node, whatever is added
     */
    record Layout(TopicPlan plan, Map<String, Integer> partitions, Map<String, Integer> keyed) {}

    Appends(Sender sender, ClusterClock clock, String node, Ticker ticker, Layout layout) {
        this.sender = sender;
        this.clock = clock;
        this.node = node;
        this.ticker = ticker;
        this.namespace = layout.plan().namespace().getBytes(UTF_8);
        this.layout = layout;
    }

    void update(Layout next) {
        layout = next;
    }

    Layout layout() {
        return layout;
    }

    void close() {
        closed = true;
    }

    Future<List<AppendOutcome>> append(List<Entry> entries) {
        Batch batch = new Batch(entries.size());
        long now = ticker.micros();
        int any = turn.getAndIncrement();
        for (int i = 0; i < entries.size(); i++) {
            append(batch, i, entries.get(i), now, any);
        }
        return batch.future();
    }

    private void append(Batch batch, int index, Entry entry, long now, int any) {
        if (closed) {
            batch.end(index, refused(entry, ErrorCode.UNAVAILABLE, "its queue is closed"));
            return;
        }
        long bytes = Sender.OVERHEAD_BYTES + entry.sizeBytes();
        if (!sender.reserve(bytes)) {
            batch.end(
                    index,
                    refused(
                            entry,
                            ErrorCode.OVERLOADED,
                            sender.bytesInFlight() + " bytes are on their way to Kafka (expected: within "
                                    + sender.bytesMax() + ")"));
            return;
        }
        ProducerRecord<byte[], byte[]> record;
        try {
            record = fresh(entry, now, any);
        } catch (RuntimeException e) {
            sender.release(bytes);
            batch.end(index, refused(entry, ErrorCode.INTERNAL, "can't be stored: " + e.getMessage()));
            return;
        }
        sender.send(record, new Fresh(batch, index, entry.id(), record.topic(), bytes));
    }

    /** One entry of a batch on its way. */
    private final class Fresh extends Sender.Sending {
        private final Batch batch;
        private final int index;
        private final EntryId id;
        private final String topic;
        private final long bytes;

        Fresh(Batch batch, int index, EntryId id, String topic, long bytes) {
            this.batch = batch;
            this.index = index;
            this.id = id;
            this.topic = topic;
            this.bytes = bytes;
        }

        @Override
        void end(@Nullable RecordMetadata where, @Nullable Exception failure, boolean taken) {
            sender.release(bytes);
            batch.end(
                    index,
                    failure == null && where != null
                            ? AppendOutcome.appended(id, new Receipt(where.topic(), where.partition(), where.offset()))
                            : SendFailure.of(failure, taken).outcome(id, topic, failure));
        }
    }

    private AppendOutcome refused(Entry entry, ErrorCode code, String why) {
        return AppendOutcome.refused(entry.id(), code, "namespace " + entry.namespace() + ": " + why);
    }

    private ProducerRecord<byte[], byte[]> fresh(Entry entry, long now, int any) {
        Layout at = layout;
        byte[] key = KafkaRecords.key(entry);
        String main = main(at, key, any);
        if (entry.dueMicros() <= now || !entry.delayed()) {
            return KafkaRecords.fresh(main, partition(at, main, key), key, entry, namespace);
        }
        TierPlan.Hop hop = TierPlan.next(now, entry.dueMicros());
        String tier = KafkaNames.tier(at.plan().shard(), hop.tier());
        ProducerRecord<byte[], byte[]> record =
                KafkaRecords.fresh(tier, partition(at, tier, key), key, entry, namespace);
        KafkaRecords.waits(record, hop, KafkaNames.ready(main), node, clock);
        return record;
    }

    /** By key, so that a key stays in one topic; else in turns, a batch together. */
    private static String main(Layout at, byte @Nullable [] key, int any) {
        List<String> mains = at.plan().mains();
        if (mains.size() == 1) {
            return mains.get(0);
        }
        int which = key == null ? any : Arrays.hashCode(key) * 0x9E3779B9 >>> 8;
        return mains.get(Math.floorMod(which, mains.size()));
    }

    private static @Nullable Integer partition(Layout at, String topic, byte @Nullable [] key) {
        return KafkaRecords.partition(key, at.keyed().getOrDefault(topic, 1));
    }

    /** Fresh obligations of one route for entries read from the log. */
    Future<Void> readmit(List<Entry> entries, int route) {
        Layout at = layout;
        int any = turn.getAndIncrement();
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (Entry entry : entries) {
            Entry only = entry.forRoute(route);
            byte[] key = KafkaRecords.key(only);
            String to = side(at, main(at, key, any), key);
            ProducerRecord<byte[], byte[]> record =
                    KafkaRecords.fresh(to, partition(at, to, key), key, only, namespace);
            KafkaRecords.mark(record, KafkaRecords.READMITTED);
            records.add(record);
        }
        return sendAll(records);
    }

    Future<Void> moveIn(List<Transfer> transfers) {
        long now = ticker.micros();
        int any = turn.getAndIncrement();
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (Transfer transfer : transfers) {
            ProducerRecord<byte[], byte[]> record = obligation(transfer, now, any);
            KafkaRecords.mark(record, KafkaRecords.MOVED_IN);
            records.add(record);
        }
        return sendAll(records);
    }

    /** Of an obligation that is due now or later: where it waits until then. */
    ProducerRecord<byte[], byte[]> obligation(Transfer transfer, long now, int any) {
        Layout at = layout;
        byte[] key = KafkaRecords.key(transfer.entry());
        String to = side(at, main(at, key, any), key);
        if (transfer.dueMicros() <= now) {
            return KafkaRecords.obligation(to, partition(at, to, key), key, transfer, namespace);
        }
        TierPlan.Hop hop = TierPlan.next(now, transfer.dueMicros());
        String tier = KafkaNames.tier(at.plan().shard(), hop.tier());
        ProducerRecord<byte[], byte[]> record =
                KafkaRecords.obligation(tier, partition(at, tier, key), key, transfer, namespace);
        KafkaRecords.waits(record, hop, to, node, clock);
        if (at.plan().lanes()) {
            KafkaRecords.goesTo(record, partition(at, to, key));
        }
        return record;
    }

    /**
     * Where what comes from the side goes once it is due: to the ready topic; with lanes, what has a key to the main topic itself, for the
     * same partition of the ready topic may be another member's (ADR 24).
     */
    private static String side(Layout at, String main, byte @Nullable [] key) {
        return at.plan().lanes() && key != null ? main : KafkaNames.ready(main);
    }

    /** All or a failure; on failure some may be there. */
    private Future<Void> sendAll(List<ProducerRecord<byte[], byte[]>> records) {
        Promise<Void> promise = KafkaCluster.promise();
        AtomicInteger left = new AtomicInteger(records.size() + 1);
        AtomicReference<@Nullable Throwable> failed = new AtomicReference<>();
        Runnable one = () -> {
            if (left.decrementAndGet() == 0) {
                Throwable why = failed.get();
                if (why == null) {
                    promise.complete();
                } else {
                    promise.fail(new WalException(ErrorCode.UNAVAILABLE, "Kafka: " + why.getMessage(), why));
                }
            }
        };
        for (ProducerRecord<byte[], byte[]> record : records) {
            long bytes = Sender.OVERHEAD_BYTES + record.value().length;
            if (closed || !sender.reserve(bytes)) {
                failed.set(new WalException(
                        ErrorCode.OVERLOADED, closed ? "the queue is closed" : "too many bytes are on their way"));
                one.run();
                continue;
            }
            sender.send(record, new Sender.Sending() {
                @Override
                void end(@Nullable RecordMetadata where, @Nullable Exception failure, boolean taken) {
                    sender.release(bytes);
                    if (failure != null) {
                        failed.set(failure);
                    }
                    one.run();
                }
            });
        }
        one.run();
        return promise.future();
    }

    /** The outcomes of one call, in its order; the last one to come ends it. */
    private static final class Batch {
        private final AppendOutcome[] outcomes;
        private final AtomicInteger left;
        private final Promise<List<AppendOutcome>> promise = KafkaCluster.promise();

        Batch(int count) {
            outcomes = new AppendOutcome[count];
            left = new AtomicInteger(count);
            if (count == 0) {
                promise.complete(List.of());
            }
        }

        Future<List<AppendOutcome>> future() {
            return promise.future();
        }

        void end(int index, AppendOutcome outcome) {
            outcomes[index] = outcome;
            if (left.decrementAndGet() == 0) {
                promise.complete(List.of(outcomes));
            }
        }
    }
}

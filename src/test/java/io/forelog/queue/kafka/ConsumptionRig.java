package io.forelog.queue.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.Ticker;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.Settlement;
import io.forelog.queue.Verdict;
import io.forelog.rig.Await;
import io.forelog.rig.backend.KafkaCluster;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** One namespace on a real broker, with its topics, and the consuming side alone: what is appended is written by hand. */
final class ConsumptionRig implements AutoCloseable {
    private static final AtomicInteger NUMBERS = new AtomicInteger();
    /** Nothing has ended, nobody is told. */
    static final TierPump.Surroundings CALM = new TierPump.Surroundings() {
        @Override
        public boolean hasEnded(String namespace) {
            return false;
        }

        @Override
        public void trouble(String text) {}
    };

    /** Says what the cluster's says. */
    static ClusterClock agreeing(Ticker ticker) {
        ClusterClock clock = new ClusterClock("test", "clock", ticker);
        clock.answered(ticker.micros(), ticker.millis());
        return clock;
    }

    static final long MANY_BYTES = 64L << 20;

    final KafkaCluster cluster = KafkaCluster.shared(1);
    final Vertx vertx = Vertx.vertx();
    final HandTicker ticker = new HandTicker();
    final String namespace = "consumption" + NUMBERS.incrementAndGet();
    final String shard = namespace;
    final Entries entries = new Entries(ticker, namespace);
    final Admin admin = cluster.admin();
    final KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
            Map.of("bootstrap.servers", cluster.bootstrap(), "linger.ms", "5"),
            new ByteArraySerializer(),
            new ByteArraySerializer());
    private final List<KafkaConsumption> open = new ArrayList<>();
    private final List<TierPump> pumps = new ArrayList<>();
    final QueueSpec spec;
    private final int partitions;
    /** Of what is opened from now on: how long a successor waits for what the last owner left on its way. */
    Duration orderedWait = Duration.ofSeconds(2);

    ConsumptionRig(int partitions, boolean ordered) throws Exception {
        this.partitions = partitions;
        QueueSpec s = InMemoryQueue.spec(namespace, 1);
        spec = new QueueSpec(
                s.namespace(),
                s.routes(),
                ordered,
                s.serves(),
                s.retention(),
                s.deadLetterRetention(),
                s.quotaBytes(),
                s.ownDatabase(),
                Map.of());
        List<NewTopic> topics = new ArrayList<>();
        for (String topic : List.of(namespace, namespace + "-ready", namespace + "-dlq", namespace + "-park-1")) {
            topics.add(new NewTopic(topic, partitions, (short) 1));
        }
        for (TierPlan.Tier tier : TierPlan.TIERS) {
            topics.add(new NewTopic(KafkaNames.tier(shard, tier), 1, (short) 1));
        }
        admin.createTopics(topics).all().get(30, TimeUnit.SECONDS);
        Await.until("every leader knows that it is one", Duration.ofSeconds(30), () -> leadersAnswer(topics));
    }

    private boolean leadersAnswer(List<NewTopic> topics) {
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        for (NewTopic topic : topics) {
            for (int i = 0; i < topic.numPartitions(); i++) {
                asked.put(new TopicPartition(topic.name(), i), OffsetSpec.latest());
            }
        }
        try {
            admin.listOffsets(asked).all().get(20, TimeUnit.SECONDS);
            return true;
        } catch (ExecutionException | TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    KafkaConsumption open(String node) {
        return open(node, ticker, Duration.ofMillis(200));
    }

    KafkaConsumption open(String node, Ticker clock, Duration commitInterval) {
        return open(vertx, node, clock, commitInterval);
    }

    /** {@code of}: on whose contexts its futures end. */
    KafkaConsumption open(Vertx of, String node, Ticker clock, Duration commitInterval) {
        ReaderSettings settings = settings(node);
        KafkaConsumption consumption = new KafkaConsumption(
                of,
                spec,
                spec.ordered(),
                shard,
                new ReaderSettings(
                        settings.connection(),
                        node,
                        settings.clock(),
                        commitInterval,
                        settings.drainLimit(),
                        orderedWait),
                clock,
                (route, text) -> {});
        open.add(consumption);
        return consumption;
    }

    ReaderSettings settings(String node) {
        return ReaderSettings.of(Map.of("bootstrap.servers", cluster.bootstrap()), node, agreeing(ticker));
    }

    TierPump pump(String node, Ticker clock) {
        TierPump pump = new TierPump(
                shard, KafkaNames.tierGroup(shard), tier -> KafkaNames.tier(shard, tier), settings(node), clock, CALM);
        pump.start();
        pumps.add(pump);
        return pump;
    }

    /** As kill -9: nothing is committed, nobody is told. */
    void crash(KafkaConsumption consumption) throws Exception {
        await(consumption.abandon());
        open.remove(consumption);
    }

    void close(KafkaConsumption consumption) throws Exception {
        await(leave(consumption));
    }

    Future<Void> leave(KafkaConsumption consumption) {
        open.remove(consumption);
        return consumption.close();
    }

    void append(List<Entry> some) throws Exception {
        List<java.util.concurrent.Future<?>> sent = new ArrayList<>();
        for (Entry each : some) {
            byte[] key = KafkaRecords.key(each);
            ProducerRecord<byte[], byte[]> record = KafkaRecords.fresh(
                    namespace, KafkaRecords.partition(key, partitions), key, each, namespace.getBytes(UTF_8));
            sent.add(producer.send(record));
        }
        for (java.util.concurrent.Future<?> each : sent) {
            each.get(30, TimeUnit.SECONDS);
        }
    }

    /** {@code count} immediate ones, p0 and on. */
    void append(int count) throws Exception {
        List<Entry> some = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            some.add(entries.immediate("p" + i));
        }
        append(some);
    }

    /** As the producing side does: to the tier that fits. */
    void appendDelayed(Entry entry, String node) {
        ProducerRecord<byte[], byte[]> fresh =
                KafkaRecords.fresh(namespace, null, KafkaRecords.key(entry), entry, namespace.getBytes(UTF_8));
        String topic = Tiers.wait(
                fresh.headers(),
                tier -> KafkaNames.tier(shard, tier),
                namespace + "-ready",
                entry.acceptedMicros(),
                entry.dueMicros(),
                node,
                agreeing(ticker));
        producer.send(new ProducerRecord<>(topic, null, fresh.key(), fresh.value(), fresh.headers()));
    }

    static List<Delivery> take(KafkaConsumption from, int max) throws Exception {
        return await(from.take(1, max, MANY_BYTES));
    }

    static List<Delivery> takeAll(KafkaConsumption from, int count) throws Exception {
        List<Delivery> all = new ArrayList<>();
        while (all.size() < count) {
            all.addAll(take(from, count - all.size()));
        }
        return all;
    }

    void settle(KafkaConsumption in, List<Delivery> deliveries, Verdict verdict) throws Exception {
        await(in.settle(
                deliveries.stream().map(each -> new Settlement(each, verdict)).toList()));
    }

    Verdict delivered() {
        return new Verdict.Delivered(ticker.micros());
    }

    Failure failure(String text) {
        return new Failure(ticker.micros(), ErrorCode.TARGET_UNAVAILABLE, text);
    }

    /** What the group has committed of all of a topic. */
    Map<TopicPartition, OffsetAndMetadata> committed() throws Exception {
        return admin.listConsumerGroupOffsets(KafkaNames.group(namespace, 1))
                .partitionsToOffsetAndMetadata()
                .get(30, TimeUnit.SECONDS);
    }

    Books books() throws Exception {
        Books all = new Books();
        for (OffsetAndMetadata each : committed().values()) {
            CommitMetadata metadata = CommitMetadata.decode(each.metadata(), each.offset());
            if (metadata != null) {
                all.addAll(metadata.books());
            }
        }
        return all;
    }

    static List<String> payloads(List<Delivery> deliveries) {
        return deliveries.stream()
                .map(each -> each.entry().payload().toString())
                .toList();
    }

    static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(40, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        pumps.forEach(TierPump::stop);
        List<Future<Void>> ends = new ArrayList<>();
        open.forEach(each -> ends.add(each.close()));
        Await.result(Future.join(ends).compose(ended -> vertx.close()));
        producer.close();
        admin.close();
    }
}

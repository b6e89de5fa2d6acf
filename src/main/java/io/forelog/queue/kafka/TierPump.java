package io.forelog.queue.kafka;

import io.forelog.model.Ticker;
import io.forelog.observe.LogKeys;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets what waits in the tier topics of one shard hop down and go to its ready topic when it is due (design 14.2, ADR 23): one a
 * cluster and node, with a thread of its own that polls and writes transactions in turn. Never early: a record leaves for its ready
 * topic when the ticker says that it is due; where another node accepted it, {@value ClusterClock#GUARD_MICROS} µs later and by the
 * cluster's clock where one of the two is off ({@link ClusterClock}). In memory is what {@link TierPartition} allows; partitions are paused beyond that while polling goes on.
 */
final class TierPump implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(TierPump.class);
    private static final long POLL_MAX_MICROS = 100_000L;
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final long ABORTED_NANOS = 100_000_000L;
    private static final int TOLD_FROM_ABORTS = 20;
    private static final Duration LOOK_LIMIT = Duration.ofSeconds(5);
    /** A ready topic that was there is believed to be there for so long. */
    private static final long THERE_NANOS = 30_000_000_000L;

    private static final long MISSING_NANOS = 500_000_000L;
    private static final int TOPICS_MAX = 10_000;

    private final String shard;
    private final Function<TierPlan.Tier, String> topics;
    private final ReaderSettings settings;
    private final Ticker ticker;
    private final Transactor transactor;
    private final Thread thread;
    private final Supplier<Consumer<byte[], byte[]>> consumers;
    private final Restarts restarts;
    private final Map<TopicPartition, TierPartition> partitions = new HashMap<>();
    private final TierDepartures departures;
    /** When each ready topic was found there. */
    private final Map<String, Long> there = new HashMap<>();
    /** When each was found not to be there. */
    private final Map<String, Long> missing = new HashMap<>();

    private @Nullable Consumer<byte[], byte[]> consumer;

    private int aborts;
    private volatile boolean stopping;
    private volatile boolean abandoned;
    private volatile int held;

    /** What a pump asks of its node, and tells it. Called on the pump's thread. */
    interface Surroundings {
        /** Whether it is known that a namespace has ended: what is its own goes nowhere any more. */
        boolean hasEnded(String namespace);

        /** What is wrong; empty = nothing any more. */
        void trouble(String text);
    }

    /** {@code topics}: they exist. */
    TierPump(
            String shard,
            String group,
            Function<TierPlan.Tier, String> topics,
            ReaderSettings settings,
            Ticker ticker,
            Surroundings surroundings) {
        this(
                shard,
                topics,
                settings,
                ticker,
                surroundings,
                () -> new KafkaConsumer<>(settings.consumer(group, member(settings, shard))),
                new Transactor(settings.connection(), member(settings, shard)));
    }

    TierPump(
            String shard,
            Function<TierPlan.Tier, String> topics,
            ReaderSettings settings,
            Ticker ticker,
            Surroundings surroundings,
            Supplier<Consumer<byte[], byte[]>> consumers,
            Transactor transactor) {
        this.shard = shard;
        this.topics = topics;
        this.settings = settings;
        this.ticker = ticker;
        this.consumers = consumers;
        this.transactor = transactor;
        this.restarts = new Restarts(
                "tiers of shard " + shard, KafkaNames.tierGroup(shard), member(settings, shard), surroundings::trouble);
        this.departures =
                new TierDepartures(settings.nodeId(), topics, this::look, surroundings::hasEnded, settings.clock());
        this.thread = new Thread(this, "forelog-kafka-tiers-" + shard);
        this.thread.setDaemon(true);
    }

    private static String member(ReaderSettings settings, String shard) {
        return "forelog-" + settings.nodeId() + "-tiers-" + shard;
    }

    void start() {
        thread.start();
    }

    /** Leaves the group; does not wait for it. */
    void stop() {
        stopping = true;
        LockSupport.unpark(thread);
    }

    /** As kill -9 would: for tests of crashes in one process. */
    void abandon() {
        abandoned = true;
        stop();
    }

    boolean stopped() {
        return !thread.isAlive();
    }

    /** How many records it holds in memory. Any thread. */
    int held() {
        return held;
    }

    @Override
    @SuppressWarnings("CatchingUnchecked")
    public void run() {
        try {
            while (!stopping) {
                try {
                    session();
                } catch (RuntimeException | Error | Transactor.Undecided e) {
                    pauseFor(restarts.failed(e, System.nanoTime()));
                }
            }
        } finally {
            transactor.close();
        }
    }

    private void pauseFor(long nanos) {
        long until = System.nanoTime() + nanos;
        for (long left = nanos; left > 0 && !stopping; left = until - System.nanoTime()) {
            LockSupport.parkNanos(this, left);
        }
    }

    private void session() throws Transactor.Undecided {
        drop(List.copyOf(partitions.keySet()));
        Consumer<byte[], byte[]> open = consumers.get();
        consumer = open;
        Arrival arrival = new Arrival();
        boolean whole = false;
        try {
            open.subscribe(TierPlan.TIERS.stream().map(topics).toList(), new Listener(open, arrival));
            while (!stopping) {
                release(open);
                poll(open);
                held = departures.size();
                long nanos = System.nanoTime();
                arrival.look(open, nanos);
                restarts.goesOn(nanos);
            }
            whole = !abandoned;
        } finally {
            consumer = null;
            open.close(CloseOptions.timeout(whole ? Duration.ofSeconds(5) : Duration.ZERO)
                    .withGroupMembershipOperation(
                            whole
                                    ? CloseOptions.GroupMembershipOperation.LEAVE_GROUP
                                    : CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP));
        }
    }

    private void poll(Consumer<byte[], byte[]> open) {
        Long next = departures.nextMicros();
        long left = next == null ? POLL_MAX_MICROS : next - ticker.micros();
        Duration limit = Duration.ofNanos(1_000L * Math.max(0, Math.min(POLL_MAX_MICROS, left)));
        ConsumerRecords<byte[], byte[]> polled;
        try {
            polled = open.poll(limit);
        } catch (WakeupException e) {
            return;
        } catch (OffsetOutOfRangeException e) {
            for (TopicPartition partition : e.offsetOutOfRangePartitions().keySet()) {
                drop(List.of(partition));
                restore(open, List.of(partition));
            }
            return;
        }
        for (ConsumerRecord<byte[], byte[]> record : polled) {
            TierPartition of = partitions.get(new TopicPartition(record.topic(), record.partition()));
            if (of != null) {
                of.polled.add(record);
            }
        }
        for (TierPartition each : partitions.values()) {
            admit(each);
            if (each.polled.isEmpty()) {
                each.window.passTo(PartitionStart.steady(() -> open.position(each.partition)));
            }
            boolean full = !each.polled.isEmpty() || each.window.taken() >= TierPartition.WAITING_MAX;
            if (full != each.paused) {
                each.paused = full;
                if (full) {
                    open.pause(List.of(each.partition));
                } else {
                    open.resume(List.of(each.partition));
                }
            }
        }
    }

    private void admit(TierPartition to) {
        for (ConsumerRecord<byte[], byte[]> record = to.polled.peek();
                record != null && (to.window.isSettled(record.offset()) || to.hasRoomFor(record));
                record = to.polled.peek()) {
            to.polled.remove();
            if (to.window.isSettled(record.offset())) {
                continue; // in former times
            }
            if (!KafkaNames.isTopic(KafkaRecords.text(record.headers(), KafkaRecords.TO))) {
                LOG.atError()
                        .addKeyValue(LogKeys.REASON, to.partition + "/" + record.offset())
                        .log("A record in a tier says not where it goes: not Forelog's, passed over");
                continue;
            }
            long due = KafkaRecords.number(record.headers(), KafkaRecords.DUE, 0);
            departures.add(to.waits(record, KafkaRecords.number(record.headers(), KafkaRecords.HOP, due)));
        }
    }

    // ---- out of the tiers

    /** What is ripe goes one hop or is released, in one transaction. */
    private void release(Consumer<byte[], byte[]> open) throws Transactor.Undecided {
        List<TierDepartures.Departure> leaving = departures.next(ticker.micros());
        if (!leaving.isEmpty()) {
            commit(open, leaving);
        }
    }

    /** Asks the brokers, not too often. */
    private TierDepartures.Place look(String topic) {
        Long seen = there.get(topic);
        if (seen != null && System.nanoTime() - seen < THERE_NANOS) {
            return TierDepartures.Place.THERE;
        }
        Long missed = missing.get(topic);
        if (missed != null && System.nanoTime() - missed < MISSING_NANOS) {
            return TierDepartures.Place.MISSING;
        }
        Consumer<byte[], byte[]> open = consumer;
        if (open == null) {
            return TierDepartures.Place.UNKNOWN;
        }
        try {
            List<PartitionInfo> found = PartitionStart.steady(() -> open.partitionsFor(topic, LOOK_LIMIT));
            if (found == null || found.isEmpty()) {
                remember(missing, topic);
                return TierDepartures.Place.MISSING;
            }
        } catch (UnknownTopicOrPartitionException e) {
            remember(missing, topic);
            return TierDepartures.Place.MISSING;
        } catch (AuthorizationException | InvalidTopicException e) {
            return TierDepartures.Place.DENIED;
        } catch (KafkaException e) {
            return TierDepartures.Place.UNKNOWN;
        }
        remember(there, topic);
        return TierDepartures.Place.THERE;
    }

    private static void remember(Map<String, Long> in, String topic) {
        if (in.size() >= TOPICS_MAX) {
            in.clear();
        }
        in.put(topic, System.nanoTime());
    }

    /** The record itself stays as it is: its transaction may be aborted, and it leaves again. */
    static ProducerRecord<byte[], byte[]> hop(
            ConsumerRecord<byte[], byte[]> record, TierPlan.Hop hop, Function<TierPlan.Tier, String> topics) {
        ProducerRecord<byte[], byte[]> copy = copy(record, topics.apply(hop.tier()));
        KafkaRecords.replace(copy.headers(), KafkaRecords.HOP, Long.toString(hop.atMicros()));
        return copy;
    }

    /** To its ready topic, without what was for the tiers; the record itself stays as it is. */
    static ProducerRecord<byte[], byte[]> released(ConsumerRecord<byte[], byte[]> record, String topic) {
        long partition = KafkaRecords.number(record.headers(), KafkaRecords.TO_PARTITION, -1);
        ProducerRecord<byte[], byte[]> copy = new ProducerRecord<>(
                topic,
                partition < 0 || partition > Integer.MAX_VALUE ? null : (Integer) (int) partition,
                record.key(),
                record.value(),
                record.headers());
        copy.headers().remove(KafkaRecords.HOP);
        copy.headers().remove(KafkaRecords.TO);
        copy.headers().remove(KafkaRecords.TO_PARTITION);
        copy.headers().remove(Tiers.NODE);
        copy.headers().remove(Tiers.CLOCK);
        return copy;
    }

    private static ProducerRecord<byte[], byte[]> copy(ConsumerRecord<byte[], byte[]> record, String topic) {
        return new ProducerRecord<>(topic, null, record.key(), record.value(), record.headers());
    }

    private void commit(Consumer<byte[], byte[]> open, List<TierDepartures.Departure> leaving)
            throws Transactor.Undecided {
        List<ProducerRecord<byte[], byte[]>> copies = new ArrayList<>(leaving.size());
        Map<TopicPartition, OffsetAndMetadata> marks = new HashMap<>();
        for (TierDepartures.Departure each : leaving) {
            TierPartition of = each.waiting().of;
            marks.computeIfAbsent(of.partition, partition -> of.committable(settings.owner()));
            ProducerRecord<byte[], byte[]> copy = each.copy();
            if (copy != null) {
                copies.add(copy);
            }
        }
        try {
            transactor.commit(
                    copies,
                    marks,
                    open.groupMetadata(),
                    asked -> PartitionStart.steady(() -> open.committed(asked, LIMIT)));
            departures.left(leaving, ticker.micros());
            aborts = 0;
        } catch (Transactor.Aborted e) {
            LOG.atLevel(++aborts == TOLD_FROM_ABORTS ? org.slf4j.event.Level.ERROR : org.slf4j.event.Level.DEBUG)
                    .addKeyValue(LogKeys.DATABASE, shard)
                    .addKeyValue(LogKeys.REASON, String.valueOf(e.getCause()))
                    .log("Hops are aborted again and again; tried on");
            copies.forEach(copy -> there.remove(copy.topic()));
            if (!departures.stayed(leaving, e, ticker.micros())) {
                pauseFor(ABORTED_NANOS);
            }
        }
    }

    // ---- partitions that come and go

    private final class Listener implements ConsumerRebalanceListener {
        private final Consumer<byte[], byte[]> open;
        private final Arrival arrival;

        Listener(Consumer<byte[], byte[]> open, Arrival arrival) {
            this.arrival = arrival;
            this.open = open;
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
            restore(open, assigned);
            arrival.assigned(System.nanoTime());
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
            drop(revoked);
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> lost) {
            drop(lost);
        }
    }

    private void restore(Consumer<byte[], byte[]> open, Collection<TopicPartition> assigned) {
        if (assigned.isEmpty()) {
            return;
        }
        Set<TopicPartition> all = Set.copyOf(assigned);
        Map<TopicPartition, OffsetAndMetadata> committed = PartitionStart.steady(() -> open.committed(all, LIMIT));
        Map<TopicPartition, Long> begins = PartitionStart.steady(() -> open.beginningOffsets(all, LIMIT));
        for (TopicPartition partition : all) {
            long begin = begins.getOrDefault(partition, 0L);
            TierPartition restored = restored(partition, committed.get(partition), begin);
            partitions.put(partition, restored);
            open.seek(partition, restored.window.watermark());
        }
    }

    private static TierPartition restored(TopicPartition partition, @Nullable OffsetAndMetadata committed, long begin) {
        if (committed == null) {
            return new TierPartition(partition, new OffsetWindow(begin), new Books());
        }
        OffsetWindow window = new OffsetWindow(committed.offset());
        CommitMetadata metadata = CommitMetadata.decode(committed.metadata(), committed.offset());
        if (metadata != null) {
            metadata.runs().forEach(window::restore);
        }
        Books books = metadata == null ? new Books() : metadata.books();
        if (begin > committed.offset()) {
            long lost = window.unsettled(begin);
            books.add(Books.Count.LOST, lost);
            LOG.atError()
                    .addKeyValue(LogKeys.COUNT, lost)
                    .addKeyValue(LogKeys.REASON, partition.toString())
                    .log("Records were gone from a tier before they were due: counted as lost");
            window.passTo(begin);
        }
        return new TierPartition(partition, window, books);
    }

    private void drop(Collection<TopicPartition> gone) {
        for (TopicPartition partition : gone) {
            TierPartition dropped = partitions.remove(partition);
            if (dropped != null) {
                dropped.alive = false;
            }
        }
        departures.dropDead();
    }
}

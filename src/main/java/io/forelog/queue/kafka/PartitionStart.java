package io.forelog.queue.kafka;

import io.forelog.model.Delivery;
import io.forelog.observe.LogKeys;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a route's reader begins a partition (design 14.1): at what its group has committed, with the settled runs above it; without
 * a commit at the start of the log, or at a time where the route is younger than the log; and a gap between commit and log is
 * counted as lost. Parked lanes are read to their end. Owned by the reader's thread.
 */
final class PartitionStart {
    private static final Logger LOG = LoggerFactory.getLogger(PartitionStart.class);
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Duration SHORT_LIMIT = Duration.ofSeconds(10);
    private static final Duration POLL = Duration.ofMillis(100);

    private final ReaderSettings settings;
    private final String clientId;
    private final RouteRecords records;
    private final long startMillis;
    private final String namespace;
    private final int route;
    private final Supplier<Duration> orderedWait;
    private @Nullable Consumer<byte[], byte[]> parkConsumer;

    /**
     * @param startMillis of a route that nothing older can name; 0 = all of the log may be its own
     * @param orderedWait how long what a dead owner sent may still be at the target
     */
    PartitionStart(
            ReaderSettings settings,
            String clientId,
            RouteRecords records,
            long startMillis,
            String namespace,
            int route,
            Supplier<Duration> orderedWait) {
        this.orderedWait = orderedWait;
        this.settings = settings;
        this.clientId = clientId;
        this.records = records;
        this.startMillis = startMillis;
        this.namespace = namespace;
        this.route = route;
    }

    /** Does it again where a wake-up meant for a poll hit it. */
    static <T> T steady(Supplier<T> what) {
        while (true) {
            try {
                return what.get();
            } catch (WakeupException e) {
                // meant for a poll
            }
        }
    }

    /** What is newly assigned, with its parked lanes where it has such ones; the consumer stands where it goes on. */
    List<Holding> restore(
            Consumer<byte[], byte[]> open, Collection<TopicPartition> partitions, RouteTopics topics, boolean lanes) {
        if (partitions.isEmpty()) {
            return List.of();
        }
        Map<String, String> mains = new HashMap<>();
        for (String main : topics.mains()) {
            mains.put(main, main);
            mains.put(topics.ready(main), main);
        }
        Map<TopicPartition, String> all = new HashMap<>();
        Set<TopicPartition> parks = new HashSet<>();
        Map<String, Integer> counts = new HashMap<>();
        for (TopicPartition partition : partitions) {
            String main = mains.getOrDefault(partition.topic(), partition.topic());
            all.put(partition, main);
            if (lanes && main.equals(partition.topic())) {
                TopicPartition park = new TopicPartition(topics.park(main), partition.partition());
                // One that was added a moment ago has none yet, and no key is written to it.
                if (partition.partition() < counts.computeIfAbsent(park.topic(), topic -> partitions(open, topic))) {
                    all.put(park, main);
                    parks.add(park);
                }
            }
        }
        Map<TopicPartition, OffsetAndMetadata> committed = steady(() -> open.committed(all.keySet(), LIMIT));
        Map<TopicPartition, Long> begins = steady(() -> open.beginningOffsets(all.keySet(), LIMIT));
        Map<TopicPartition, Long> ends = ends(open, committed);
        List<Holding> holdings = new ArrayList<>();
        long parkedBytes = 0;
        for (Map.Entry<TopicPartition, String> each : all.entrySet()) {
            TopicPartition partition = each.getKey();
            boolean park = parks.contains(partition);
            Holding holding = begin(
                    open,
                    partition,
                    each.getValue(),
                    park,
                    committed.get(partition),
                    begins.getOrDefault(partition, 0L),
                    ends.getOrDefault(partition, 0L));
            if (park) {
                parkedBytes = readParked(holding, parkedBytes);
            } else {
                open.seek(partition, holding.window.watermark());
                if (lanes) {
                    TopicPartition its = new TopicPartition(topics.park(each.getValue()), partition.partition());
                    waitForOthers(
                            holding,
                            committed.get(partition),
                            ends.getOrDefault(partition, 0L),
                            committed.get(its),
                            ends.getOrDefault(its, 0L));
                }
            }
            holdings.add(holding);
        }
        return holdings;
    }

    /** The marks of what is begun: not clean, whatever the last owner said. */
    Map<TopicPartition, OffsetAndMetadata> begun(Collection<Holding> holdings) {
        Map<TopicPartition, OffsetAndMetadata> marks = new HashMap<>();
        holdings.forEach(each -> marks.put(each.partition, each.committable(settings.owner())));
        return marks;
    }

    private static int partitions(Consumer<byte[], byte[]> open, String topic) {
        return steady(() -> open.partitionsFor(topic, LIMIT)).size();
    }

    /** A leader that is new may not know its end yet: a log that is shorter than what was read of it is asked for again. */
    private Map<TopicPartition, Long> ends(
            Consumer<byte[], byte[]> open, Map<TopicPartition, OffsetAndMetadata> committed) {
        long until = System.nanoTime() + SHORT_LIMIT.toNanos();
        while (true) {
            Map<TopicPartition, Long> ends = steady(() -> open.endOffsets(committed.keySet(), LIMIT));
            boolean shorter = committed.entrySet().stream()
                    .anyMatch(each ->
                            each.getValue() != null && each.getValue().offset() > ends.getOrDefault(each.getKey(), 0L));
            if (!shorter || System.nanoTime() - until >= 0) {
                return ends;
            }
            java.util.concurrent.locks.LockSupport.parkNanos(this, POLL.toNanos());
        }
    }

    private Holding begin(
            Consumer<byte[], byte[]> open,
            TopicPartition partition,
            String main,
            boolean park,
            @Nullable OffsetAndMetadata committed,
            long begin,
            long end) {
        if (committed == null || committed.offset() > end) {
            if (committed != null) {
                LOG.atError()
                        .addKeyValue(LogKeys.NAMESPACE, namespace)
                        .addKeyValue(LogKeys.ROUTE, route)
                        .addKeyValue(
                                LogKeys.REASON, partition + ": committed " + committed.offset() + ", ends at " + end)
                        .log("A log is shorter than what was read of it: read again from its start");
            }
            long from = committed == null && !park ? youngest(open, partition, begin, end) : begin;
            Holding holding = new Holding(partition, main, park, new OffsetWindow(from), new Books());
            holding.dirty = true;
            return holding;
        }
        CommitMetadata metadata = CommitMetadata.decode(committed.metadata(), committed.offset());
        OffsetWindow window = new OffsetWindow(committed.offset());
        if (metadata != null) {
            metadata.runs().forEach(window::restore);
        }
        Holding holding = new Holding(partition, main, park, window, metadata == null ? new Books() : metadata.books());
        if (begin > committed.offset()) {
            gap(holding, begin);
            window.passTo(begin);
            holding.position = window.next();
        }
        return holding;
    }

    private long youngest(Consumer<byte[], byte[]> open, TopicPartition partition, long begin, long end) {
        if (startMillis == 0) {
            return begin;
        }
        Map<TopicPartition, OffsetAndTimestamp> found =
                steady(() -> open.offsetsForTimes(Map.of(partition, startMillis), LIMIT));
        OffsetAndTimestamp at = found.get(partition);
        return at == null ? end : at.offset();
    }

    /** What is not settled up to {@code to} (exclusive) is lost. */
    private void gap(Holding holding, long to) {
        long lost = holding.window.unsettled(to);
        if (lost > 0) {
            holding.books.add(Books.Count.LOST, lost);
            holding.dirty = true;
            alarm(holding.partition, lost);
        }
    }

    private void alarm(TopicPartition partition, long lost) {
        LOG.atError()
                .addKeyValue(LogKeys.NAMESPACE, namespace)
                .addKeyValue(LogKeys.ROUTE, route)
                .addKeyValue(LogKeys.COUNT, lost)
                .addKeyValue(LogKeys.REASON, partition.toString())
                .log("Records were gone before they were settled: counted as lost");
    }

    /**
     * Whoever had it last left deliveries on their way, its own or parked ones: ordered ones wait until those have ended. Nothing is on its
     * way of what is settled to its end.
     */
    private void waitForOthers(
            Holding holding,
            @Nullable OffsetAndMetadata committed,
            long end,
            @Nullable OffsetAndMetadata parked,
            long parkEnd) {
        if (leftSomething(committed, end, settings.owner()) || leftSomething(parked, parkEnd, settings.owner())) {
            holding.open = false;
            holding.opensNanos =
                    Math.max(1, System.nanoTime() + orderedWait.get().toNanos());
        }
    }

    static boolean leftSomething(@Nullable OffsetAndMetadata committed, long end, int owner) {
        CommitMetadata metadata =
                committed == null ? null : CommitMetadata.decode(committed.metadata(), committed.offset());
        return committed != null
                && metadata != null
                && !metadata.clean()
                && metadata.owner() != owner
                && committed.offset() < end;
    }

    /** Deleted under the reader: goes on at the start of the log, what it missed is lost. */
    void outOfRange(Consumer<byte[], byte[]> open, Map<TopicPartition, Long> positions, RouteDesk desk) {
        Map<TopicPartition, Long> begins = steady(() -> open.beginningOffsets(positions.keySet(), LIMIT));
        for (Map.Entry<TopicPartition, Long> each : positions.entrySet()) {
            long begin = begins.getOrDefault(each.getKey(), 0L);
            Holding holding = desk.holding(each.getKey());
            if (begin < each.getValue() || holding == null) {
                throw new IllegalStateException(each.getKey() + " ends before " + each.getValue() + ": begun anew");
            }
            long lost = begin - each.getValue();
            alarm(each.getKey(), lost);
            open.seek(each.getKey(), begin);
            desk.lost(holding, lost, begin);
        }
    }

    // ---- parked lanes

    /**
     * Reads a partition of parked records to its end, once no transaction of a former owner is open in it. Answers {@code bytes} and
     * those that it kept: beyond {@link FetchedAhead#FETCHED_BYTES_MAX} only keys and places are.
     */
    private long readParked(Holding holding, long bytes) {
        long kept = bytes;
        Consumer<byte[], byte[]> park = parks();
        park.assign(List.of(holding.partition));
        park.seek(holding.partition, holding.window.watermark());
        long end = settledEnd(park, holding.partition);
        while (park.position(holding.partition) < end) {
            for (ConsumerRecord<byte[], byte[]> record : park.poll(POLL).records(holding.partition)) {
                if (record.offset() < end && !holding.window.isSettled(record.offset())) {
                    Holding.Fetched fetched = records.read(holding, record);
                    holding.window.read(record.offset(), fetched.taken().bytes);
                    kept += fetched.taken().bytes;
                    holding.fetched.add(kept > FetchedAhead.FETCHED_BYTES_MAX ? placeOf(fetched) : fetched);
                    if (fetched.delivery() == null) {
                        LOG.atError()
                                .addKeyValue(LogKeys.NAMESPACE, namespace)
                                .addKeyValue(LogKeys.REASON, holding.partition + "/" + record.offset())
                                .log("A parked record can't be read: left where it is");
                    }
                }
            }
        }
        holding.window.passTo(end);
        holding.position = holding.window.next();
        return kept;
    }

    /** Without its delivery, which is read again when it is asked for. */
    static Holding.Fetched placeOf(Holding.Fetched fetched) {
        Delivery delivery = fetched.delivery();
        if (delivery == null) {
            return fetched;
        }
        fetched.taken().laneKey = ParkedLanes.keyOf(delivery);
        return new Holding.Fetched(fetched.taken(), null, null);
    }

    /** A transaction that a killed owner left open hides what is behind it until the broker ends it, after 10 s. */
    private long settledEnd(Consumer<byte[], byte[]> park, TopicPartition partition) {
        long until = System.nanoTime() + LIMIT.toNanos();
        long high = highWatermark(partition);
        while (true) {
            long stable = park.endOffsets(List.of(partition), LIMIT).getOrDefault(partition, 0L);
            if (stable >= high) {
                return stable;
            }
            if (System.nanoTime() - until >= 0) {
                throw new TimeoutException("a transaction stays open in " + partition);
            }
            java.util.concurrent.locks.LockSupport.parkNanos(this, POLL.toNanos());
        }
    }

    private long highWatermark(TopicPartition partition) {
        Map<String, Object> config = new HashMap<>(settings.consumer(null, clientId + "-ends"));
        config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted");
        try (Consumer<byte[], byte[]> all = new KafkaConsumer<>(config)) {
            return all.endOffsets(List.of(partition), LIMIT).getOrDefault(partition, 0L);
        }
    }

    /** Those that are only in their topic are read again. */
    List<Delivery> deliveries(List<ParkedLanes.Parked> parked) {
        List<Delivery> deliveries = new ArrayList<>(parked.size());
        for (ParkedLanes.Parked each : parked) {
            Delivery kept = each.delivery;
            Delivery delivery = kept == null ? readAgain(each.taken) : kept;
            if (delivery != null) {
                deliveries.add(delivery);
            }
        }
        return deliveries;
    }

    /** A parked one that is only in its topic. */
    Delivery delivery(Taken taken) {
        Delivery delivery = readAgain(taken);
        if (delivery == null) {
            throw new IllegalStateException(taken.holding.partition + "/" + taken.offset + " can't be read again");
        }
        return delivery;
    }

    private @Nullable Delivery readAgain(Taken taken) {
        Consumer<byte[], byte[]> park = parks();
        TopicPartition partition = taken.holding.partition;
        park.assign(List.of(partition));
        park.seek(partition, taken.offset);
        long until = System.nanoTime() + LIMIT.toNanos();
        while (System.nanoTime() - until < 0) {
            for (ConsumerRecord<byte[], byte[]> record : park.poll(POLL).records(partition)) {
                Delivery delivery = records.read(taken.holding, record).delivery();
                return delivery == null || record.offset() != taken.offset
                        ? null
                        : new Delivery(
                                delivery.entry(),
                                delivery.route(),
                                delivery.receipt(),
                                taken,
                                delivery.attempt(),
                                delivery.dueMicros(),
                                delivery.firstFailure(),
                                delivery.lastFailure(),
                                delivery.redrives());
            }
        }
        throw new TimeoutException("no answer of " + partition);
    }

    private Consumer<byte[], byte[]> parks() {
        Consumer<byte[], byte[]> open = parkConsumer;
        if (open == null) {
            open = new KafkaConsumer<>(settings.consumer(null, clientId + "-park"));
            parkConsumer = open;
        }
        return open;
    }

    void close() {
        if (parkConsumer != null) {
            parkConsumer.close();
            parkConsumer = null;
        }
    }
}

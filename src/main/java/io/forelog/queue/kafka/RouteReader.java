package io.forelog.queue.kafka;

import io.forelog.model.Delivery;
import io.forelog.model.Failure;
import io.forelog.model.Receipt;
import io.forelog.model.Ticker;
import io.forelog.observe.LogKeys;
import io.forelog.queue.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * One route's member of its consumer group: a thread of its own that polls, commits, and moves in transactions, one after the
 * other, so that a commit never overtakes a transaction (ADR 22). What it fetches lies on the {@link RouteDesk}, which
 * says when it must pause; what becomes of it is marked there. Whatever goes wrong with the consumer, the reader
 * begins anew from what is committed.
 */
final class RouteReader implements ConsumerRebalanceListener, Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(RouteReader.class);
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration COMMIT_LIMIT = Duration.ofSeconds(5);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);
    private static final long AGAIN_NANOS = 1_000_000_000L;
    private static final int ABORTED_ALARM = 10;
    private static final long LOOK_NANOS = 2_000_000L;

    private final String namespace;
    private final int route;
    private final String group;
    private final boolean ordered;
    private final ReaderSettings settings;
    private final Ticker ticker;
    private final RouteRecords records;
    private final RouteDesk desk;
    private final PartitionStart start;
    private final Transactor transactor;
    private final Queue<Runnable> orders = new ConcurrentLinkedQueue<>();
    private final Thread thread;

    private volatile RouteTopics topics;
    private volatile boolean stopping;
    private volatile boolean abandoned;
    private volatile boolean polling;
    private volatile @Nullable Consumer<byte[], byte[]> consumer;

    private final Set<TopicPartition> paused = new HashSet<>();
    /** The consumer is being closed: what was to be committed is. */
    private boolean letGo;

    private long nextCommitNanos;
    private long nextMoveNanos;
    private int abortedInARow;

    RouteReader(
            String namespace,
            int route,
            String group,
            boolean ordered,
            RouteTopics topics,
            ReaderSettings settings,
            long startMillis,
            Ticker ticker) {
        this.namespace = namespace;
        this.route = route;
        this.group = group;
        this.ordered = ordered;
        this.topics = topics;
        this.settings = settings;
        this.ticker = ticker;
        this.records = new RouteRecords(namespace, route);
        this.desk = new RouteDesk("namespace " + namespace + ", route " + route, settings.owner(), this::ring);
        String member = settings.nodeId() + "-" + namespace + "-" + route;
        this.start = new PartitionStart(settings, "forelog-" + member, records, startMillis, namespace, route);
        this.transactor = new Transactor(settings.connection(), "forelog-" + member + "-moves");
        this.thread = new Thread(this, "forelog-kafka-" + namespace + "-" + route);
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    RouteDesk desk() {
        return desk;
    }

    /** From the next poll on it reads these. */
    void topics(RouteTopics next) {
        topics = next;
        order(() -> {
            Consumer<byte[], byte[]> current = consumer;
            if (current != null) {
                subscribe(current);
            }
        });
    }

    /** To be run by the reader's thread. */
    void order(Runnable what) {
        orders.add(what);
        ring();
    }

    /** Commits what is settled, then leaves the group. Does not wait for it. */
    void stop() {
        stopping = true;
        ring();
    }

    /** Stops as if the process had died: commits nothing, says goodbye to nobody. */
    void abandon() {
        abandoned = true;
        stop();
    }

    boolean stopped() {
        return !thread.isAlive();
    }

    private void ring() {
        Consumer<byte[], byte[]> current = consumer;
        if (polling && current != null) {
            current.wakeup();
        } else {
            LockSupport.unpark(thread);
        }
    }

    // ---- the thread

    @Override
    public void run() {
        boolean failed = false;
        while (!stopping) {
            try {
                session();
                failed = false;
            } catch (KafkaException | IllegalStateException | Transactor.Undecided e) {
                LOG.atLevel(failed ? Level.DEBUG : Level.WARN)
                        .setCause(failed ? null : e)
                        .addKeyValue(LogKeys.NAMESPACE, namespace)
                        .addKeyValue(LogKeys.ROUTE, route)
                        .addKeyValue(LogKeys.REASON, e.toString())
                        .log("Route's reader begins anew from what is committed");
                failed = true;
                desk.dropped(each -> true);
                pauseBefore(System.nanoTime() + AGAIN_NANOS);
            }
        }
        transactor.close();
        desk.close();
        for (Runnable order = orders.poll(); order != null; order = orders.poll()) {
            order.run();
        }
    }

    private void pauseBefore(long nanos) {
        for (long left = nanos - System.nanoTime(); left > 0 && !stopping; left = nanos - System.nanoTime()) {
            LockSupport.parkNanos(this, left);
        }
    }

    private void session() throws Transactor.Undecided {
        String member = "forelog-" + settings.nodeId() + "-" + namespace + "-" + route;
        Consumer<byte[], byte[]> open = new KafkaConsumer<>(settings.consumer(group, member));
        consumer = open;
        paused.clear();
        boolean whole = false;
        try {
            subscribe(open);
            while (!stopping) {
                step(open);
            }
            if (!abandoned) {
                leave(open.assignment());
            }
            whole = !abandoned;
        } finally {
            letGo = true;
            start.close();
            close(open, whole);
            consumer = null;
            letGo = false;
        }
    }

    private static void close(Consumer<byte[], byte[]> open, boolean leave) {
        try {
            open.close(CloseOptions.timeout(leave ? CLOSE_LIMIT : Duration.ZERO)
                    .withGroupMembershipOperation(
                            leave
                                    ? CloseOptions.GroupMembershipOperation.LEAVE_GROUP
                                    : CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP));
        } catch (KafkaException e) {
            LOG.atDebug().addKeyValue(LogKeys.REASON, e.toString()).log("Consumer closes with an error");
        }
    }

    private void subscribe(Consumer<byte[], byte[]> open) {
        List<String> names = new ArrayList<>();
        for (String main : topics.mains()) {
            names.add(main);
            names.add(topics.ready(main));
        }
        open.subscribe(names, this);
    }

    private Consumer<byte[], byte[]> current() {
        Consumer<byte[], byte[]> current = consumer;
        if (current == null) {
            throw new IllegalStateException("the reader of route " + route + " of " + namespace + " has no consumer");
        }
        return current;
    }

    private void step(Consumer<byte[], byte[]> open) throws Transactor.Undecided {
        for (int left = orders.size(); left > 0; left--) { // one may order itself again
            Runnable order = orders.poll();
            if (order != null) {
                order.run();
            }
        }
        move(open);
        long nanos = System.nanoTime();
        if (nanos - nextCommitNanos >= 0) {
            nextCommitNanos = nanos + settings.commitInterval().toNanos();
            commit(open, null, false);
        }
        openWhatWaited(nanos);
        pause(open);
        poll(open);
    }

    private void poll(Consumer<byte[], byte[]> open) {
        ConsumerRecords<byte[], byte[]> polled = ConsumerRecords.empty();
        polling = true;
        try {
            boolean busy = stopping || !orders.isEmpty() || mayMove(System.nanoTime());
            polled = open.poll(busy ? Duration.ZERO : POLL);
        } catch (WakeupException e) {
            // somebody wants something
        } catch (OffsetOutOfRangeException e) {
            polling = false;
            start.outOfRange(open, e.offsetOutOfRangePartitions(), desk);
        } finally {
            polling = false;
        }
        for (Holding holding : desk.all()) {
            if (!holding.isPark()) {
                accept(open, holding, polled.records(holding.partition));
            }
        }
    }

    private void accept(Consumer<byte[], byte[]> open, Holding holding, List<ConsumerRecord<byte[], byte[]>> polled) {
        List<Holding.Fetched> fetched = polled.isEmpty() ? List.of() : new ArrayList<>(polled.size());
        for (int i = 0; i < polled.size(); i++) {
            if (records.concerns(polled.get(i))) {
                fetched.add(records.read(holding, polled.get(i)));
            }
        }
        long position = PartitionStart.steady(() -> open.position(holding.partition));
        desk.fetched(
                holding, fetched, position, open.currentLag(holding.partition).orElse(0));
    }

    /** Pauses what has enough waiting on the desk, and resumes it where there is room. */
    private void pause(Consumer<byte[], byte[]> open) {
        boolean full = desk.full();
        for (Holding holding : desk.all()) {
            if (holding.isPark()) {
                continue;
            }
            int waiting = desk.fetched(holding);
            boolean isPaused = paused.contains(holding.partition);
            boolean wanted = full || waiting >= (isPaused ? RouteDesk.FETCHED_MAX / 4 : RouteDesk.FETCHED_MAX / 2);
            if (wanted && !isPaused) {
                open.pause(List.of(holding.partition));
                paused.add(holding.partition);
            } else if (!wanted && isPaused) {
                open.resume(List.of(holding.partition));
                paused.remove(holding.partition);
            }
        }
    }

    private void openWhatWaited(long nanos) {
        if (ordered) {
            for (Holding holding : desk.all()) {
                if (holding.opensNanos != 0 && nanos - holding.opensNanos >= 0) {
                    holding.opensNanos = 0;
                    desk.open(holding);
                }
            }
        }
    }

    // ---- commits

    /** True where nothing is left to commit. */
    private boolean commit(
            Consumer<byte[], byte[]> open, @Nullable Collection<TopicPartition> only, boolean unchangedToo) {
        Map<TopicPartition, OffsetAndMetadata> marks = desk.committable(only, unchangedToo);
        if (marks.isEmpty()) {
            return true;
        }
        try {
            PartitionStart.steady(() -> {
                open.commitSync(marks, COMMIT_LIMIT);
                return marks;
            });
            return true;
        } catch (
                KafkaException
                        e) { // a rebalance under way, a broker that is away: they are committed later, or by another
            LOG.atDebug()
                    .addKeyValue(LogKeys.NAMESPACE, namespace)
                    .addKeyValue(LogKeys.REASON, e.toString())
                    .log("Commit fails; done again");
            desk.uncommitted(marks.keySet());
            return false;
        }
    }

    /** Commits now what is settled; by an order. */
    boolean commitNow() {
        return commit(current(), null, true);
    }

    // ---- rebalances

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        quietly(() -> {
            Consumer<byte[], byte[]> open = current();
            List<Holding> added = start.restore(open, partitions, topics, ordered);
            desk.dropped(each -> partitions.contains(each.partition));
            paused.removeAll(partitions);
            desk.assigned(added);
        });
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        if (!partitions.isEmpty() && !letGo) {
            quietly(() -> leave(partitions));
        }
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        desk.dropped(each -> belongs(each, partitions));
        paused.removeAll(partitions);
    }

    /** A wake-up meant for the poll must not disturb what is done inside of it. */
    private void quietly(Runnable what) {
        boolean before = polling;
        polling = false;
        try {
            what.run();
        } finally {
            polling = before;
        }
    }

    /** Waits a little for what is on its way, commits, and lets go. */
    private void leave(Collection<TopicPartition> partitions) {
        Consumer<byte[], byte[]> open = current();
        desk.shut(partitions);
        long until = System.nanoTime() + settings.drainLimit().toNanos();
        try {
            do {
                nextMoveNanos = 0;
                move(open);
                if (desk.quiet(partitions) || abandoned) {
                    break;
                }
                LockSupport.parkNanos(this, LOOK_NANOS);
            } while (System.nanoTime() - until < 0);
        } catch (Transactor.Undecided e) {
            desk.dropped(each -> belongs(each, partitions)); // whoever has them next sees what holds
            throw new KafkaException(e);
        }
        Set<TopicPartition> all = new HashSet<>();
        for (Holding holding : desk.all()) {
            if (belongs(holding, partitions)) {
                all.add(holding.partition);
            }
        }
        if (!commit(open, all, true)) {
            commit(open, all, true);
        }
        desk.dropped(each -> all.contains(each.partition));
        paused.removeAll(partitions);
    }

    private static boolean belongs(Holding holding, Collection<TopicPartition> partitions) {
        return partitions.contains(
                holding.isPark() ? new TopicPartition(holding.main, holding.partition.partition()) : holding.partition);
    }

    // ---- moves

    private boolean mayMove(long nanos) {
        return desk.hasMoves() && nanos - nextMoveNanos >= 0;
    }

    private void move(Consumer<byte[], byte[]> open) throws Transactor.Undecided {
        while (mayMove(System.nanoTime())) {
            RouteDesk.MoveBatch batch = desk.nextMoves();
            if (batch == null) {
                return;
            }
            long now = ticker.micros();
            List<ProducerRecord<byte[], byte[]>> copies =
                    new ArrayList<>(batch.moves().size());
            try {
                for (Move move : batch.moves()) {
                    if (move.delivery == null && move.raw == null) {
                        move.delivery = start.delivery(move.taken);
                    }
                    copies.add(copy(move, now));
                }
                List<RecordMetadata> places = transactor.commit(
                        copies,
                        batch.marks(),
                        open.groupMetadata(),
                        asked -> PartitionStart.steady(() -> open.committed(asked)));
                desk.moved(batch, parkedCopies(batch, copies, places));
                abortedInARow = 0;
            } catch (Transactor.Aborted e) {
                aborted(e);
                nextMoveNanos = System.nanoTime() + settings.commitInterval().toNanos();
                desk.notMoved(batch, e, System.nanoTime(), false);
            } catch (Transactor.Undecided | RuntimeException e) {
                desk.notMoved(batch, e, System.nanoTime(), true);
                throw e;
            }
        }
    }

    /** Some are usual, in a rebalance; many are what an operator must know of: nothing leaves that way meanwhile. */
    private void aborted(Transactor.Aborted e) {
        abortedInARow++;
        LOG.atLevel(abortedInARow == ABORTED_ALARM ? Level.ERROR : Level.DEBUG)
                .addKeyValue(LogKeys.NAMESPACE, namespace)
                .addKeyValue(LogKeys.ROUTE, route)
                .addKeyValue(LogKeys.REASON, e.toString())
                .log("Retries, parked and dead letters can't be written; kept and tried again");
    }

    private ProducerRecord<byte[], byte[]> copy(Move move, long now) {
        String main = move.taken.holding.main;
        Delivery delivery = move.delivery;
        Verdict verdict = move.verdict;
        if (delivery == null || verdict == null) {
            RouteRecords.Raw raw = move.raw;
            if (raw == null) {
                throw new IllegalStateException("a move of nothing");
            }
            return records.poison(topics.deadLetters(main), raw);
        }
        return switch (verdict.kind()) {
            case RETRY -> retry(main, delivery, (Verdict.Retry) verdict, now);
            case PARK -> records.park(topics.park(main), delivery, (Verdict.Park) verdict);
            default -> records.dead(topics.deadLetters(main), delivery, ((Verdict.Dead) verdict).failure(), now);
        };
    }

    private ProducerRecord<byte[], byte[]> retry(String main, Delivery delivery, Verdict.Retry retry, long now) {
        RecordHeaders headers = new RecordHeaders();
        String ready = topics.ready(main);
        String topic = Tiers.wait(headers, topics::tier, ready, now, retry.dueMicros(), settings.nodeId());
        return records.retry(topic, headers, delivery, retry);
    }

    private List<RouteDesk.ParkedCopy> parkedCopies(
            RouteDesk.MoveBatch batch, List<ProducerRecord<byte[], byte[]>> copies, List<RecordMetadata> places) {
        List<RouteDesk.ParkedCopy> parked = new ArrayList<>();
        for (int i = 0; i < batch.moves().size(); i++) {
            Move move = batch.moves().get(i);
            if (move.delivery != null && move.verdict instanceof Verdict.Park park) {
                RecordMetadata place = places.get(i);
                Holding holding = desk.holding(new TopicPartition(place.topic(), place.partition()));
                if (holding != null) {
                    byte[] value = copies.get(i).value();
                    parked.add(parkedCopy(move, move.delivery, park, holding, place, value.length));
                }
            }
        }
        parked.sort(java.util.Comparator.comparingLong(
                each -> ((Taken) each.delivery().place()).offset));
        return parked;
    }

    private static RouteDesk.ParkedCopy parkedCopy(
            Move move, Delivery delivery, Verdict.Park park, Holding holding, RecordMetadata place, int bytes) {
        Taken taken = new Taken(holding, place.offset(), bytes, Books.Count.RETURNED, move.taken.order);
        taken.nextMicros = park.nextMicros();
        Failure failure = park.failure();
        Delivery parked = new Delivery(
                delivery.entry(),
                delivery.route(),
                new Receipt(place.topic(), place.partition(), place.offset()),
                taken,
                failure == null ? delivery.attempt() : delivery.attempt() + 1,
                delivery.dueMicros(),
                delivery.firstFailure() == null ? failure : delivery.firstFailure(),
                failure == null ? delivery.lastFailure() : failure,
                delivery.redrives());
        return new RouteDesk.ParkedCopy(move, parked);
    }

    /** The deliveries of parked ones, those that are in their topic only read again; by an order. */
    List<Delivery> deliveries(List<ParkedLanes.Parked> parked) {
        return start.deliveries(parked);
    }
}

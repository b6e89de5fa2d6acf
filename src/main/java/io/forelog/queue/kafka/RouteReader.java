package io.forelog.queue.kafka;

import io.forelog.model.Delivery;
import io.forelog.model.Ticker;
import io.forelog.observe.LogKeys;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One route's member of its consumer group: a thread of its own that polls ({@link Fetching}), commits ({@link Commits}), moves in
 * transactions ({@link Mover}) and takes and hands over partitions ({@link Handover}), one after the other, so that a commit never
 * overtakes a transaction (ADR 22). What it fetches lies on the {@link RouteDesk}, which says when it must pause; what becomes of it
 * is marked there. Whatever goes wrong with the consumer, the reader begins anew from what is committed. Any thread may order,
 * stop and ring.
 */
final class RouteReader implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(RouteReader.class);
    private static final int READ_AGAIN_MAX = 100;
    private static final long READ_AGAIN_BYTES_MAX = 1L << 20;
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

    private final String namespace;
    private final int route;
    private final boolean lanes;
    private final ReaderSettings settings;
    private final Supplier<Consumer<byte[], byte[]>> consumers;
    private final Restarts restarts;
    private final RouteDesk desk;
    private final PartitionStart start;
    private final Fetching fetching;
    private final Commits commits;
    private final Mover mover;
    private final Queue<Runnable> orders = new ConcurrentLinkedQueue<>();
    private final Thread thread;

    private volatile RouteTopics topics;
    private volatile boolean stopping;
    private volatile boolean abandoned;
    private volatile @Nullable Consumer<byte[], byte[]> consumer;
    /** Of {@link #consumer}; the reader's thread alone. */
    private @Nullable Handover handover;

    RouteReader(
            String namespace,
            int route,
            String group,
            boolean lanes,
            RouteTopics topics,
            ReaderSettings settings,
            long startMillis,
            Ticker ticker,
            java.util.function.Consumer<String> trouble) {
        this(
                namespace,
                route,
                lanes,
                topics,
                settings,
                startMillis,
                ticker,
                trouble,
                () -> new KafkaConsumer<>(settings.consumer(group, member(settings, namespace, route))));
    }

    RouteReader(
            String namespace,
            int route,
            boolean lanes,
            RouteTopics topics,
            ReaderSettings settings,
            long startMillis,
            Ticker ticker,
            java.util.function.Consumer<String> trouble,
            Supplier<Consumer<byte[], byte[]>> consumers) {
        String member = member(settings, namespace, route);
        this.namespace = namespace;
        this.route = route;
        this.consumers = consumers;
        this.restarts = new Restarts(
                "namespace " + namespace + ", route " + route, KafkaNames.group(namespace, route), member, trouble);
        this.lanes = lanes;
        this.topics = topics;
        this.settings = settings;
        RouteRecords records = new RouteRecords(namespace, route);
        this.desk = new RouteDesk("namespace " + namespace + ", route " + route, settings.owner(), lanes, this::ring);
        this.start = new PartitionStart(
                settings,
                member,
                records,
                startMillis,
                namespace,
                route,
                () -> settings.orderedWait(this.topics.targetLimit()));
        this.mover = new Mover(namespace, route, desk, start, records, () -> this.topics, settings, ticker);
        this.fetching = new Fetching(desk, records, start, this::busy);
        this.commits = new Commits(desk, namespace, settings.commitInterval());
        this.thread = new Thread(this, "forelog-kafka-" + namespace + "-" + route);
        this.thread.setDaemon(true);
    }

    private static String member(ReaderSettings settings, String namespace, int route) {
        return "forelog-" + settings.nodeId() + "-" + namespace + "-" + route;
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
            Handover its = handover;
            if (current != null && its != null) {
                subscribe(current, its);
            }
        });
    }

    /** To be run by the reader's thread. */
    void order(Runnable what) {
        orders.add(what);
        ring();
    }

    /** Nothing that was taken is at a target any more. Any thread. */
    void atRest() {
        desk.atRest();
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
        if (fetching.polling() && current != null) {
            current.wakeup();
        } else {
            LockSupport.unpark(thread);
        }
    }

    // ---- the thread

    @Override
    public void run() {
        try {
            while (!stopping) {
                try {
                    session();
                } catch (RuntimeException | Error | Transactor.Undecided e) {
                    desk.dropped(each -> true);
                    long nanos = System.nanoTime();
                    pauseBefore(nanos + restarts.failed(e, nanos));
                }
            }
        } finally {
            desk.close();
            mover.close();
            for (Runnable order = orders.poll(); order != null; order = orders.poll()) {
                order.run();
            }
        }
    }

    private void pauseBefore(long nanos) {
        for (long left = nanos - System.nanoTime(); left > 0 && !stopping; left = nanos - System.nanoTime()) {
            LockSupport.parkNanos(this, left);
        }
    }

    private void session() throws Transactor.Undecided {
        Consumer<byte[], byte[]> open = consumers.get();
        Handover its = new Handover(
                open,
                desk,
                start,
                fetching,
                mover,
                commits,
                () -> topics,
                lanes,
                settings.drainLimit(),
                () -> abandoned);
        consumer = open;
        handover = its;
        fetching.begin();
        boolean whole = false;
        try {
            subscribe(open, its);
            while (!stopping) {
                step(open);
                long nanos = System.nanoTime();
                its.look(nanos);
                restarts.goesOn(nanos);
            }
            if (!abandoned) {
                its.leave(open.assignment());
            }
            whole = !abandoned;
        } finally {
            its.end();
            start.close();
            close(open, whole);
            consumer = null;
            handover = null;
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

    private void subscribe(Consumer<byte[], byte[]> open, Handover its) {
        List<String> names = new ArrayList<>();
        for (String main : topics.mains()) {
            names.add(main);
            names.add(topics.ready(main));
        }
        open.subscribe(names, its);
    }

    private void step(Consumer<byte[], byte[]> open) throws Transactor.Undecided {
        for (int left = orders.size(); left > 0; left--) { // one may order itself again
            Runnable order = orders.poll();
            if (order != null) {
                order.run();
            }
        }
        mover.move(open);
        commits.commitInTurn(open);
        if (lanes) {
            fetching.openWhatWaited();
            readAgain();
        }
        fetching.pause(open);
        fetching.poll(open);
    }

    /** Parked ones that the pump waits for and that are only in their topic. */
    private void readAgain() {
        List<Taken> wanted = desk.toReadAgain(READ_AGAIN_MAX, READ_AGAIN_BYTES_MAX);
        if (!wanted.isEmpty()) {
            desk.readAgain(wanted.stream().map(start::delivery).toList());
        }
    }

    private boolean busy() {
        return stopping
                || !orders.isEmpty()
                || mover.mayMove()
                || lanes && !desk.toReadAgain(1, 1).isEmpty();
    }

    /** Commits now what is settled; by an order. */
    boolean commitNow() {
        Consumer<byte[], byte[]> current = consumer;
        if (current == null) {
            throw new IllegalStateException("the reader of route " + route + " of " + namespace + " has no consumer");
        }
        return commits.commitAll(current);
    }

    /** The deliveries of parked ones, those that are in their topic only read again; by an order. */
    List<Delivery> deliveries(List<ParkedLanes.Parked> parked) {
        return start.deliveries(parked);
    }
}

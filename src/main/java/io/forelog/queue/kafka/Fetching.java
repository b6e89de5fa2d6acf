package io.forelog.queue.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;

/**
 * Polls for one route and lays what comes on its {@link RouteDesk}; pauses the partitions of which enough lies there. Owned by the
 * thread of the {@link RouteReader}; whether it is inside of a poll any thread may ask. Bounded by the desk, which says when it is full.
 */
final class Fetching {
    private static final Duration POLL = Duration.ofMillis(100);

    private final RouteDesk desk;
    private final RouteRecords records;
    private final PartitionStart start;
    private final BooleanSupplier busy;
    private final Set<TopicPartition> paused = new HashSet<>();
    private volatile boolean polling;

    /** {@code busy}: there is something to do, no poll may wait. */
    Fetching(RouteDesk desk, RouteRecords records, PartitionStart start, BooleanSupplier busy) {
        this.desk = desk;
        this.records = records;
        this.start = start;
        this.busy = busy;
    }

    /** A wake-up would end the poll, and disturb nothing else. */
    boolean polling() {
        return polling;
    }

    /** Of a consumer that is new nothing is paused. */
    void begin() {
        paused.clear();
    }

    /** They are another's, or begun anew. */
    void forget(Collection<TopicPartition> partitions) {
        paused.removeAll(partitions);
    }

    /** A wake-up meant for the poll must not disturb what is done inside of it. */
    void quietly(Runnable what) {
        boolean before = polling;
        polling = false;
        try {
            what.run();
        } finally {
            polling = before;
        }
    }

    void poll(Consumer<byte[], byte[]> open) {
        ConsumerRecords<byte[], byte[]> polled = ConsumerRecords.empty();
        polling = true;
        try {
            polled = open.poll(busy.getAsBoolean() ? Duration.ZERO : POLL);
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
    void pause(Consumer<byte[], byte[]> open) {
        boolean full = desk.full();
        for (Holding holding : desk.all()) {
            if (holding.isPark()) {
                continue;
            }
            int waiting = desk.fetched(holding);
            boolean isPaused = paused.contains(holding.partition);
            boolean wanted = full || waiting >= FetchedAhead.FETCHED_MAX / (isPaused ? 4 : 2);
            if (wanted && !isPaused) {
                open.pause(List.of(holding.partition));
                paused.add(holding.partition);
            } else if (!wanted && isPaused) {
                open.resume(List.of(holding.partition));
                paused.remove(holding.partition);
            }
        }
    }

    /** What had to wait for its former owner's deliveries, and has. */
    void openWhatWaited() {
        long nanos = System.nanoTime();
        for (Holding holding : desk.all()) {
            if (holding.opensNanos != 0 && nanos - holding.opensNanos >= 0) {
                holding.opensNanos = 0;
                desk.open(holding);
            }
        }
    }
}

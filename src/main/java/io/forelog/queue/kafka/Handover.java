package io.forelog.queue.kafka;

import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * How partitions come to one route's consumer and leave it: begun at what is committed, and handed over clean, inside the
 * consumer's own poll (ADR 22). Owned by the thread of the {@link RouteReader}, one for each consumer that it opens. Letting go waits
 * the drain limit at most for what is on its way.
 */
final class Handover implements ConsumerRebalanceListener {
    private static final long LOOK_NANOS = 2_000_000L;

    private final Consumer<byte[], byte[]> consumer;
    private final RouteDesk desk;
    private final PartitionStart start;
    private final Fetching fetching;
    private final Mover mover;
    private final Commits commits;
    private final Supplier<RouteTopics> topics;
    private final boolean lanes;
    private final long drainNanos;
    private final BooleanSupplier abandoned;
    private final Arrival arrival = new Arrival();
    /** The consumer is being closed: what was to be committed is. */
    private boolean over;

    /** {@code abandoned}: what is on its way is not waited for. */
    Handover(
            Consumer<byte[], byte[]> consumer,
            RouteDesk desk,
            PartitionStart start,
            Fetching fetching,
            Mover mover,
            Commits commits,
            Supplier<RouteTopics> topics,
            boolean lanes,
            Duration drainLimit,
            BooleanSupplier abandoned) {
        this.consumer = consumer;
        this.desk = desk;
        this.start = start;
        this.fetching = fetching;
        this.mover = mover;
        this.commits = commits;
        this.topics = topics;
        this.lanes = lanes;
        this.drainNanos = drainLimit.toNanos();
        this.abandoned = abandoned;
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        fetching.quietly(() -> {
            List<Holding> added = start.restore(consumer, partitions, topics.get(), lanes);
            desk.dropped(each -> partitions.contains(each.partition));
            fetching.forget(partitions);
            if (lanes && !commits.begin(consumer, start.begun(added))) {
                added.forEach(each -> each.dirty = true);
            }
            desk.assigned(added);
            arrival.assigned(System.nanoTime());
        });
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        if (!partitions.isEmpty() && !over) {
            fetching.quietly(() -> leave(partitions));
        }
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        desk.dropped(each -> belongs(each, partitions));
        fetching.forget(partitions);
    }

    /** As {@link Arrival#look}. */
    void look(long nanos) {
        arrival.look(consumer, nanos);
    }

    /** Waits a little for what is on its way, commits, and lets go. */
    void leave(Collection<TopicPartition> partitions) {
        desk.shut(partitions);
        long until = System.nanoTime() + drainNanos;
        try {
            do {
                mover.moveNow(consumer);
                if (desk.quiet(partitions) || abandoned.getAsBoolean()) {
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
        if (!commits.commitLast(consumer, all)) {
            commits.commitLast(consumer, all);
        }
        desk.dropped(each -> all.contains(each.partition));
        fetching.forget(partitions);
    }

    /** The consumer is being closed: nothing more is committed. */
    void end() {
        over = true;
    }

    private static boolean belongs(Holding holding, Collection<TopicPartition> partitions) {
        return partitions.contains(
                holding.isPark() ? new TopicPartition(holding.main, holding.partition.partition()) : holding.partition);
    }
}

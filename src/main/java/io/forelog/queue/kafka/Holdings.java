package io.forelog.queue.kafka;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The partitions that are assigned to one route's reader, the parked ones that belong to them among them. Guarded by the lock of the
 * {@link RouteDesk}, which every caller holds. Bounded by the partitions that its topics have.
 */
final class Holdings {
    private final int owner;
    private final Map<TopicPartition, Holding> byPartition = new LinkedHashMap<>();
    private final List<Holding> ring = new ArrayList<>();
    private long aboveWatermarks;
    private boolean atRest;

    /** {@code owner}: whose marks they are. */
    Holdings(int owner) {
        this.owner = owner;
    }

    void add(Holding holding) {
        byPartition.put(holding.partition, holding);
        ring.add(holding);
    }

    /** It is another's now: nothing that is settled of it has an effect any more. */
    void drop(Holding holding) {
        if (!holding.isPark()) {
            aboveWatermarks += holding.window.next() - holding.window.watermark();
        }
        holding.drop();
        byPartition.remove(holding.partition);
        ring.remove(holding);
    }

    @Nullable
    Holding get(TopicPartition partition) {
        return byPartition.get(partition);
    }

    /** The main partition that a parked or a ready one belongs to; null where it is not here. */
    @Nullable
    Holding mainOf(Holding other) {
        return byPartition.get(new TopicPartition(other.main, other.partition.partition()));
    }

    /** In the order in which they came; not to be changed, nor kept. */
    List<Holding> ring() {
        return ring;
    }

    /** How many a watermark alone would have repeated, of all partitions given up so far. */
    long aboveWatermarks() {
        return aboveWatermarks;
    }

    /** Whoever took has given up what it holds and has not sent: none of it is on its way. */
    void atRest() {
        atRest = true;
    }

    /** Nothing that was taken of those partitions, and of what is parked of them, is on its way. */
    boolean quiet(Collection<TopicPartition> partitions) {
        return ring.stream().noneMatch(holding -> belongs(holding, partitions) && holding.onTheirWay() > 0 && !atRest);
    }

    private static boolean belongs(Holding holding, Collection<TopicPartition> partitions) {
        return partitions.contains(
                holding.isPark() ? new TopicPartition(holding.main, holding.partition.partition()) : holding.partition);
    }

    /** Nothing more is handed out of them, nor of what is parked of them. */
    void shut(Collection<TopicPartition> partitions) {
        for (Holding holding : ring) {
            if (belongs(holding, partitions)) {
                holding.open = false;
                holding.waitsForParked = false;
                holding.shut = true;
            }
        }
    }

    /**
     * What has changed since the last commit of those partitions. {@code leaving}: they are given away, and are clean where nothing of them
     * is on its way; what is committed while they are held is never, for something may be sent after it.
     */
    Map<TopicPartition, OffsetAndMetadata> committable(
            @Nullable Collection<TopicPartition> only, boolean unchangedToo, boolean leaving) {
        Map<TopicPartition, OffsetAndMetadata> marks = new HashMap<>();
        for (Holding holding : ring) {
            if ((holding.dirty || unchangedToo) && (only == null || only.contains(holding.partition))) {
                marks.put(
                        holding.partition,
                        holding.committable(owner, leaving && (atRest || holding.onTheirWay() == 0)));
                holding.dirty = false;
            }
        }
        return marks;
    }

    /** A commit failed: they are to be committed again. */
    void uncommitted(Collection<TopicPartition> partitions) {
        for (TopicPartition partition : partitions) {
            Holding holding = byPartition.get(partition);
            if (holding != null) {
                holding.dirty = true;
            }
        }
    }
}

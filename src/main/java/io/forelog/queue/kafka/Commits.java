package io.forelog.queue.kafka;

import io.forelog.observe.LogKeys;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits what is settled of one route, at the latest an interval after it was. Owned by the thread of the {@link RouteReader},
 * which a commit holds for 5 s at most.
 */
final class Commits {
    private static final Logger LOG = LoggerFactory.getLogger(Commits.class);
    private static final Duration LIMIT = Duration.ofSeconds(5);

    private final RouteDesk desk;
    private final String namespace;
    private final long intervalNanos;
    private long nextNanos;

    Commits(RouteDesk desk, String namespace, Duration interval) {
        this.desk = desk;
        this.namespace = namespace;
        this.intervalNanos = interval.toNanos();
    }

    /** Where the interval is over. */
    void commitInTurn(Consumer<byte[], byte[]> open) {
        long nanos = System.nanoTime();
        if (nanos - nextNanos >= 0) {
            nextNanos = nanos + intervalNanos;
            commit(open, null, false, false);
        }
    }

    /** All that is held, changed or not; true where nothing is left to commit. */
    boolean commitAll(Consumer<byte[], byte[]> open) {
        return commit(open, null, true, false);
    }

    /** As {@link #commitAll}, of partitions that are given away. */
    boolean commitLast(Consumer<byte[], byte[]> open, Collection<TopicPartition> leaving) {
        return commit(open, leaving, true, true);
    }

    private boolean commit(
            Consumer<byte[], byte[]> open,
            @Nullable Collection<TopicPartition> only,
            boolean unchangedToo,
            boolean leaving) {
        Map<TopicPartition, OffsetAndMetadata> marks = desk.committable(only, unchangedToo, leaving);
        if (marks.isEmpty()) {
            return true;
        }
        return commit(open, marks);
    }

    /** What was said clean by the last owner is so no more, before anything of it is handed out. */
    boolean begin(Consumer<byte[], byte[]> open, Map<TopicPartition, OffsetAndMetadata> marks) {
        return marks.isEmpty() || commit(open, marks);
    }

    private boolean commit(Consumer<byte[], byte[]> open, Map<TopicPartition, OffsetAndMetadata> marks) {
        try {
            PartitionStart.steady(() -> {
                open.commitSync(marks, LIMIT);
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
}

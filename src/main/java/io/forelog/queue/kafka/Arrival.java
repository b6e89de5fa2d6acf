package io.forelog.queue.kafka;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;

/**
 * Has a group look once more at what there is to be read, some seconds after one of its members has come: who comes back by its name after
 * a kill is given what it had, whatever topics and partitions were added since, and nobody would look again before the next one comes
 * or goes. Not where this member has all there is, nor where the group has looked meanwhile. One a consumer, owned by its thread.
 */
final class Arrival {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(3);

    private int rounds;
    private long sinceNanos;

    /** The group has looked, or given out what it had; {@code nanos} of the JVM. */
    void assigned(long nanos) {
        rounds++;
        sinceNanos = nanos;
    }

    /** Now and then, between two polls. */
    void look(Consumer<byte[], byte[]> consumer, long nanos) {
        if (rounds == 1 && nanos - sinceNanos >= PATIENCE_NANOS) {
            rounds++;
            if (!hasAll(consumer)) {
                consumer.enforceRebalance("what was added since this member was here last");
            }
        }
    }

    private static boolean hasAll(Consumer<byte[], byte[]> consumer) {
        try {
            int all = 0;
            for (String topic : consumer.subscription()) {
                List<PartitionInfo> partitions = PartitionStart.steady(() -> consumer.partitionsFor(topic));
                all += partitions == null ? 0 : partitions.size();
            }
            return consumer.assignment().size() >= all;
        } catch (KafkaException e) {
            return false; // nobody knows
        }
    }
}

package io.forelog.queue.kafka;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * What the group of a namespace's first route has committed, looked at over and over by a thread of its own: who committed last, how
 * much is delivered, and whether a mark ever stepped back. Any thread asks.
 */
final class CommittedMarks implements AutoCloseable {
    private static final int ROUTE = 1;

    private final String namespace;
    private final Admin admin;
    private final Thread thread;
    private final Map<TopicPartition, OffsetAndMetadata> last = new ConcurrentHashMap<>();
    private final Queue<String> steppedBack = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    CommittedMarks(String bootstrap, String namespace) {
        this.namespace = namespace;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
        this.thread = new Thread(this::look, "committed-marks");
        thread.setDaemon(true);
        thread.start();
    }

    private void look() {
        while (!closed) {
            try {
                admin.listConsumerGroupOffsets(KafkaNames.group(namespace, ROUTE))
                        .partitionsToOffsetAndMetadata()
                        .get(10, TimeUnit.SECONDS)
                        .forEach(this::see);
                Thread.sleep(20);
            } catch (ExecutionException | TimeoutException e) {
                // asked again
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void see(TopicPartition partition, OffsetAndMetadata mark) {
        OffsetAndMetadata before = last.put(partition, mark);
        if (before != null && (mark.offset() < before.offset() || delivered(mark) < delivered(before))) {
            steppedBack.add(partition + ": " + before.offset() + " (" + delivered(before) + " delivered) -> "
                    + mark.offset() + " (" + delivered(mark) + ")");
        }
    }

    private static long delivered(OffsetAndMetadata mark) {
        CommitMetadata metadata = CommitMetadata.decode(mark.metadata(), mark.offset());
        return metadata == null ? 0 : metadata.books().get(Books.Count.DELIVERED);
    }

    /** The main partitions that {@code node} committed last. */
    Set<TopicPartition> of(String node) {
        return last.entrySet().stream()
                .filter(each -> each.getKey().topic().equals(namespace))
                .filter(each -> {
                    CommitMetadata metadata = CommitMetadata.decode(
                            each.getValue().metadata(), each.getValue().offset());
                    return metadata != null && metadata.owner() == node.hashCode();
                })
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    /** How many of each are delivered, as is committed. */
    Map<TopicPartition, Long> delivered(Collection<TopicPartition> partitions) {
        Map<TopicPartition, Long> delivered = new HashMap<>();
        partitions.forEach(each -> delivered.put(each, delivered(last.getOrDefault(each, new OffsetAndMetadata(0)))));
        return delivered;
    }

    /** Marks of which a later look found less settled. */
    List<String> steppedBack() {
        return List.copyOf(steppedBack);
    }

    @Override
    public String toString() {
        return last.keySet().stream()
                .map(each -> each + ": " + delivered(List.of(each)).values())
                .sorted()
                .collect(Collectors.joining(", "));
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        admin.close();
    }
}

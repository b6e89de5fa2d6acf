package io.forelog.queue.kafka;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads stretches of one namespace's topics for those who ask: dead letters, ranges, the audit's count. Has a thread of its own,
 * which alone touches the consumer; the work that may wait for it is bounded by {@value #WAITING_MAX}. The consumer belongs to
 * no group's members; what it commits is the memberless group's.
 */
final class LogScan {
    private static final int WAITING_MAX = 256;
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final String group;
    private final Supplier<Consumer<byte[], byte[]>> consumers;
    private final Function<Throwable, WalException> said;
    private final ThreadPoolExecutor thread;
    private @Nullable Consumer<byte[], byte[]> consumer;

    LogScan(KafkaCluster cluster, String group) {
        this(
                group,
                () -> new KafkaConsumer<>(
                        config(cluster, group), new ByteArrayDeserializer(), new ByteArrayDeserializer()),
                cluster::said);
    }

    /** {@code said}: what a client's exception means. */
    LogScan(String group, Supplier<Consumer<byte[], byte[]>> consumers, Function<Throwable, WalException> said) {
        this.group = group;
        this.consumers = consumers;
        this.said = said;
        this.thread =
                new ThreadPoolExecutor(1, 1, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING_MAX), work -> {
                    Thread made = new Thread(work, "forelog-kafka-scan-" + group);
                    made.setDaemon(true);
                    return made;
                });
        thread.allowCoreThreadTimeOut(true);
    }

    /** Work on the thread; blocks it. */
    @FunctionalInterface
    interface Work<T> {
        T on(LogScan scan);
    }

    /** Sees a record; false = no more. */
    @FunctionalInterface
    interface Visitor {
        boolean visit(ConsumerRecord<byte[], byte[]> record);
    }

    <T> Future<T> run(Work<T> work) {
        Promise<T> promise = KafkaCluster.promise();
        try {
            thread.execute(() -> {
                try {
                    promise.complete(work.on(this));
                } catch (KafkaException | IllegalStateException e) {
                    discard();
                    promise.fail(said.apply(e));
                } catch (RuntimeException e) {
                    promise.fail(WalException.of(e));
                }
            });
        } catch (RejectedExecutionException e) {
            promise.fail(new WalException(
                    thread.isShutdown() ? ErrorCode.UNAVAILABLE : ErrorCode.OVERLOADED,
                    group + ": " + (thread.isShutdown() ? "closed" : WAITING_MAX + " reads wait already")));
        }
        return promise.future();
    }

    // ---- on the thread

    private static Map<String, Object> config(KafkaCluster cluster, String group) {
        Map<String, Object> config = new HashMap<>(cluster.connection());
        config.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        config.put(ConsumerConfig.CLIENT_ID_CONFIG, "forelog-" + cluster.node().node() + "-scan");
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        config.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, ReaderSettings.FETCH_BYTES);
        config.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, ReaderSettings.FETCH_BYTES);
        config.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) LIMIT.toMillis());
        return config;
    }

    private Consumer<byte[], byte[]> consumer() {
        Consumer<byte[], byte[]> open = consumer;
        if (open == null) {
            open = consumers.get();
            consumer = open;
        }
        return open;
    }

    private void discard() {
        Consumer<byte[], byte[]> open = consumer;
        consumer = null;
        if (open != null) {
            try {
                open.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ZERO));
            } catch (KafkaException e) {
                // it was broken already
            }
        }
    }

    /** Behind the last record that is decided (committed). */
    Map<TopicPartition, Long> ends(Collection<TopicPartition> partitions) {
        return consumer().endOffsets(partitions);
    }

    Map<TopicPartition, Long> beginnings(Collection<TopicPartition> partitions) {
        return consumer().beginningOffsets(partitions);
    }

    /** The first offset whose record is not older; {@code otherwise} where there is none. */
    long offsetAt(TopicPartition partition, long millis, long otherwise) {
        OffsetAndTimestamp found = consumer()
                .offsetsForTimes(Map.of(partition, Math.max(0, millis)))
                .get(partition);
        return found == null ? otherwise : found.offset();
    }

    Map<TopicPartition, OffsetAndMetadata> committed(java.util.Set<TopicPartition> partitions) {
        return consumer().committed(partitions);
    }

    /** The memberless group, for a transaction. */
    ConsumerGroupMetadata group() {
        return consumer().groupMetadata();
    }

    List<TopicPartition> partitions(String topic) {
        return consumer().partitionsFor(topic).stream()
                .map(each -> new TopicPartition(topic, each.partition()))
                .sorted(java.util.Comparator.comparingInt(TopicPartition::partition))
                .toList();
    }

    /**
     * Shows the records from {@code from} up to {@code to} (exclusive) until the visitor has enough; answers the offset behind the
     * last one that was passed.
     */
    long scan(TopicPartition partition, long from, long to, Visitor visitor) {
        if (from >= to) {
            return from;
        }
        Consumer<byte[], byte[]> open = consumer();
        open.assign(List.of(partition));
        open.seek(partition, from);
        long until = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            for (ConsumerRecord<byte[], byte[]> record : open.poll(POLL).records(partition)) {
                if (record.offset() >= to) {
                    return to;
                }
                if (!visitor.visit(record)) {
                    return record.offset() + 1;
                }
                until = System.nanoTime() + LIMIT.toNanos();
            }
            long position = open.position(partition);
            if (position >= to) {
                return to;
            }
            if (System.nanoTime() - until > 0) {
                throw new TimeoutException(partition + " gives nothing behind " + position + " (expected: up to " + to
                        + " within " + LIMIT.toSeconds() + " s)");
            }
        }
    }

    // ---- any thread

    void close() {
        try {
            thread.execute(this::discard);
        } catch (RejectedExecutionException e) {
            // so much waits: its threads are daemons
        }
        thread.shutdown();
    }
}

package io.forelog.queue.kafka;

import io.forelog.observe.LogKeys;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one idempotent producer of this node for one cluster, shared by its namespaces, so that their records share batches and
 * requests. Sends are called from any thread and never wait: what the producer can't take at once is refused. Bounded by
 * {@link KafkaSettings#inFlightBytes} bytes handed over and not answered.
 */
final class Sender {
    /** Under the 5 s that a write without a deadline may take. */
    private static final int DELIVERY_LIMIT_MILLIS = 4_500;

    private static final long LOOK_NANOS = 20_000_000L;
    private static final int REQUEST_LIMIT_MILLIS = 2_000;
    /** A topic of which nobody has asked for so long is known no more: one that is deleted is not asked for for ever. */
    private static final int KNOWN_MILLIS = 300_000;

    static final int RECORD_BYTES_MAX = 17 << 20;
    static final long OVERHEAD_BYTES = 512;
    private static final Logger LOG = LoggerFactory.getLogger(Sender.class);

    /**
     * Told once what became of a record, on the producer's thread, or within the call where {@code taken} is false. One use; the
     * producer's callback itself, so that a record costs one object here.
     */
    abstract static class Sending implements Callback {
        /** Who sends it this moment; null behind that. Read by others, it is never themselves. */
        private @Nullable Thread caller;

        abstract void end(@Nullable RecordMetadata where, @Nullable Exception failure, boolean taken);

        /** Within the call on its thread it can only be a refusal: an answer comes on the producer's own thread. */
        @Override
        public final void onCompletion(@Nullable RecordMetadata where, @Nullable Exception failure) {
            end(where, failure, caller != Thread.currentThread());
        }
    }

    private final Supplier<Producer<byte[], byte[]>> producers;
    private final long bytesMax;
    private final AtomicLong bytes = new AtomicLong();
    /** Of the namespaces that were opened; any thread. */
    private final Set<String> topics = ConcurrentHashMap.newKeySet();

    private volatile Producer<byte[], byte[]> producer;
    private volatile boolean broken;

    /** May block on name resolution. */
    Sender(Map<String, Object> connection, String clientId, KafkaSettings settings) {
        this(settings.inFlightBytes(), producers(config(connection, clientId, settings)));
    }

    Sender(long bytesMax, Supplier<Producer<byte[], byte[]>> producers) {
        this.bytesMax = bytesMax;
        this.producers = producers;
        this.producer = producers.get();
    }

    private static Supplier<Producer<byte[], byte[]>> producers(Map<String, Object> config) {
        return () -> new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    }

    static Map<String, Object> config(Map<String, Object> connection, String clientId, KafkaSettings settings) {
        Map<String, Object> config = new HashMap<>(connection);
        config.put(ProducerConfig.CLIENT_ID_CONFIG, clientId);
        config.put(ProducerConfig.ACKS_CONFIG, "all");
        config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        config.putIfAbsent(ProducerConfig.LINGER_MS_CONFIG, 0);
        config.putIfAbsent(ProducerConfig.BATCH_SIZE_CONFIG, 64 << 10);
        config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 0L);
        config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, REQUEST_LIMIT_MILLIS);
        config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, DELIVERY_LIMIT_MILLIS);
        config.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, RECORD_BYTES_MAX);
        config.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 2 * settings.inFlightBytes() + (64L << 20));
        config.putIfAbsent(ProducerConfig.METADATA_MAX_IDLE_CONFIG, KNOWN_MILLIS);
        config.putIfAbsent(ProducerConfig.METADATA_MAX_AGE_CONFIG, 60_000);
        config.putIfAbsent(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
        config.putIfAbsent(ProducerConfig.SOCKET_CONNECTION_SETUP_TIMEOUT_MS_CONFIG, 2_000);
        return config;
    }

    /** False = the bound is reached; else to be given back by {@link #release}. */
    boolean reserve(long more) {
        if (bytes.addAndGet(more) > bytesMax && bytes.get() > more) {
            bytes.addAndGet(-more);
            return false;
        }
        return true;
    }

    void release(long less) {
        bytes.addAndGet(-less);
    }

    long bytesInFlight() {
        return bytes.get();
    }

    long bytesMax() {
        return bytesMax;
    }

    /** Never waits, never throws. */
    void send(ProducerRecord<byte[], byte[]> record, Sending sending) {
        sending.caller = Thread.currentThread();
        try {
            producer.send(record, sending);
        } catch (RuntimeException e) {
            // What may pass is told by the callback: this producer takes nothing any more.
            broken = true;
            sending.end(null, e, false);
        } finally {
            sending.caller = null;
        }
    }

    /** Of a topic; empty = not known yet, asked for now. Never waits. It stays known for five minutes. */
    List<PartitionInfo> partitions(String topic) {
        topics.add(topic);
        return partitions(producer, topic);
    }

    private static List<PartitionInfo> partitions(Producer<byte[], byte[]> producer, String topic) {
        try {
            return producer.partitionsFor(topic);
        } catch (TimeoutException e) {
            return List.of();
        }
    }

    /** They are written to no more. */
    void forget(Collection<String> gone) {
        gone.forEach(topics::remove);
    }

    /** Its producer refuses everything from now on: closed, or after an error that it does not survive. */
    boolean broken() {
        return broken;
    }

    /** Another producer takes what comes, once it knows the topics; what the broken one holds ends meanwhile. Blocking. */
    synchronized void renew() {
        if (!broken) {
            return;
        }
        Producer<byte[], byte[]> old = producer;
        Producer<byte[], byte[]> next = producers.get();
        learn(next);
        producer = next;
        broken = false;
        close(old, Duration.ofMillis(DELIVERY_LIMIT_MILLIS));
    }

    /** It may not wait for them when it writes; where the cluster is away, what it does not know is refused until it does. */
    private void learn(Producer<byte[], byte[]> next) {
        long until = System.nanoTime() + Duration.ofMillis(REQUEST_LIMIT_MILLIS).toNanos();
        for (String topic : topics) {
            while (partitions(next, topic).isEmpty() && System.nanoTime() - until < 0) {
                LockSupport.parkNanos(LOOK_NANOS);
            }
        }
    }

    /** Ends what is on its way, within its time limit. Blocking. */
    void close() {
        close(producer, Duration.ofMillis(DELIVERY_LIMIT_MILLIS));
    }

    private static void close(Producer<byte[], byte[]> producer, Duration limit) {
        try {
            producer.close(limit);
        } catch (KafkaException e) {
            LOG.atWarn().addKeyValue(LogKeys.REASON, e.toString()).log("Kafka producer closed with a failure");
        }
    }
}

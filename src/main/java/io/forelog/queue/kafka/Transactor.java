package io.forelog.queue.kafka;

import io.forelog.observe.LogKeys;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes copies and the marks that their originals left in one Kafka transaction (design 14.2). Owned by the thread of the reader
 * whose marks they are, which it holds for the length of a transaction; one a transactional id, which must be stable so that
 * what a former life left open is ended. The producer is made at the first move.
 */
final class Transactor {
    /** Nothing of the transaction holds; it may be tried again. */
    static final class Aborted extends Exception {
        private static final long serialVersionUID = 1L;

        Aborted(Throwable cause) {
            super(cause.getMessage(), cause);
        }
    }

    /** Nobody can say whether it holds: the reader has to begin anew from what is committed. */
    static final class Undecided extends Exception {
        private static final long serialVersionUID = 1L;

        Undecided(Throwable cause) {
            super(cause.getMessage(), cause);
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(Transactor.class);
    private static final int COMMIT_TRIES = 3;
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

    private final Supplier<Producer<byte[], byte[]>> producers;
    private final String transactionalId;
    private @Nullable Producer<byte[], byte[]> producer;

    /** {@code connection}: where the cluster is and how to log in. */
    Transactor(Map<String, Object> connection, String transactionalId) {
        this(transactionalId, config(connection, transactionalId));
    }

    private Transactor(String transactionalId, Map<String, Object> config) {
        this(transactionalId, () -> new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer()));
    }

    /** {@code producers}: makes one with this transactional id, not yet begun. */
    Transactor(String transactionalId, Supplier<Producer<byte[], byte[]>> producers) {
        this.transactionalId = transactionalId;
        this.producers = producers;
    }

    private static Map<String, Object> config(Map<String, Object> connection, String transactionalId) {
        Map<String, Object> config = new java.util.HashMap<>(connection);
        config.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, transactionalId);
        config.put(ProducerConfig.CLIENT_ID_CONFIG, transactionalId);
        config.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, 10_000);
        config.put(ProducerConfig.ACKS_CONFIG, "all");
        config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        config.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 10_000L);
        config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 8_000);
        config.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Sender.RECORD_BYTES_MAX);
        config.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 32L << 20);
        return config;
    }

    /**
     * From here on whoever had this id before can commit nothing more: what is read now stands until our own commit, or that one fails.
     */
    void begin() {
        open();
    }

    /**
     * All of it or nothing.
     *
     * @param committed asks what the group has committed, where the answer to the commit was lost
     * @return where each copy lies, in their order
     */
    List<RecordMetadata> commit(
            List<ProducerRecord<byte[], byte[]>> copies,
            Map<TopicPartition, OffsetAndMetadata> marks,
            ConsumerGroupMetadata group,
            Function<Set<TopicPartition>, Map<TopicPartition, OffsetAndMetadata>> committed)
            throws Aborted, Undecided {
        Producer<byte[], byte[]> open = null;
        AtomicReferenceArray<@Nullable RecordMetadata> places = new AtomicReferenceArray<>(copies.size());
        try {
            open = open();
            open.beginTransaction();
            for (int i = 0; i < copies.size(); i++) {
                int at = i;
                open.send(copies.get(i), (place, failure) -> places.set(at, failure == null ? place : null));
            }
            open.sendOffsetsToTransaction(marks, group);
        } catch (KafkaException | IllegalStateException e) {
            abort(open, e);
            throw new Aborted(e);
        }
        try {
            end(open);
        } catch (TimeoutException | InterruptException e) {
            discard();
            resolve(marks, committed, e);
        } catch (KafkaException e) {
            if (abort(open, e)) {
                throw new Aborted(e);
            }
            resolve(marks, committed, e);
        }
        return known(places);
    }

    private static void end(Producer<byte[], byte[]> open) {
        for (int tries = 1; ; tries++) {
            try {
                open.commitTransaction();
                return;
            } catch (TimeoutException e) {
                if (tries == COMMIT_TRIES) {
                    throw e;
                }
            }
        }
    }

    /** The commit's answer was lost: what the group has committed tells, once whatever was open is ended. */
    private void resolve(
            Map<TopicPartition, OffsetAndMetadata> marks,
            Function<Set<TopicPartition>, Map<TopicPartition, OffsetAndMetadata>> committed,
            KafkaException why)
            throws Aborted, Undecided {
        boolean holds;
        try {
            open();
            Map<TopicPartition, OffsetAndMetadata> now = committed.apply(marks.keySet());
            holds = marks.entrySet().stream().allMatch(mark -> same(mark.getValue(), now.get(mark.getKey())));
        } catch (KafkaException e) {
            e.addSuppressed(why);
            throw new Undecided(e);
        }
        if (!holds) {
            throw new Aborted(why);
        }
    }

    private static boolean same(OffsetAndMetadata mark, @Nullable OffsetAndMetadata other) {
        return other != null
                && mark.offset() == other.offset()
                && mark.metadata().equals(other.metadata());
    }

    /** All known: a commit flushes. */
    private static List<RecordMetadata> known(AtomicReferenceArray<@Nullable RecordMetadata> places) throws Undecided {
        List<RecordMetadata> known = new ArrayList<>(places.length());
        for (int i = 0; i < places.length(); i++) {
            RecordMetadata place = places.get(i);
            if (place == null) {
                throw new Undecided(new KafkaException("a copy was written and its place is not known"));
            }
            known.add(place);
        }
        return known;
    }

    /** True where it is certain that nothing of it holds. */
    private boolean abort(@Nullable Producer<byte[], byte[]> open, Exception why) {
        LOG.atDebug().addKeyValue(LogKeys.REASON, why.toString()).log("Transaction fails");
        if (open == null) {
            return true;
        }
        try {
            open.abortTransaction();
            return true;
        } catch (KafkaException | IllegalStateException e) {
            discard(); // the next one's start ends what this one left open
            return false;
        }
    }

    private Producer<byte[], byte[]> open() {
        Producer<byte[], byte[]> open = producer;
        if (open == null) {
            open = producers.get();
            try {
                open.initTransactions();
            } catch (KafkaException e) {
                open.close(Duration.ZERO);
                throw e;
            }
            producer = open;
        }
        return open;
    }

    private void discard() {
        if (producer != null) {
            producer.close(Duration.ZERO);
            producer = null;
        }
    }

    String transactionalId() {
        return transactionalId;
    }

    /** Ends an open transaction by abandoning it. */
    void close() {
        if (producer != null) {
            producer.close(CLOSE_LIMIT);
            producer = null;
        }
    }
}

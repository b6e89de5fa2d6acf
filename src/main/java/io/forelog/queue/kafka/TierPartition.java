package io.forelog.queue.kafka;

import java.util.ArrayDeque;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * One partition of a tier while it is assigned: what of it waits in memory, at most {@value #WAITING_MAX} records and
 * 1 MiB, and what of it has left. Owned by the {@link TierPump}'s thread.
 */
final class TierPartition {
    static final int WAITING_MAX = 500;
    static final long WAITING_BYTES_MAX = 1L << 20;

    /** A record that waits in memory until {@code ripeMicros}. */
    static final class Waiting {
        final TierPartition of;
        final ConsumerRecord<byte[], byte[]> record;
        final int bytes;
        long ripeMicros;
        /** How often it failed alone while others were written. */
        int failures;
        /** How many transactions had held when it failed last. */
        long failedAt;
        /** Why. */
        @Nullable
        String why;

        Waiting(TierPartition of, ConsumerRecord<byte[], byte[]> record, int bytes, long ripeMicros) {
            this.of = of;
            this.record = record;
            this.bytes = bytes;
            this.ripeMicros = ripeMicros;
        }
    }

    final TopicPartition partition;
    final OffsetWindow window;
    final Books books;
    /** Polled, and not yet counted as waiting: at most what one poll brings. */
    final ArrayDeque<ConsumerRecord<byte[], byte[]>> polled = new ArrayDeque<>();

    boolean alive = true;
    boolean paused;
    private long bytes;

    TierPartition(TopicPartition partition, OffsetWindow window, Books books) {
        this.partition = partition;
        this.window = window;
        this.books = books;
    }

    boolean hasRoomFor(ConsumerRecord<byte[], byte[]> record) {
        return window.taken() == 0
                || window.taken() < WAITING_MAX
                        && bytes < WAITING_BYTES_MAX
                        && window.mayRead(record.offset(), sizeOf(record), CommitMetadata.headerChars(books));
    }

    Waiting waits(ConsumerRecord<byte[], byte[]> record, long ripeMicros) {
        int size = sizeOf(record);
        window.read(record.offset(), size);
        bytes += size;
        return new Waiting(this, record, size, ripeMicros);
    }

    void leaves(Waiting waiting) {
        window.settle(waiting.record.offset(), waiting.bytes);
        bytes -= waiting.bytes;
    }

    /** The transaction in which it left was aborted. */
    void stays(Waiting waiting) {
        window.unsettle(waiting.record.offset(), waiting.bytes);
        bytes += waiting.bytes;
    }

    OffsetAndMetadata committable(int owner) {
        return new OffsetAndMetadata(
                window.watermark(),
                CommitMetadata.encode(window.taken() == 0, owner, books, window.watermark(), window.runs()));
    }

    private static int sizeOf(ConsumerRecord<byte[], byte[]> record) {
        return Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
    }
}

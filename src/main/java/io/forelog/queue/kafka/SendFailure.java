package io.forelog.queue.kafka;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Durable;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import java.util.List;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.NotEnoughReplicasAfterAppendException;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The table from what a Kafka producer says to what the writer is told (design 14.14). FALSE stands only where the record is
 * provably in no topic: the producer refused to take it, or the brokers refuse every record like it. Whatever else happens after the
 * producer took it is UNKNOWN, for it repeats by itself and an earlier attempt may have been appended. The first row that fits holds;
 * docs/kafka.md shows the same table.
 */
enum SendFailure {
    /** The producer itself, or the broker: over max.request.size, max.message.bytes or segment.bytes. */
    TOO_LARGE(
            Durable.FALSE,
            ErrorCode.PAYLOAD_TOO_LARGE,
            false,
            RecordTooLargeException.class,
            RecordBatchTooLargeException.class),
    /** The producer's memory is full: nothing was taken. */
    MEMORY_FULL(Durable.FALSE, ErrorCode.OVERLOADED, true, BufferExhaustedException.class),
    /** The topic is not known to the producer, and it may not wait. */
    NO_METADATA(Durable.FALSE, ErrorCode.UNAVAILABLE, true, TimeoutException.class),
    /** The cluster lets this node not write (to this topic). */
    NOT_AUTHORIZED(Durable.FALSE, ErrorCode.NOT_DURABLE, false, AuthorizationException.class),
    /** The cluster knows not who this node is. */
    NOT_AUTHENTICATED(Durable.FALSE, ErrorCode.NOT_DURABLE, false, AuthenticationException.class),
    /** No name that a topic can have. */
    INVALID_TOPIC(Durable.FALSE, ErrorCode.NOT_DURABLE, false, InvalidTopicException.class),
    /** Anything else that the producer said before it took the record: it is closed, or broken. */
    REFUSED(Durable.FALSE, ErrorCode.UNAVAILABLE, true, Throwable.class),
    /** Fewer replicas than min.insync.replicas; the repetitions of it may have begun after one that was appended. */
    NOT_ENOUGH_REPLICAS(
            Durable.UNKNOWN,
            ErrorCode.UNKNOWN_DURABILITY,
            false,
            NotEnoughReplicasException.class,
            NotEnoughReplicasAfterAppendException.class),
    /** No answer within the time limit. */
    TIMED_OUT(Durable.UNKNOWN, ErrorCode.UNKNOWN_DURABILITY, false, TimeoutException.class),
    /** Anything else after the producer took the record. */
    UNDECIDED(Durable.UNKNOWN, ErrorCode.UNKNOWN_DURABILITY, false, Throwable.class);

    private final Durable durable;
    private final ErrorCode code;
    private final boolean beforeHandOff;
    private final List<Class<? extends Throwable>> causes;

    @SafeVarargs
    @SuppressWarnings("varargs")
    SendFailure(Durable durable, ErrorCode code, boolean beforeHandOff, Class<? extends Throwable>... causes) {
        this.durable = durable;
        this.code = code;
        this.beforeHandOff = beforeHandOff;
        this.causes = List.of(causes);
    }

    /** {@code taken}: the producer had taken the record before it failed. */
    static SendFailure of(@Nullable Throwable failure, boolean taken) {
        for (SendFailure row : values()) {
            if (!(row.beforeHandOff && taken)
                    && row.causes.stream().anyMatch(cause -> failure == null || cause.isInstance(failure))) {
                return failure == null ? UNDECIDED : row;
            }
        }
        return UNDECIDED;
    }

    Durable durable() {
        return durable;
    }

    ErrorCode code() {
        return code;
    }

    /** What the writer is told. */
    AppendOutcome outcome(EntryId id, String topic, @Nullable Throwable failure) {
        String text = "topic " + topic + ": " + (failure == null ? "no answer" : failure.getMessage());
        return durable == Durable.FALSE ? AppendOutcome.refused(id, code, text) : AppendOutcome.unknown(id, text);
    }
}

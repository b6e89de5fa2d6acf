package io.forelog.queue.sqs;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Durable;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Receipt;
import io.forelog.model.WalException;
import org.jspecify.annotations.Nullable;

/**
 * What became of one message that was to be sent. Immutable.
 *
 * @param code why not TRUE; null where it is
 * @param sequence a FIFO queue's number; 0 elsewhere
 */
record Sent(Durable durable, @Nullable ErrorCode code, String text, long sequence) {
    static Sent stored(long sequence) {
        return new Sent(Durable.TRUE, null, "", sequence);
    }

    static Sent refused(ErrorCode code, String text) {
        return new Sent(Durable.FALSE, code, text, 0);
    }

    static Sent unknown(String text) {
        return new Sent(Durable.UNKNOWN, ErrorCode.UNKNOWN_DURABILITY, text, 0);
    }

    boolean isStored() {
        return durable == Durable.TRUE;
    }

    AppendOutcome outcome(EntryId id, String queue) {
        if (durable == Durable.TRUE) {
            return AppendOutcome.appended(id, new Receipt(queue, 0, sequence));
        }
        return durable == Durable.FALSE
                ? AppendOutcome.refused(id, code == null ? ErrorCode.NOT_DURABLE : code, text)
                : AppendOutcome.unknown(id, text);
    }

    /** What whoever needed it stored is told. */
    WalException failure() {
        return new WalException(ErrorCode.UNAVAILABLE, "not confirmed (" + durable + "): " + text);
    }
}

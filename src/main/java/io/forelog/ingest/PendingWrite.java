package io.forelog.ingest;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Entry;
import io.forelog.model.Priority;
import io.forelog.observe.LogKeys;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One entry between hand-off and answer. Owned by the event loop that took it.
 */
final class PendingWrite {
    private static final Logger LOG = LoggerFactory.getLogger(PendingWrite.class);

    final Entry entry;
    final Reply reply;
    final int index;
    /** When it is answered UNKNOWN, whatever is known by then. */
    final long answerAtMicros;

    /** What admission was asked with, and is given back. */
    final Priority admittedAs;

    final int admittedBytes;

    private boolean answered;

    PendingWrite(Entry entry, Reply reply, int index, long answerAtMicros, Priority admittedAs, int admittedBytes) {
        this.entry = entry;
        this.reply = reply;
        this.index = index;
        this.answerAtMicros = answerAtMicros;
        this.admittedAs = admittedAs;
        this.admittedBytes = admittedBytes;
    }

    boolean answered() {
        return answered;
    }

    /** The first answer counts; a later one is dropped. Answers whether it was the first. */
    boolean answer(AppendOutcome outcome) {
        if (answered) {
            return false;
        }
        answered = true;
        try {
            reply.decided(index, outcome);
        } catch (RuntimeException e) {
            // Of this caller alone: the others of its batch, and what it has taken, are not to suffer.
            LOG.atError()
                    .addKeyValue(LogKeys.NAMESPACE, entry.namespace())
                    .setCause(e)
                    .log("An answer could not be given");
        }
        return true;
    }
}

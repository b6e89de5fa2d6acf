package io.forelog.ingest;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Entry;
import io.forelog.model.Priority;

/**
 * One entry between hand-off and answer. Owned by the event loop that took it.
 */
final class PendingWrite {
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
        reply.decided(index, outcome);
        return true;
    }
}

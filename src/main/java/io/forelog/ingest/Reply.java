package io.forelog.ingest;

import io.forelog.access.Identity;
import io.forelog.model.AppendOutcome;

/**
 * Who waits for the answer to one or several writes. Called on the event loop that took them, once for each index; the
 * first caller may already be gone.
 */
interface Reply {
    /** It was handed to the queue, and this became of it. */
    void decided(int index, AppendOutcome outcome);

    /** It was not handed to the queue. */
    void refused(int index, Refusal refusal);

    /** Before the outcome: a repetition of one of the writes would be taken for a new one, its token notwithstanding. */
    default void undeduped() {}

    Identity caller();

    /** Whether the caller left before the answer; only for the count of abandoned writes. */
    boolean abandoned();
}

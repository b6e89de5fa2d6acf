package io.forelog.model;

import java.time.Duration;

/** What a target answers for one delivery: a value, never an exception. Switch over {@link #kind()}. */
public sealed interface Outcome {
    Kind kind();

    /** Which of the four it is. */
    enum Kind {
        APPLIED,
        RETRY,
        REJECTED,
        DEFERRED
    }

    Applied APPLIED = new Applied();

    static Outcome applied() {
        return APPLIED;
    }

    /** {@code after} zero = by the namespace's retry policy; else not before it (Retry-After). */
    static Outcome retry(ErrorCode code, String text, Duration after) {
        return new Retry(code, text, after);
    }

    /**
     * {@code storm}: one of the kind that means a misconfigured or unauthorized route rather than a bad entry
     * (401, 403, 404 and their like); a high share of them pauses the route.
     */
    static Outcome rejected(ErrorCode code, String text, boolean storm) {
        return new Rejected(code, text, storm);
    }

    /** Not attempted: the breaker is open or the target asked for silence. Spends no attempt. */
    static Outcome deferred(String text, Duration after) {
        return new Deferred(text, after);
    }

    /** The target confirmed it. */
    record Applied() implements Outcome {
        @Override
        public Kind kind() {
            return Kind.APPLIED;
        }
    }

    /** It may work later. */
    record Retry(ErrorCode code, String text, Duration after) implements Outcome {
        @Override
        public Kind kind() {
            return Kind.RETRY;
        }
    }

    /** It will never work as it is. */
    record Rejected(ErrorCode code, String text, boolean storm) implements Outcome {
        @Override
        public Kind kind() {
            return Kind.REJECTED;
        }
    }

    /** It was not tried. */
    record Deferred(String text, Duration after) implements Outcome {
        @Override
        public Kind kind() {
            return Kind.DEFERRED;
        }
    }
}

package io.forelog.queue;

import io.forelog.model.Failure;
import org.jspecify.annotations.Nullable;

/** The only things that can happen to a delivery. Switch over {@link #kind()}. */
public sealed interface Verdict {
    Kind kind();

    /** Which it is. */
    enum Kind {
        DELIVERED,
        RETRY,
        PARK,
        DEAD,
        EXPIRED,
        MOVED
    }

    /** The target confirmed. */
    record Delivered(long atMicros) implements Verdict {
        @Override
        public Kind kind() {
            return Kind.DELIVERED;
        }
    }

    /** Due again later; counts an attempt. */
    record Retry(long dueMicros, Failure failure) implements Verdict {
        @Override
        public Kind kind() {
            return Kind.RETRY;
        }
    }

    /**
     * Set aside behind its key, in lane order (due as it was, sequence). With a failure: an attempt was made, and the
     * head may be tried again at {@code nextMicros}. Without: it only follows a parked one.
     */
    record Park(long nextMicros, @Nullable Failure failure) implements Verdict {
        @Override
        public Kind kind() {
            return Kind.PARK;
        }
    }

    /** To the dead letters; {@code failure} is the last cause. */
    record Dead(Failure failure) implements Verdict {
        @Override
        public Kind kind() {
            return Kind.DEAD;
        }
    }

    /** Its time to live ended first. */
    record Expired(long atMicros) implements Verdict {
        @Override
        public Kind kind() {
            return Kind.EXPIRED;
        }
    }

    /** Settled here, because another queue of the namespace has confirmed that it holds the obligation now. */
    record Moved(long atMicros) implements Verdict {
        @Override
        public Kind kind() {
            return Kind.MOVED;
        }
    }
}

package io.forelog.queue;

import io.forelog.model.Entry;
import io.forelog.model.Failure;
import org.jspecify.annotations.Nullable;

/**
 * An obligation that ended in the dead-letter queue.
 *
 * @param id opaque, URL-safe, ascending in time of death
 * @param cause why it is here; its text holds the target's own words
 */
public record DeadLetter(
        String id,
        Entry entry,
        int route,
        int attempts,
        @Nullable Failure firstFailure,
        Failure cause,
        long diedMicros,
        int redrives) {}

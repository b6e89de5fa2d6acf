package io.forelog.model;

import org.jspecify.annotations.Nullable;

/**
 * An obligation (entry x route) on its way to its target.
 *
 * @param receipt its position; with {@code route} the handle by which it is settled
 * @param place where in the queue it lies; opaque to all but the queue that made it
 * @param attempt from 1: how often, this time included, the target is being asked; crashes count nothing
 * @param dueMicros when it was due this time (a retry: when the retry was due)
 * @param firstFailure null on a first attempt
 * @param redrives how often it came back from the dead letters
 */
public record Delivery(
        Entry entry,
        int route,
        Receipt receipt,
        Object place,
        int attempt,
        long dueMicros,
        @Nullable Failure firstFailure,
        @Nullable Failure lastFailure,
        int redrives) {}

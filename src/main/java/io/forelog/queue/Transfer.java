package io.forelog.queue;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.Failure;
import org.jspecify.annotations.Nullable;

/**
 * An obligation on its way from one queue of a namespace to another: all that the queue which takes it over must keep of
 * it. Immutable.
 *
 * @param attempts failed ones so far; the next delivery is attempt {@code attempts + 1}
 * @param dueMicros when it may be delivered next; in the past = now
 */
public record Transfer(
        Entry entry,
        int route,
        long dueMicros,
        int attempts,
        @Nullable Failure firstFailure,
        @Nullable Failure lastFailure,
        int redrives) {

    /** Of a delivery whose attempt failed. */
    public static Transfer retried(Delivery delivery, Verdict.Retry retry) {
        return new Transfer(
                delivery.entry(),
                delivery.route(),
                retry.dueMicros(),
                delivery.attempt(),
                delivery.firstFailure() == null ? retry.failure() : delivery.firstFailure(),
                retry.failure(),
                delivery.redrives());
    }

    /** Of a delivery for which no attempt was made. */
    public static Transfer untried(Delivery delivery) {
        return new Transfer(
                delivery.entry(),
                delivery.route(),
                delivery.dueMicros(),
                delivery.attempt() - 1,
                delivery.firstFailure(),
                delivery.lastFailure(),
                delivery.redrives());
    }
}

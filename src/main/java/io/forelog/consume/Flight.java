package io.forelog.consume;

import io.forelog.model.Delivery;
import io.forelog.model.Failure;
import org.jspecify.annotations.Nullable;

/**
 * One delivery between its take and its settlement, with its lane where order binds it. Owned by the pump's thread; the
 * window bounds how many there are.
 */
final class Flight {
    /** What a delivery weighs in memory beside its payload and key. */
    private static final int OVERHEAD_BYTES = 512;

    private Delivery delivery;
    private final int bytes;
    final @Nullable Lane lane;
    /** It lies in the queue's parked lane, not in the log or the timers. */
    final boolean parked;

    Flight(Delivery delivery, @Nullable Lane lane, boolean parked) {
        this.delivery = delivery;
        this.bytes = weigh(delivery);
        this.lane = lane;
        this.parked = parked;
    }

    static int weigh(Delivery delivery) {
        return OVERHEAD_BYTES + delivery.entry().sizeBytes();
    }

    Delivery delivery() {
        return delivery;
    }

    int bytes() {
        return bytes;
    }

    /** The repetition that {@link #failedInPlace} announced is not made after all. */
    void backInPlace() {
        delivery = new Delivery(
                delivery.entry(),
                delivery.route(),
                delivery.receipt(),
                delivery.place(),
                delivery.attempt() - 1,
                delivery.dueMicros(),
                delivery.firstFailure(),
                delivery.lastFailure(),
                delivery.redrives());
    }

    /** A failed attempt that is repeated in place; for the queue it is still the same delivery. */
    void failedInPlace(Failure failure) {
        Delivery last = delivery;
        delivery = new Delivery(
                last.entry(),
                last.route(),
                last.receipt(),
                last.place(),
                last.attempt() + 1,
                last.dueMicros(),
                last.firstFailure() == null ? failure : last.firstFailure(),
                failure,
                last.redrives());
    }
}

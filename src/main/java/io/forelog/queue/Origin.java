package io.forelog.queue;

import io.forelog.model.Delivery;

/**
 * Where a delivery of a {@link CombinedQueue} came from: stands as its {@link Delivery#place}. One an obligation taken; it
 * remembers that another part has confirmed to hold the obligation, so that a settlement which is repeated moves it once.
 */
final class Origin {
    private final Part part;
    private final Object place;
    private volatile boolean moved;

    private Origin(Part part, Object place) {
        this.part = part;
        this.place = place;
    }

    static Delivery wrap(Part part, Delivery own) {
        return at(own, new Origin(part, own.place()));
    }

    static Origin of(Delivery wrapped) {
        return (Origin) wrapped.place();
    }

    Part part() {
        return part;
    }

    boolean moved() {
        return moved;
    }

    void setMoved() {
        moved = true;
    }

    /** As its own queue knows it. */
    Delivery unwrap(Delivery wrapped) {
        return at(wrapped, place);
    }

    private static Delivery at(Delivery of, Object place) {
        return new Delivery(
                of.entry(),
                of.route(),
                of.receipt(),
                place,
                of.attempt(),
                of.dueMicros(),
                of.firstFailure(),
                of.lastFailure(),
                of.redrives());
    }
}

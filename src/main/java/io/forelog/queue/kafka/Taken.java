package io.forelog.queue.kafka;

import io.forelog.model.Delivery;
import io.vertx.core.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * The handle of a delivery of one route: which record of which {@link Holding} it is, and what has become of it. Guarded by the
 * lock of the route's {@link RouteDesk}; only the final fields are read outside it.
 */
final class Taken {
    /** ON_ITS_WAY -> SETTLED, or -> MOVING -> SETTLED; MOVING -> ON_ITS_WAY where the move failed. */
    enum State {
        ON_ITS_WAY,
        MOVING,
        SETTLED
    }

    final Holding holding;
    final int bytes;
    /** As what it came. */
    final Books.Count came;
    /** Its place among those of its key: the offset in the main topic. */
    final long order;

    /** Changes only where a parked record is carried to the end of its topic. */
    long offset;

    State state = State.ON_ITS_WAY;
    /** Of a parked one: when the head may be tried again. */
    long nextMicros;
    /** Of a parked one: its key. */
    @Nullable
    Buffer laneKey;
    /** Of a parked one: handed out since it was found. */
    boolean handedOut;
    /** Of a parked one: on its way to the end of its topic, until the transaction holds; not to be handed out meanwhile. */
    boolean carried;
    /** Of a parked one that is only in its topic: read again, to be handed out. */
    @Nullable
    Delivery readAgain;
    /** Of a parked one that was carried to the end of its topic: what stands in its place. */
    @Nullable
    Delivery carriedTo;

    Taken(Holding holding, long offset, int bytes, Books.Count came, long order) {
        this.holding = holding;
        this.offset = offset;
        this.bytes = bytes;
        this.came = came;
        this.order = order;
    }

    /** It can be settled: not yet settled, and its partition is still ours. */
    boolean open() {
        return state != State.SETTLED && holding.alive();
    }

    /** Marks it in window and books; taken back by {@link #unmark}. */
    void mark(Books.Count gone) {
        state = State.SETTLED;
        holding.window.settle(offset, bytes);
        holding.books.add(came, 1);
        holding.books.add(gone, 1);
        holding.dirty = true;
    }

    /** The transaction that {@code mark} was part of was aborted. */
    void unmark(Books.Count gone) {
        state = State.MOVING;
        holding.window.unsettle(offset, bytes);
        holding.books.add(came, -1);
        holding.books.add(gone, -1);
    }
}

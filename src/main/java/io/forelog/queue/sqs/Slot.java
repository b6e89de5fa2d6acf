package io.forelog.queue.sqs;

import io.forelog.model.Delivery;
import io.forelog.model.Receipt;

/**
 * One obligation of a message in hand: the place of its delivery. Owned by the home.
 *
 * <pre>
 * WAITING -> READY -> TAKEN -> DONE            due later; may be taken; at the pump; over, or confirmed elsewhere
 *                     TAKEN -> COPYING -> DONE  its copy is being sent; back to TAKEN where that fails
 *                     TAKEN -> PARKED -> TAKEN  waits in its key's lane
 * </pre>
 */
final class Slot {
    /** Where it stands. */
    enum State {
        WAITING,
        READY,
        TAKEN,
        COPYING,
        PARKED,
        DONE
    }

    final Held held;
    Obligation obligation;
    State state = State.WAITING;
    /** Where parked: when its lane's head may be tried. */
    long nextMicros;

    Slot(Held held, Obligation obligation) {
        this.held = held;
        this.obligation = obligation;
    }

    int route() {
        return obligation.route();
    }

    long dueMicros() {
        return obligation.dueMicros();
    }

    Delivery delivery(String queue) {
        return new Delivery(
                held.parcel().entry(),
                obligation.route(),
                new Receipt(queue, 0, held.sequence),
                this,
                obligation.attempts() + 1,
                obligation.dueMicros(),
                obligation.first(),
                obligation.last(),
                obligation.redrives());
    }
}

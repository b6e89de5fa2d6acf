package io.forelog.consume;

import io.vertx.core.buffer.Buffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** One key's deliveries in order; see {@link Lanes}, which owns it. */
final class Lane {
    enum State {
        OPEN,
        RETRYING,
        PARKED
    }

    final Buffer key;
    State state = State.OPEN;
    /** On its way, or waiting for {@link #nextMicros}. Null in a PARKED lane of which nothing is being tried. */
    @Nullable
    Flight head;
    /** Behind the head, in order. */
    final ArrayDeque<Flight> waiting = new ArrayDeque<>(0);
    /** RETRYING: when the head is sent again. PARKED and nothing being tried: when its head may be. */
    long nextMicros;
    /** Failed attempts in place, and when the first of them was. */
    int failedInPlace;

    long failingSince;
    /** Attempts whose settlement is not confirmed yet: the queue may still show what they settled. */
    int runUnsettled;
    /** Parks behind the head not confirmed yet: the queue may look empty although the lane is not. */
    int parksUnsettled;
    /** A takeParked is under way. */
    boolean taking;
    /** Since that began, or when it began, a park was under way: an empty answer proves nothing. */
    boolean parkedMeanwhile;
    /** How many to take next: one while it is failing, more once it goes. */
    int runMax = 1;
    /** Its time has come; it waits for settlements to be confirmed. */
    boolean blocked;

    Lane(Buffer key) {
        this.key = key;
    }

    boolean idle() {
        return head == null && !taking;
    }
}

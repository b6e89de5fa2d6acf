package io.forelog.consume;

import io.forelog.model.Delivery;
import io.forelog.model.Failure;
import io.forelog.queue.ParkedKey;
import io.forelog.queue.Verdict;
import io.vertx.core.buffer.Buffer;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * Order per key on one route (design 14.4): of each key at most one delivery is on its way. Owned by the pump's thread;
 * deliveries in memory are bounded by the route's window, parked keys by {@value #PARKED_KEYS_MAX}, beyond which
 * {@link #full} stops the route.
 *
 * <pre>
 *            fails              3 attempts or 30 s in place, or many waiting
 *   OPEN ───────────► RETRYING ──────────────────────────────────────► PARKED
 *     ▲   applied        │                                               │
 *     └──────────────────┘                 lane empty, no park under way │
 *     └──────────────────────────────────────────────────────────────────┘
 *   OPEN ──a head is settled, many wait, the window is full──► PARKED
 * </pre>
 *
 * A parked lane's head is tried at its time; while it goes, runs of the lane are taken from the queue and sent one by
 * one. What comes new is parked behind it until the lane is empty. Nothing is parked while something before it in its lane
 * is only in memory: after a crash the parked lane goes first.
 */
final class Lanes {
    static final int PARKED_KEYS_MAX = 100_000;
    static final int ATTEMPTS_IN_PLACE = 3;
    static final long IN_PLACE_MICROS = 30_000_000L;
    /** The year 9999: a lane held by hand until it is resumed. */
    static final long HELD = 253_402_300_799_000_000L;

    private static final int RUN_MAX = 16;

    /** What lanes ask of their route. */
    interface Track {
        /** May be sent now. */
        void ready(Flight flight);

        void settle(Flight flight, Verdict verdict);

        /** How many of a parked lane may be taken now. */
        int roomForParked();

        /** Ends in {@link Lanes#ran} or {@link Lanes#notTaken}. */
        void takeParked(Lane lane, int max);
    }

    private final Track track;
    private final int waitingMax;
    private final int parkedKeysMax;
    private final Map<Buffer, Lane> lanes = new HashMap<>();
    /** RETRYING lanes, by the time of their head. */
    private final PriorityQueue<Lane> retrying = byTime();
    /** PARKED lanes of which nothing is being tried, by the time of their head. */
    private final PriorityQueue<Lane> parked = byTime();

    private int parkedKeys;
    private int retryingKeys;

    /** {@code waitingMax}: how many may wait in memory behind a failing head, so that it leaves room for other keys. */
    Lanes(Track track, int waitingMax, int parkedKeysMax) {
        this.track = track;
        this.waitingMax = waitingMax;
        this.parkedKeysMax = parkedKeysMax;
    }

    private static PriorityQueue<Lane> byTime() {
        return new PriorityQueue<>(Comparator.comparingLong(lane -> lane.nextMicros));
    }

    int parkedKeys() {
        return parkedKeys;
    }

    int retryingKeys() {
        return retryingKeys;
    }

    /** Too many keys are parked: nothing may be taken from the log until a tenth of them is gone. */
    boolean full() {
        return parkedKeys >= parkedKeysMax;
    }

    boolean roomAgain() {
        return parkedKeys < parkedKeysMax - parkedKeysMax / 10;
    }

    /** Lanes that a former process left. Before anything is taken. */
    void restore(List<ParkedKey> keys) {
        for (ParkedKey key : keys) {
            if (!lanes.containsKey(key.key())) {
                Lane lane = new Lane(key.key());
                lanes.put(lane.key, lane);
                park(lane, key.nextMicros());
                parked.add(lane);
            }
        }
    }

    /** A delivery with a key, as it was taken: sent, kept behind its key, or parked. */
    Flight admit(Delivery delivery) {
        Buffer key = delivery.entry().key();
        Lane lane = lanes.get(key);
        if (lane == null) {
            lane = new Lane(key);
            lanes.put(key, lane);
        }
        Flight flight = new Flight(delivery, lane, false);
        if (lane.state == Lane.State.PARKED) {
            lane.parksUnsettled++;
            lane.parkedMeanwhile = true;
            track.settle(flight, new Verdict.Park(lane.nextMicros, null));
        } else if (lane.head == null) {
            lane.head = flight;
            track.ready(flight);
        } else {
            lane.waiting.add(flight);
            if (lane.state == Lane.State.RETRYING && crowded(lane) && retrying.remove(lane)) {
                parkWaiting(lane);
            }
        }
        return flight;
    }

    /** The head, which waits for its next attempt, has failed: that attempt is made from the parked lane. */
    private void parkWaiting(Lane lane) {
        Flight head = lane.head;
        Failure failure = head == null ? null : head.delivery().lastFailure();
        if (head != null && failure != null) {
            head.backInPlace();
            parkAll(head, lane, failure, lane.nextMicros);
        }
    }

    private boolean crowded(Lane lane) {
        return lane.waiting.size() >= waitingMax;
    }

    /**
     * The head failed and is due again at {@code due}: in place while that is short, else parked with all behind it.
     */
    void failed(Flight flight, Lane lane, Failure failure, long now, long due) {
        if (lane.state == Lane.State.OPEN) {
            lane.state = Lane.State.RETRYING;
            lane.failedInPlace = 0;
            lane.failingSince = now;
            retryingKeys++;
        }
        lane.failedInPlace++;
        if (lane.state == Lane.State.RETRYING
                && lane.failedInPlace < ATTEMPTS_IN_PLACE
                && !crowded(lane)
                && due - lane.failingSince <= IN_PLACE_MICROS) {
            flight.failedInPlace(failure);
            lane.nextMicros = due;
            retrying.add(lane);
        } else {
            parkAll(flight, lane, failure, due);
        }
    }

    /** The head stays parked with its failure until somebody resumes it by hand. */
    void hold(Flight flight, Lane lane, Failure failure) {
        parkAll(flight, lane, failure, HELD);
    }

    private void parkAll(Flight head, Lane lane, Failure failure, long due) {
        park(lane, due);
        lane.runMax = 1;
        lane.head = null;
        lane.runUnsettled++;
        track.settle(head, new Verdict.Park(due, failure));
        for (Flight follower = lane.waiting.poll(); follower != null; follower = lane.waiting.poll()) {
            lane.parksUnsettled++;
            track.settle(follower, new Verdict.Park(due, null));
        }
        parked.add(lane);
    }

    /** The head is settled for good: the next one goes. */
    void finished(Lane lane) {
        lane.runUnsettled++;
        if (lane.state == Lane.State.RETRYING) {
            lane.state = Lane.State.OPEN;
            retryingKeys--;
        }
        lane.failedInPlace = 0;
        lane.runMax = RUN_MAX;
        if (lane.state == Lane.State.OPEN && crowded(lane) && track.roomForParked() < waitingMax) {
            parkFollowers(lane);
            return;
        }
        Flight next = lane.waiting.poll();
        lane.head = next;
        if (next != null) {
            track.ready(next);
        } else if (lane.state == Lane.State.PARKED) {
            lane.nextMicros = 0;
            parked.add(lane);
        }
    }

    /**
     * A key that is written faster than its target takes it fills the window: what waits of it goes back into the queue, so
     * that other keys come in. Only when its head is settled, for nothing may be parked behind what is only in memory.
     */
    private void parkFollowers(Lane lane) {
        lane.head = null;
        park(lane, lane.waiting.element().delivery().dueMicros());
        for (Flight follower = lane.waiting.poll(); follower != null; follower = lane.waiting.poll()) {
            lane.parksUnsettled++;
            track.settle(follower, new Verdict.Park(lane.nextMicros, null));
        }
        parked.add(lane);
    }

    /** The queue has confirmed a settlement of one of the lane's. */
    void settled(Lane lane, Verdict verdict) {
        if (verdict instanceof Verdict.Park park && park.failure() == null) {
            lane.parksUnsettled--;
        } else {
            lane.runUnsettled--;
        }
        if (lane.blocked && confirmed(lane)) {
            lane.blocked = false;
            parked.add(lane);
        }
        if (lane.state == Lane.State.OPEN && lane.idle() && lane.waiting.isEmpty() && confirmed(lane)) {
            lanes.remove(lane.key, lane);
        }
    }

    private static boolean confirmed(Lane lane) {
        return lane.runUnsettled == 0 && lane.parksUnsettled == 0;
    }

    /** What waits for its time by now: heads are sent again and, where {@code tryParked}, parked lanes tried. */
    void wake(long now, boolean tryParked) {
        for (Lane lane = retrying.peek(); lane != null && lane.nextMicros <= now; lane = retrying.peek()) {
            retrying.poll();
            Flight head = lane.head;
            if (head != null) {
                track.ready(head);
            }
        }
        while (tryParked) {
            Lane lane = parked.peek();
            if (lane == null || lane.nextMicros > now) {
                return;
            }
            if (lane.runUnsettled > 0) {
                parked.poll();
                lane.blocked = true;
                continue;
            }
            int max = Math.min(lane.runMax, track.roomForParked());
            if (max <= 0) {
                return;
            }
            parked.poll();
            lane.taking = true;
            lane.parkedMeanwhile = lane.parksUnsettled > 0;
            track.takeParked(lane, max);
        }
    }

    /** When the next lane's time comes. */
    long nextMicros(boolean tryParked) {
        Lane retry = retrying.peek();
        Lane head = tryParked ? parked.peek() : null;
        return Math.min(
                retry == null ? Long.MAX_VALUE : retry.nextMicros, head == null ? Long.MAX_VALUE : head.nextMicros);
    }

    /** What was taken of a parked lane; it goes one by one, in order. */
    void ran(Lane lane, List<Flight> run) {
        lane.taking = false;
        lane.waiting.addAll(run);
        Flight head = lane.waiting.poll();
        lane.head = head;
        if (head != null) {
            track.ready(head);
        } else if (lane.parkedMeanwhile) {
            if (lane.parksUnsettled > 0) {
                lane.blocked = true;
            } else {
                parked.add(lane);
            }
        } else {
            parkedKeys--;
            lanes.remove(lane.key, lane);
        }
    }

    /** The queue could not say what is parked. */
    void notTaken(Lane lane, long againMicros) {
        lane.taking = false;
        lane.nextMicros = againMicros;
        parked.add(lane);
    }

    /** Tries every parked lane now, held ones included. */
    void tryAllNow() {
        parked.clear();
        for (Lane lane : lanes.values()) {
            if (lane.state == Lane.State.PARKED && lane.idle()) {
                lane.nextMicros = 0;
                if (!lane.blocked) {
                    parked.add(lane);
                }
            }
        }
    }

    private void park(Lane lane, long nextMicros) {
        if (lane.state == Lane.State.RETRYING) {
            retryingKeys--;
        }
        if (lane.state != Lane.State.PARKED) {
            lane.state = Lane.State.PARKED;
            parkedKeys++;
        }
        lane.nextMicros = nextMicros;
    }
}

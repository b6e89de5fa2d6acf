package io.forelog.queue;

import java.util.List;

/**
 * The books of one namespace: obligations, cumulative but for what was counted in the store.
 *
 * @param entries entries appended
 * @param exact false where the queue only estimates
 * @param countedMicros when it was counted: a queue may answer a recent count again where counting is dear; 0 = just now
 * @param lostWaiting gaps found where what is delayed waits, if namespaces share that place: nobody can say whose they were, so that they
 *     are in no route's books and may be told by several namespaces: an alarm
 */
public record Tally(long entries, List<RouteTally> routes, boolean exact, long countedMicros, long lostWaiting) {
    /** Where nothing is shared. */
    public Tally(long entries, List<RouteTally> routes, boolean exact, long countedMicros) {
        this(entries, routes, exact, countedMicros, 0);
    }

    /** Counted when it was asked for. */
    public Tally(long entries, List<RouteTally> routes, boolean exact) {
        this(entries, routes, exact, 0, 0);
    }

    /**
     * One route. Balanced: {@code accepted + movedIn = delivered + dead + expired + cancelled + movedOut + lost + pending},
     * and as many dead letters stored as {@code dead - purged}.
     *
     * @param accepted appended and readmitted
     * @param dead dead-lettered less redriven
     * @param purged of the dead, deleted by hand or by retention
     * @param movedIn taken over from another queue of the namespace
     * @param movedOut handed to another queue of the namespace
     * @param lost gaps found in the log: an alarm
     * @param pending counted in the store itself, never computed from the other figures
     * @param deadStored counted in the store itself
     */
    public record RouteTally(
            int route,
            long accepted,
            long delivered,
            long dead,
            long expired,
            long cancelled,
            long purged,
            long movedIn,
            long movedOut,
            long lost,
            long pending,
            long deadStored) {
        /** The books of two queues of one route. */
        RouteTally plus(RouteTally other) {
            return new RouteTally(
                    route,
                    accepted + other.accepted,
                    delivered + other.delivered,
                    dead + other.dead,
                    expired + other.expired,
                    cancelled + other.cancelled,
                    purged + other.purged,
                    movedIn + other.movedIn,
                    movedOut + other.movedOut,
                    lost + other.lost,
                    pending + other.pending,
                    deadStored + other.deadStored);
        }

        public boolean balanced() {
            return accepted + movedIn == delivered + dead + expired + cancelled + movedOut + lost + pending
                    && deadStored == dead - purged;
        }
    }
}

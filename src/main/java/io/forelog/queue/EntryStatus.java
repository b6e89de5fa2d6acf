package io.forelog.queue;

import io.forelog.model.Entry;
import io.forelog.model.Failure;
import io.forelog.model.Receipt;
import java.util.List;

/**
 * All that is known of one entry.
 *
 * @param routes one a route, in the order of their ids
 */
public record EntryStatus(Entry entry, Receipt receipt, List<RouteStatus> routes) {
    /** Where an obligation stands. */
    public enum State {
        QUEUED,
        SCHEDULED,
        IN_FLIGHT,
        PARKED,
        DELIVERED,
        DEAD,
        EXPIRED,
        CANCELLED,
        /** To another queue of the namespace, which knows what became of it. */
        MOVED
    }

    /**
     * One obligation.
     *
     * @param dueMicros when it is (or was last) due
     * @param attempts how often the target was asked
     * @param endedMicros when it was settled; 0 = pending
     * @param failures its failed attempts, oldest first; the newest 20 where there were more
     * @param deadLetterId where state is DEAD, else empty
     */
    public record RouteStatus(
            int route,
            State state,
            long dueMicros,
            int attempts,
            long endedMicros,
            List<Failure> failures,
            String deadLetterId) {}
}

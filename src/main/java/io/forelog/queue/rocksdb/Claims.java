package io.forelog.queue.rocksdb;

import io.forelog.queue.EntryStatus;
import io.forelog.queue.EntryStatus.RouteStatus;
import io.forelog.queue.EntryStatus.State;
import java.util.ArrayList;
import java.util.List;

/** Shows what is claimed as in flight. On the committer thread. */
final class Claims {
    private Claims() {}

    static EntryStatus show(Backlog backlog, EntryStatus status) {
        long sequence = status.receipt().sequence();
        List<RouteStatus> routes = new ArrayList<>();
        for (RouteStatus each : status.routes()) {
            RouteBacklog route = backlog.knownRoute(each.route());
            boolean claimed = route != null
                    && switch (each.state()) {
                        case QUEUED ->
                            route.timers.isClaimed(sequence)
                                    || !status.entry().delayed() && route.isClaimedInLog(sequence);
                        case SCHEDULED -> route.timers.isClaimed(sequence);
                        case PARKED -> route.laneClaims.containsKey(sequence);
                        default -> false;
                    };
            routes.add(claimed ? inFlight(each) : each);
        }
        return new EntryStatus(status.entry(), status.receipt(), routes);
    }

    private static RouteStatus inFlight(RouteStatus status) {
        return new RouteStatus(
                status.route(), State.IN_FLIGHT, status.dueMicros(), status.attempts(), 0, status.failures(), "");
    }
}

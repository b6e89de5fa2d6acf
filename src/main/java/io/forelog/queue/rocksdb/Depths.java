package io.forelog.queue.rocksdb;

import io.forelog.queue.QueueDepth;
import org.jspecify.annotations.Nullable;

/** What a route's depth is, from memory. On the committer thread. */
final class Depths {
    private Depths() {}

    static QueueDepth of(Backlog backlog, RouteBacklog route, long now) {
        long inLog = Math.max(0, route.logPending - route.logClaims);
        long open = Math.max(0, route.timersStored - route.timers.claims());
        long due = route.timers.due(now);
        if (route.timers.knownUntil() <= now) {
            due = open;
        }
        long parked = Math.max(0, route.parked - route.laneClaims.size());
        return new QueueDepth(
                inLog + due,
                Math.max(0, open - due),
                route.logClaims + route.timers.claims() + route.laneClaims.size(),
                parked,
                route.deadStored,
                oldest(backlog, route, inLog, due),
                backlog.storedBytes());
    }

    private static long oldest(Backlog backlog, RouteBacklog route, long inLog, long due) {
        long oldest = Long.MAX_VALUE;
        Timer timer = route.timers.peek();
        if (due > 0 && timer != null) {
            oldest = timer.due();
        }
        if (inLog > 0) {
            oldest = Math.min(oldest, oldestInLog(backlog, route));
        }
        return oldest == Long.MAX_VALUE ? 0 : oldest;
    }

    private static long oldestInLog(Backlog backlog, RouteBacklog route) {
        @Nullable LogChunk chunk = route.current;
        if (chunk == null || !chunk.contains(route.cursor)) {
            chunk = backlog.tail.find(route.cursor);
        }
        return chunk == null || chunk.isGap() ? route.oldestHint : chunk.dueMicros(route.cursor);
    }
}

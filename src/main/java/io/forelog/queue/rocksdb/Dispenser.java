package io.forelog.queue.rocksdb;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.Receipt;
import io.forelog.observe.LogKeys;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands a route what is due: log and timers merged by due time, from memory; what is not in memory is asked of the reader
 * and handed out when it has come. Owned by the committer thread.
 */
final class Dispenser {
    private static final Logger LOG = LoggerFactory.getLogger(Dispenser.class);
    private static final int READ_AHEAD_BYTES = 1 << 20;

    private final Reads reads;

    Dispenser(Reads reads) {
        this.reads = reads;
    }

    /** Empty where nothing is due, or what is due has yet to be read. Sets when the route is due next. */
    List<Delivery> dispense(Backlog backlog, RouteBacklog route, int max, long bytesMax, long now) {
        List<Delivery> taken = new ArrayList<>();
        long bytes = 0;
        route.nextDue = Long.MAX_VALUE;
        route.stirred = false;
        while (taken.size() < max && (taken.isEmpty() || bytes < bytesMax)) {
            Timer timer = nextTimer(backlog, route, now);
            LogChunk chunk = nextInLog(backlog, route);
            long logDue = chunk == null ? Long.MAX_VALUE : chunk.dueMicros(route.cursor);
            boolean fromLog = chunk != null && (timer == null || logDue <= timer.due());
            if (chunk == null && timer == null) {
                break;
            } else if (backlog.spec().ordered() && mustWait(backlog, route, fromLog ? logDue : timerDue(timer))) {
                break;
            }
            Delivery next = fromLog && chunk != null ? claimLog(backlog, route, chunk) : claimTimer(backlog, route);
            bytes += next.entry().sizeBytes();
            taken.add(next);
        }
        if (taken.size() == max || bytes >= bytesMax) {
            route.stirred = true;
        }
        return taken;
    }

    private static long timerDue(@Nullable Timer timer) {
        return timer == null ? Long.MAX_VALUE : timer.due();
    }

    /** Something that is not yet in memory may come before what is due at {@code due}. */
    private static boolean mustWait(Backlog backlog, RouteBacklog route, long due) {
        boolean logUnknown = route.cursor < backlog.nextSequence() && route.current == null;
        boolean timersUnknown = route.timers.peek() == null && route.timers.knownUntil() <= due;
        return logUnknown || timersUnknown;
    }

    private @Nullable Timer nextTimer(Backlog backlog, RouteBacklog route, long now) {
        if (route.timers.wantsRefill()) {
            route.timers.refillBegins();
            reads.timers(backlog.number, backlog.name, route);
        }
        Timer timer = route.timers.peek();
        if (timer != null && timer.due() > now) {
            route.nextDue = timer.due();
            return null;
        }
        return timer;
    }

    /** The chunk with the next deliverable entry, at the route's cursor; null where there is none in memory. */
    private @Nullable LogChunk nextInLog(Backlog backlog, RouteBacklog route) {
        while (route.cursor < backlog.nextSequence()) {
            LogChunk chunk = chunkAt(backlog, route);
            route.current = chunk;
            if (chunk == null) {
                return null;
            } else if (chunk.isGap()) {
                passGap(backlog, route, chunk);
                continue;
            }
            Entry entry = chunk.entry(route.cursor);
            if (!chunk.isScheduled(route.cursor)
                    && names(entry.routes(), route.id)
                    && !route.settled.contains(route.cursor)) {
                return chunk;
            }
            route.settled.add(route.cursor++);
        }
        return null;
    }

    private static boolean names(List<Integer> routes, int id) {
        for (int i = 0; i < routes.size(); i++) {
            if (routes.get(i) == id) {
                return true;
            }
        }
        return false;
    }

    private @Nullable LogChunk chunkAt(Backlog backlog, RouteBacklog route) {
        long at = route.cursor;
        LogChunk current = route.current;
        if (current != null && current.contains(at)) {
            return current;
        }
        LogChunk inTail = backlog.tail.find(at);
        if (inTail != null) {
            route.readAhead.clear();
            return inTail;
        }
        while (!route.readAhead.isEmpty()) {
            LogChunk ahead = route.readAhead.peek();
            if (ahead.contains(at)) {
                if (route.readAhead.size() == 1) {
                    readOn(backlog, route, ahead.end());
                }
                return ahead;
            }
            route.readAhead.remove();
        }
        readOn(backlog, route, at);
        return null;
    }

    private void readOn(Backlog backlog, RouteBacklog route, long from) {
        if (!route.reading && from < backlog.nextSequence() && backlog.tail.find(from) == null) {
            route.reading = true;
            reads.log(backlog.number, backlog.name, route, from, backlog.nextSequence(), READ_AHEAD_BYTES);
        }
    }

    private static void passGap(Backlog backlog, RouteBacklog route, LogChunk gap) {
        long from = Math.max(route.cursor, gap.first);
        int known = gap.lost.getOrDefault(route.id, 0);
        long lost = Math.max(0, known - route.settled.count(gap.first, gap.end()));
        if (lost > 0) {
            route.lostAhead.add(new long[] {gap.end(), lost});
            LOG.atError()
                    .addKeyValue(LogKeys.NAMESPACE, backlog.name)
                    .addKeyValue(LogKeys.ROUTE, route.id)
                    .addKeyValue(LogKeys.COUNT, lost)
                    .log("entries of the log are missing or damaged: counted as lost");
        }
        for (long sequence = from; sequence < gap.end(); sequence++) {
            route.settled.add(sequence);
        }
        route.cursor = gap.end();
    }

    private static Delivery claimLog(Backlog backlog, RouteBacklog route, LogChunk chunk) {
        long sequence = route.cursor++;
        route.logClaims++;
        route.oldestHint = chunk.dueMicros(sequence);
        return new Delivery(
                chunk.entry(sequence),
                route.id,
                new Receipt(backlog.name, 0, sequence),
                SettleCommand.Taken.LOG,
                1,
                chunk.dueMicros(sequence),
                null,
                null,
                0);
    }

    private static Delivery claimTimer(Backlog backlog, RouteBacklog route) {
        Timer timer = route.timers.claim();
        return delivery(backlog, route.id, timer, Place.timer(timer.due(), timer.sequence()), 0);
    }

    static Delivery delivery(Backlog backlog, int route, Timer timer, Place place, long claim) {
        return new Delivery(
                timer.entry(),
                route,
                new Receipt(backlog.name, 0, timer.sequence()),
                new SettleCommand.Taken(place, timer.storedBytes(), claim),
                timer.attempts() + 1,
                timer.due(),
                timer.first(),
                timer.last(),
                timer.redrives());
    }
}

package io.forelog.queue.rocksdb;

import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.Failure;
import io.forelog.queue.QueueSpec;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One namespace as the committer sees it: the end of its log, its routes, its books. Every change of state is a method
 * here that changes memory and adds to the commit alike; where the commit fails, it is thrown away and built anew from
 * the database. Owned by the committer thread.
 *
 * <p>An obligation moves: log to timer, lane, dead letters or end; between those three; each move is one trail event.
 */
final class Backlog {
    /** What one obligation is charged beside its value. */
    private static final int RECORD_OVERHEAD = 64;

    final int number;
    final String name;
    final TailCache tail;
    private final Map<Integer, RouteBacklog> routes;
    private final LogBuilder building = new LogBuilder();
    private final Map<Long, TrailEvent.Writer> trail = new TreeMap<>();
    private final Set<Long> moved = new HashSet<>();
    private final Map<TokenKey, Token> freshTokens = new HashMap<>();
    private QueueSpec spec;
    private long nextSequence;
    private long floor;
    private long entries;
    private long storedBytes;
    private long commitMicros;

    Backlog(int number, QueueSpec spec, StateRecord state, TailCache.Budget budget) {
        this.number = number;
        this.name = spec.namespace();
        this.spec = spec;
        this.tail = new TailCache(budget);
        this.routes = new java.util.concurrent.ConcurrentSkipListMap<>(state.routes());
        this.nextSequence = state.nextSequence();
        this.floor = state.floor();
        this.entries = state.entries();
        this.storedBytes = state.storedBytes();
        this.commitMicros = state.commitMicros();
        spec.routes().forEach(this::route);
    }

    QueueSpec spec() {
        return spec;
    }

    void update(QueueSpec next) {
        spec = next;
        next.routes().forEach(this::route);
    }

    Collection<RouteBacklog> routes() {
        return routes.values();
    }

    /** Made where it is new: its past is not its own. */
    RouteBacklog route(int id) {
        return route(id, nextSequence);
    }

    private RouteBacklog route(int id, long from) {
        RouteBacklog route = routes.get(id);
        if (route == null) {
            route = new RouteBacklog(id, from, Long.MAX_VALUE);
            routes.put(id, route);
        }
        return route;
    }

    @Nullable
    RouteBacklog knownRoute(int id) {
        return routes.get(id);
    }

    /** Any thread. */
    java.util.List<Integer> routeIds() {
        return java.util.List.copyOf(routes.keySet());
    }

    long nextSequence() {
        return nextSequence;
    }

    long floor() {
        return floor;
    }

    /** With what the filling commit will add. */
    long storedBytes() {
        return storedBytes + building.size();
    }

    long commitMicros() {
        return commitMicros;
    }

    // ---- appending

    /** A token in the commit that fills. */
    record TokenKey(java.nio.ByteBuffer hash) {}

    /** What a token stands for. */
    record Token(EntryId id, long sequence, byte[] contentHash, java.util.List<Integer> routes) {}

    @Nullable
    Token freshToken(byte[] hash) {
        return freshTokens.isEmpty() ? null : freshTokens.get(new TokenKey(java.nio.ByteBuffer.wrap(hash)));
    }

    void addToken(byte[] hash, Token token, byte[] key, byte[] value, Commit commit) {
        freshTokens.put(new TokenKey(java.nio.ByteBuffer.wrap(hash)), token);
        commit.put(Family.TOKEN, key, value);
    }

    /** Into the log; where it is delayed its obligations into the timers. Answers its sequence. */
    long append(Entry entry, byte[] envelope, boolean readmission, Commit commit) {
        if (!building.fits(readmission)) {
            seal(commit);
        }
        commit.touch(this);
        long sequence = nextSequence++;
        boolean later = !readmission && entry.delayed();
        building.add(sequence, entry, envelope, later, readmission);
        entries += readmission ? 0 : 1;
        byte[] value = later ? Obligations.fresh(envelope) : new byte[0];
        for (int i = 0; i < entry.routes().size(); i++) {
            // A node that is ahead of this one names routes that are not known here yet: they begin with this entry.
            RouteBacklog route = route(entry.routes().get(i), sequence);
            route.accepted++;
            if (later) {
                Timer timer = new Timer(entry.dueMicros(), sequence, entry, 0, null, null, 0, value.length);
                putTimer(route, timer, value, commit);
            } else {
                route.logPending++;
                route.stirred = true;
            }
        }
        return sequence;
    }

    /** An obligation that another queue held: into the log, where no replay reads it, and into the timers. */
    void moveIn(MoveIn.One one, Commit commit) {
        if (!building.fits(true)) {
            seal(commit);
        }
        commit.touch(this);
        RouteBacklog route = route(one.route());
        Timer timer = one.timer().at(nextSequence++);
        building.add(timer.sequence(), timer.entry(), one.envelope(), true, true);
        route.movedIn++;
        putTimer(route, timer, one.value(), commit);
    }

    private void seal(Commit commit) {
        if (!building.isEmpty()) {
            storedBytes += building.size();
            tail.add(building.seal(number, commit));
        }
    }

    private void putTimer(RouteBacklog route, Timer timer, byte[] value, Commit commit) {
        Place place = Place.timer(timer.due(), timer.sequence());
        put(route, timer.entry().id(), place, value, commit);
        route.addTimer(timer);
    }

    private void put(RouteBacklog route, EntryId id, Place place, byte[] value, Commit commit) {
        commit.put(place.family(), place.key(number, route.id), value);
        commit.put(Family.IDS, Keys.id(number, id, route.id, place.sequence()), place.encode());
        storedBytes += value.length + RECORD_OVERHEAD;
    }

    private void removed(RouteBacklog route, Place place, int bytes, Commit commit) {
        commit.delete(place.family(), place.key(number, route.id));
        storedBytes -= bytes + RECORD_OVERHEAD;
        switch (place.kind()) {
            case TIMER -> route.timersStored--;
            case LANE -> route.parked--;
            case DEAD -> route.deadStored--;
            case LOG -> throw new IllegalStateException("the log is dropped by ranges");
        }
    }

    // ---- settling

    /** Takes a claimed delivery from where it lies. False where it is not claimed: settled or cancelled before. */
    private boolean release(RouteBacklog route, SettleCommand.Settled settled, Commit commit) {
        long sequence = settled.sequence();
        Place place = settled.place();
        switch (place.kind()) {
            case LOG -> {
                if (!route.isClaimedInLog(sequence)) {
                    return false;
                }
                route.leaveLog(sequence, true);
            }
            case TIMER -> {
                Timer timer = route.timers.release(place.micros(), sequence);
                if (timer == null) {
                    return false;
                }
                removed(route, place, timer.storedBytes(), commit);
            }
            case LANE -> {
                // It may have been parked and taken again since.
                if (!route.laneClaims.remove(sequence, settled.claim())) {
                    return false;
                }
                removed(route, place, settled.storedBytes(), commit);
            }
            case DEAD -> {
                return false;
            }
        }
        return true;
    }

    void settle(SettleCommand.Settled settled, Commit commit) {
        RouteBacklog route = routes.get(settled.route());
        if (route == null || !release(route, settled, commit)) {
            return;
        }
        commit.touch(this);
        long sequence = settled.sequence();
        boolean fromLog = settled.place().kind() == Place.Kind.LOG;
        Entry entry = settled.entry();
        event(settled.kind(), route, sequence, fromLog, settled.atMicros(), settled.toMicros(), settled.failure());
        switch (settled.kind()) {
            case DELIVERED -> {
                route.delivered++;
                ended(route, entry.id(), sequence, fromLog, commit);
            }
            case EXPIRED -> {
                route.expired++;
                ended(route, entry.id(), sequence, fromLog, commit);
            }
            case MOVED -> {
                route.movedOut++;
                ended(route, entry.id(), sequence, fromLog, commit);
            }
            case RETRIED -> {
                moved.add(mark(sequence, route.id));
                putTimer(route, settled.timer(), settled.value(), commit);
            }
            case PARKED -> {
                moved.add(mark(sequence, route.id));
                put(route, entry.id(), settled.target(), settled.value(), commit);
                route.parked++;
            }
            case DEAD -> {
                moved.add(mark(sequence, route.id));
                put(route, entry.id(), settled.target(), settled.value(), commit);
                route.dead++;
                route.deadStored++;
            }
            default -> throw new IllegalStateException("no verdict is " + settled.kind());
        }
    }

    private void ended(RouteBacklog route, EntryId id, long sequence, boolean fromLog, Commit commit) {
        if (!fromLog) {
            moved.add(mark(sequence, route.id));
            commit.delete(Family.IDS, Keys.id(number, id, route.id, sequence));
        }
    }

    private void event(
            TrailEvent.Kind kind,
            RouteBacklog route,
            long sequence,
            boolean fromLog,
            long at,
            long to,
            @Nullable Failure failure) {
        trail.computeIfAbsent(sequence >>> Keys.BUCKET_BITS, b -> new TrailEvent.Writer())
                .add(kind, route.id, sequence, fromLog, at, to, failure);
    }

    // ---- changes by hand

    /** The obligation's place has changed in the commit that fills: what the database says is old. */
    boolean hasMoved(long sequence, int route) {
        return !moved.isEmpty() && moved.contains(mark(sequence, route));
    }

    private static long mark(long sequence, int route) {
        return sequence << 16 | route;
    }

    /** In flight: no one but its taker may change it. */
    boolean isClaimed(RouteBacklog route, Place place, long sequence) {
        return switch (place.kind()) {
            case LOG -> route.isClaimedInLog(sequence);
            case TIMER -> route.timers.isClaimed(sequence);
            case LANE -> route.laneClaims.containsKey(sequence);
            case DEAD -> false;
        };
    }

    /** Takes an unclaimed obligation from where it lies. */
    private void withdraw(RouteBacklog route, Place place, long sequence, int bytes, Commit commit) {
        commit.touch(this);
        moved.add(mark(sequence, route.id));
        if (place.kind() == Place.Kind.LOG) {
            route.leaveLog(sequence, false);
            return;
        }
        if (place.kind() == Place.Kind.TIMER) {
            route.timers.remove(place.micros(), sequence);
        }
        removed(route, place, bytes, commit);
    }

    void cancel(RouteBacklog route, Place place, EntryId id, long sequence, int bytes, Commit commit) {
        withdraw(route, place, sequence, bytes, commit);
        boolean fromLog = place.kind() == Place.Kind.LOG;
        event(TrailEvent.Kind.CANCELLED, route, sequence, fromLog, commit.micros(), 0, null);
        route.cancelled++;
        ended(route, id, sequence, fromLog, commit);
    }

    /** Out of log, timers, lane or dead letters into the timers. */
    void reschedule(
            TrailEvent.Kind kind,
            RouteBacklog route,
            Place place,
            Timer timer,
            byte[] value,
            int bytes,
            Commit commit) {
        withdraw(route, place, timer.sequence(), bytes, commit);
        boolean fromLog = place.kind() == Place.Kind.LOG;
        event(kind, route, timer.sequence(), fromLog, commit.micros(), timer.due(), null);
        putTimer(route, timer, value, commit);
        if (kind == TrailEvent.Kind.REDRIVEN) {
            route.dead--;
        }
    }

    void purge(RouteBacklog route, Place place, EntryId id, int bytes, Commit commit) {
        withdraw(route, place, place.sequence(), bytes, commit);
        commit.delete(Family.IDS, Keys.id(number, id, route.id, place.sequence()));
        route.purged++;
    }

    // ---- space

    /** Drops what lies below the new floor and below each route's timers. */
    void drop(long newFloor, long bytes, Commit commit) {
        if (newFloor > floor) {
            byte[] from = Keys.namespace(number);
            byte[] to = Keys.log(number, newFloor);
            commit.deleteRange(Family.LOG, from, to);
            commit.deleteRange(Family.INDEX, from, to);
            commit.deleteRange(Family.TRAIL, from, Keys.log(number, newFloor >>> Keys.BUCKET_BITS));
            floor = newFloor;
            storedBytes = Math.max(0, storedBytes - bytes);
            commit.touch(this);
        }
        for (RouteBacklog route : routes.values()) {
            long head = route.timers.head();
            if (head > route.head) {
                byte[] from = Keys.route(number, route.id);
                commit.deleteRange(Family.TIMER, from, Keys.timed(number, route.id, head, 0));
                route.head = head;
                commit.touch(this);
            }
            if (route.advance()) {
                commit.touch(this);
            }
        }
    }

    /** One that is gone stays known, stands still, and holds up nobody. */
    boolean takes(RouteBacklog route) {
        return takes(spec, route);
    }

    static boolean takes(QueueSpec spec, RouteBacklog route) {
        return route.logPending > 0 || spec.routes().contains(route.id);
    }

    /** Nothing below it is in the log for anybody. */
    long watermark() {
        long least = nextSequence;
        for (RouteBacklog route : routes.values()) {
            if (takes(route)) {
                least = Math.min(least, route.settled.watermark());
            }
        }
        return least;
    }

    // ---- the commit's end

    void complete(Commit commit) {
        seal(commit);
        commitMicros = commit.micros();
        trail.forEach((bucket, events) ->
                commit.put(Family.TRAIL, Keys.trail(number, bucket, commit.number()), events.bytes()));
        routes.values().forEach(RouteBacklog::advance);
        commit.put(Family.META, Keys.state(number), state().encode());
    }

    StateRecord state() {
        return new StateRecord(nextSequence, floor, entries, storedBytes, commitMicros, routes);
    }

    void committed() {
        trail.clear();
        moved.clear();
        freshTokens.clear();
    }
}

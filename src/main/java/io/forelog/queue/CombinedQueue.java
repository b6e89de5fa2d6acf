package io.forelog.queue;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.Ticker;
import io.forelog.queue.QueueSpec.EntryClass;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Several queues as the one queue of a namespace: appended entries go by their class to the part that serves it, deliveries
 * come from all in turns and are settled where they came from. A retry that its own part does not serve moves: the part
 * that does confirms it first, then it is settled as moved; a crash between the two repeats it and loses nothing. A part
 * that serves nothing drains. Any Vert.x context; it holds what its {@link Confluence}s hold, the rest is its parts'.
 */
public final class CombinedQueue implements Queue {
    private final List<Part> parts;
    private final Ticker ticker;
    private final Later later;
    private final Desks desks;
    private final Map<Integer, Confluence> routes = new ConcurrentHashMap<>();
    private volatile QueueSpec spec;

    /** Runs something after a while, on any thread. */
    @FunctionalInterface
    public interface Later {
        void run(long millis, Runnable what);
    }

    /**
     * @param spec of the namespace; each part's queue has its own
     * @param parts in the order of their ids, the oldest first; each class is served by one
     */
    public CombinedQueue(QueueSpec spec, List<Part> parts, Ticker ticker, Later later) {
        this.spec = spec;
        this.parts = new CopyOnWriteArrayList<>(parts);
        this.ticker = ticker;
        this.later = later;
        this.desks = new Desks(this.parts);
        for (EntryClass each : EntryClass.values()) {
            serving(each);
        }
    }

    private Part serving(EntryClass what) {
        for (Part part : parts) {
            if (part.serves(what)) {
                return part;
            }
        }
        throw new IllegalStateException("nobody serves " + what);
    }

    public List<Part> parts() {
        return List.copyOf(parts);
    }

    @Override
    public QueueSpec spec() {
        return spec;
    }

    /** Each part keeps what it serves and its own configuration. */
    @Override
    public Future<Void> update(QueueSpec next) {
        spec = next;
        return Future.join(parts.stream()
                        .map(part -> part.queue().update(next.of(part.queue().spec())))
                        .toList())
                .mapEmpty();
    }

    @Override
    public Capabilities capabilities() {
        return desks.capabilities(
                serving(EntryClass.IMMEDIATE), serving(EntryClass.DELAYED), serving(EntryClass.RETRY));
    }

    // ---- producing

    @Override
    public Future<List<AppendOutcome>> append(List<Entry> entries) {
        Queue immediate = serving(EntryClass.IMMEDIATE).queue();
        Queue delayed = serving(EntryClass.DELAYED).queue();
        int delayedOnes = 0;
        for (Entry entry : entries) {
            delayedOnes += entry.delayed() ? 1 : 0;
        }
        if (delayedOnes == 0 || immediate == delayed) {
            return immediate.append(entries);
        } else if (delayedOnes == entries.size()) {
            return delayed.append(entries);
        }
        List<Entry> now = new ArrayList<>(entries.size() - delayedOnes);
        List<Entry> then = new ArrayList<>(delayedOnes);
        entries.forEach(entry -> (entry.delayed() ? then : now).add(entry));
        Future<List<AppendOutcome>> first = immediate.append(now);
        Future<List<AppendOutcome>> second = delayed.append(then);
        return Future.join(first, second).map(both -> {
            List<AppendOutcome> outcomes = new ArrayList<>(entries.size());
            int ofNow = 0;
            int ofThen = 0;
            for (Entry entry : entries) {
                outcomes.add(
                        entry.delayed()
                                ? second.result().get(ofThen++)
                                : first.result().get(ofNow++));
            }
            return outcomes;
        });
    }

    @Override
    public Future<Void> moveIn(List<Transfer> transfers) {
        return serving(EntryClass.RETRY).queue().moveIn(transfers);
    }

    @Override
    public Future<Void> readmit(List<Entry> entries, int route) {
        return serving(EntryClass.IMMEDIATE).queue().readmit(entries, route);
    }

    // ---- consuming

    @Override
    public Future<List<Delivery>> take(int route, int max, long bytesMax) {
        Promise<List<Delivery>> promise = promise();
        routes.computeIfAbsent(route, id -> new Confluence(id, spec.ordered(), parts, later))
                .take(max, bytesMax, promise);
        return promise.future();
    }

    private static <T> Promise<T> promise() {
        Context context = Vertx.currentContext();
        return context == null ? Promise.promise() : ((ContextInternal) context).promise();
    }

    @Override
    public Future<Void> settle(List<Settlement> settlements) {
        Map<Part, List<Settlement>> here = new HashMap<>();
        List<Settlement> moving = new ArrayList<>();
        for (Settlement each : settlements) {
            Origin origin = Origin.of(each.delivery());
            if (each.verdict().kind() == Verdict.Kind.RETRY && goes(origin.part())) {
                moving.add(each);
            } else {
                here.computeIfAbsent(origin.part(), part -> new ArrayList<>())
                        .add(new Settlement(origin.unwrap(each.delivery()), each.verdict()));
            }
        }
        List<Future<Void>> done = new ArrayList<>();
        here.forEach((part, some) -> done.add(part.queue().settle(some)));
        if (!moving.isEmpty()) {
            done.add(move(moving));
        }
        return done.size() == 1 ? done.get(0) : Future.join(done).mapEmpty();
    }

    /** A retry of this part's goes to another: it does not serve retries, or it drains, which without order it may do sooner. */
    private boolean goes(Part part) {
        return !part.serves(EntryClass.RETRY) && !(part.drains() && spec.ordered());
    }

    private Future<Void> move(List<Settlement> moving) {
        List<Settlement> open = moving.stream()
                .filter(each -> !Origin.of(each.delivery()).moved())
                .toList();
        Future<Void> confirmed = open.isEmpty()
                ? Future.succeededFuture()
                : serving(EntryClass.RETRY)
                        .queue()
                        .moveIn(open.stream()
                                .map(each -> Transfer.retried(each.delivery(), (Verdict.Retry) each.verdict()))
                                .toList());
        return confirmed.compose(stored -> {
            Verdict moved = new Verdict.Moved(ticker.micros());
            Map<Part, List<Settlement>> left = new HashMap<>();
            for (Settlement each : moving) {
                Origin origin = Origin.of(each.delivery());
                origin.setMoved();
                left.computeIfAbsent(origin.part(), part -> new ArrayList<>())
                        .add(new Settlement(origin.unwrap(each.delivery()), moved));
            }
            List<Future<Void>> done = new ArrayList<>();
            left.forEach((part, some) -> done.add(part.queue().settle(some)));
            return Future.join(done).mapEmpty();
        });
    }

    @Override
    public Future<List<ParkedKey>> parked(int route, int max) {
        return desks.parked(route, max);
    }

    @Override
    public Future<List<Delivery>> takeParked(int route, Buffer key, int max) {
        return desks.takeParked(route, key, max);
    }

    // ---- single entries, dead letters, range read, state

    @Override
    public Future<Optional<EntryStatus>> find(EntryId id) {
        return desks.find(queue -> queue.find(id));
    }

    @Override
    public Future<Optional<EntryStatus>> findByToken(String token) {
        return desks.find(queue -> queue.findByToken(token));
    }

    @Override
    public Future<List<RouteChange>> cancel(EntryId id) {
        return desks.change(queue -> queue.cancel(id));
    }

    @Override
    public Future<List<RouteChange>> reschedule(EntryId id, long dueMicros) {
        return desks.change(queue -> queue.reschedule(id, dueMicros));
    }

    @Override
    public Future<Page<DeadLetter>> deadLetters(DeadLetterCursor after, int limit) {
        return new Pages<DeadLetter>(
                        parts,
                        limit,
                        (part, own, most) -> part.queue().deadLetters(new DeadLetterCursor(after.route(), own), most),
                        Desks::named)
                .from(after.afterId());
    }

    @Override
    public Future<Optional<DeadLetter>> deadLetter(String id) {
        return desks.deadLetter(id);
    }

    @Override
    public Future<Integer> redrive(List<String> ids) {
        return desks.each(ids, Queue::redrive);
    }

    @Override
    public Future<Integer> purge(List<String> ids) {
        return desks.each(ids, Queue::purge);
    }

    @Override
    public Future<Page<LogEntry>> read(LogRange range, String cursor, int limit) {
        List<Part> readable = parts.stream()
                .filter(part -> part.queue().capabilities().rangeRead())
                .toList();
        return new Pages<LogEntry>(
                        readable, limit, (part, own, most) -> part.queue().read(range, own, most), (part, one) -> one)
                .from(cursor);
    }

    @Override
    public Future<Tally> tally() {
        return desks.tally();
    }

    @Override
    public QueueDepth depth(int route) {
        return desks.depth(route);
    }

    @Override
    public long onlyHere(int route) {
        return parts.stream().mapToLong(part -> part.queue().onlyHere(route)).sum();
    }

    /** What is not delivered yet. */
    public static long undelivered(QueueDepth depth) {
        return depth.ready() + depth.scheduled() + depth.inFlight() + depth.parked();
    }

    // ---- parts go

    /** Whether a part that drains has nothing left, dead letters included, counted in its store. */
    public Future<Boolean> isEmpty(int id) {
        Part part = desks.part(id);
        if (part == null) {
            return Future.succeededFuture(true);
        } else if (!part.drains()) {
            return Future.succeededFuture(false);
        }
        return part.queue()
                .tally()
                .map(tally -> tally.routes().stream().allMatch(each -> each.pending() == 0 && each.deadStored() == 0));
    }

    /** Closes a part that drains and is empty; nothing comes from it from then on. */
    public Future<Void> retire(int id) {
        Part part = desks.part(id);
        if (part == null) {
            return Future.succeededFuture();
        } else if (!part.drains()) {
            throw new IllegalStateException("part " + id + " still serves " + part.serves());
        }
        parts.remove(part);
        routes.values().forEach(route -> route.without(part));
        return part.queue().close();
    }

    @Override
    public boolean holds(Delivery delivery) {
        Origin origin = Origin.of(delivery);
        return origin.part().queue().holds(origin.unwrap(delivery));
    }

    @Override
    public void atRest() {
        parts.forEach(part -> part.queue().atRest());
    }

    @Override
    public Future<Void> close() {
        routes.values().forEach(Confluence::close);
        return Future.join(parts.stream().map(part -> part.queue().close()).toList())
                .mapEmpty();
    }
}

package io.forelog.queue;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Receipt;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A queue in memory for tests, which loses on a {@link #crash} what was not flushed. Every change is an event on the
 * {@link InMemoryState}; a crash replays those that were flushed. By default each append and administrative change is
 * flushed at once, while a settle waits for the next of them, as on the embedded queue after a loss of power; with
 * {@link #manualFlush} nothing is flushed before {@link #flush}. Deterministic: without a Vert.x context futures end
 * within the calls that end them. After turning the clock call {@link #tick}. All methods are synchronized.
 */
public final class InMemoryQueue implements Queue {
    private QueueSpec spec;
    private final Ticker ticker;
    private final List<InMemoryState.Change> journal = new ArrayList<>();
    private final InMemoryState state;
    private final Map<Integer, Demand> demands = new HashMap<>();
    private final List<Runnable> atFlush = new ArrayList<>();
    private int flushed;
    private boolean manual;
    private boolean closed;
    private boolean failSettles;
    private boolean failMoves;
    private boolean takenOver;
    private int generation;
    private AppendFault appendFault = AppendFault.NONE;

    /** What appends do wrong. */
    public enum AppendFault {
        NONE,
        /** Provably not stored: LOW_DISK. */
        REFUSE,
        /** Stored, but answered UNKNOWN. */
        UNKNOWN_BUT_STORED,
        /** Not stored, and answered UNKNOWN. */
        UNKNOWN_AND_LOST
    }

    private record Demand(int max, long bytesMax, Promise<List<Delivery>> promise) {}

    /** A claim: what was taken again since is another. */
    private record Place(int generation, long claim) {}

    /** What was taken is another's by now: for {@link #holds}. */
    public synchronized void takenOver() {
        takenOver = true;
    }

    @Override
    public synchronized boolean holds(Delivery delivery) {
        return !takenOver;
    }

    public InMemoryQueue(QueueSpec spec, Ticker ticker) {
        this.spec = spec;
        this.ticker = ticker;
        this.state = new InMemoryState();
    }

    /** Unordered, one route with id 1, everything served, a day of retention. */
    public static QueueSpec spec(String namespace, Integer... routes) {
        return new QueueSpec(
                namespace,
                List.of(routes),
                false,
                java.util.EnumSet.allOf(QueueSpec.EntryClass.class),
                Duration.ofDays(1),
                Duration.ofDays(14),
                Long.MAX_VALUE,
                false,
                Map.of());
    }

    // ---- the hands of a test

    public synchronized void manualFlush(boolean on) {
        manual = on;
    }

    public synchronized void failAppends(AppendFault fault) {
        appendFault = fault;
    }

    public synchronized void failSettles(boolean on) {
        failSettles = on;
    }

    public synchronized void failMoves(boolean on) {
        failMoves = on;
    }

    /** Makes durable what was called before; ends the futures that wait for it. */
    public void flush() {
        List<Runnable> ends;
        synchronized (this) {
            flushed = journal.size();
            ends = List.copyOf(atFlush);
            atFlush.clear();
        }
        ends.forEach(Runnable::run);
        tick();
    }

    /** Ends takes that the clock has made due. */
    public void tick() {
        List<Runnable> ends = new ArrayList<>();
        synchronized (this) {
            for (Map.Entry<Integer, Demand> each : List.copyOf(demands.entrySet())) {
                Demand demand = each.getValue();
                List<Delivery> taken = claim(each.getKey(), demand.max(), demand.bytesMax());
                if (!taken.isEmpty()) {
                    demands.remove(each.getKey());
                    ends.add(() -> demand.promise().complete(taken));
                }
            }
        }
        ends.forEach(Runnable::run);
    }

    /** Dies without a word: futures outstanding never end. What was flushed is in the queue that is returned. */
    public synchronized InMemoryQueue crash() {
        closed = true;
        InMemoryQueue next = new InMemoryQueue(spec, ticker);
        journal.subList(0, flushed).forEach(change -> {
            next.journal.add(change);
            change.apply(next.state);
        });
        next.flushed = flushed;
        next.manual = manual;
        next.generation = generation + 1;
        return next;
    }

    // ---- Queue

    @Override
    public QueueSpec spec() {
        return spec;
    }

    @Override
    public synchronized Future<Void> update(QueueSpec next) {
        spec = next;
        return Future.succeededFuture();
    }

    @Override
    public Capabilities capabilities() {
        return new Capabilities(Duration.ofDays(36_500), true, true, true, true, true, true, true, 16 << 20);
    }

    @Override
    public Future<List<AppendOutcome>> append(List<Entry> entries) {
        Promise<List<AppendOutcome>> promise = promise();
        synchronized (this) {
            List<AppendOutcome> outcomes = new ArrayList<>(entries.size());
            for (Entry entry : entries) {
                outcomes.add(appendOne(entry));
            }
            endAtFlush(() -> promise.complete(outcomes));
        }
        flushUnlessManual();
        return promise.future();
    }

    private AppendOutcome appendOne(Entry entry) {
        if (closed) {
            return AppendOutcome.refused(entry.id(), ErrorCode.UNAVAILABLE, "queue closed");
        } else if (appendFault == AppendFault.REFUSE) {
            return AppendOutcome.refused(entry.id(), ErrorCode.LOW_DISK, "disk full by the test's wish");
        } else if (appendFault == AppendFault.UNKNOWN_AND_LOST) {
            return AppendOutcome.unknown(entry.id(), "lost by the test's wish");
        }
        if (entry.token() != null) {
            Long first = state.tokens.get(entry.token().token());
            if (first != null) {
                Entry before = state.logged(first);
                return InMemoryState.samePayload(before, entry)
                        ? AppendOutcome.duplicateOf(before.id(), receipt(first))
                        : AppendOutcome.refused(entry.id(), ErrorCode.TOKEN_REUSED, "token: seen with another payload");
            }
        }
        long sequence = state.nextSequence;
        // What is not delayed comes in the order of the log, whatever the clock of the node said that took it in.
        long due = entry.delayed() ? entry.dueMicros() : ticker.micros();
        apply(s -> s.append(entry, entry.routes(), due, false));
        return appendFault == AppendFault.UNKNOWN_BUT_STORED
                ? AppendOutcome.unknown(entry.id(), "stored, by the test's wish")
                : AppendOutcome.appended(entry.id(), receipt(sequence));
    }

    @Override
    public Future<List<Delivery>> take(int route, int max, long bytesMax) {
        Promise<List<Delivery>> promise = promise();
        List<Delivery> taken;
        synchronized (this) {
            if (closed) {
                return Future.failedFuture(new WalException(ErrorCode.UNAVAILABLE, "queue closed"));
            }
            taken = claim(route, max, bytesMax);
            if (taken.isEmpty()) {
                if (demands.putIfAbsent(route, new Demand(max, bytesMax, promise)) != null) {
                    throw new IllegalStateException("two takes on route " + route);
                }
                return promise.future();
            }
        }
        promise.complete(taken);
        return promise.future();
    }

    private List<Delivery> claim(int route, int max, long bytesMax) {
        List<Delivery> taken = new ArrayList<>();
        long bytes = 0;
        long now = ticker.micros();
        for (InMemoryState.Obligation next = state.nextDue(route, now);
                next != null && taken.size() < max && (taken.isEmpty() || bytes < bytesMax);
                next = state.nextDue(route, now)) {
            bytes += next.entry.sizeBytes();
            taken.add(claim(next));
        }
        return taken;
    }

    private Delivery claim(InMemoryState.Obligation next) {
        state.claim(next);
        return new Delivery(
                next.entry,
                next.route,
                receipt(next.sequence),
                new Place(generation, next.claim),
                next.attempts + 1,
                next.dueMicros,
                next.first,
                next.last,
                next.redrives);
    }

    @Override
    public Future<Void> settle(List<Settlement> settlements) {
        synchronized (this) {
            if (closed || failSettles) {
                return Future.failedFuture(new WalException(ErrorCode.UNAVAILABLE, "settle refused"));
            }
            for (Settlement each : settlements) {
                Delivery delivery = each.delivery();
                long sequence = delivery.receipt().sequence();
                InMemoryState.Obligation claimed = state.find(sequence, delivery.route());
                if (claimed != null
                        && claimed.claimed
                        && ((Place) delivery.place()).generation() == generation
                        && ((Place) delivery.place()).claim() == claimed.claim) {
                    long now = ticker.micros();
                    apply(s -> s.settle(sequence, delivery.route(), each.verdict(), now));
                }
            }
        }
        tick();
        return Future.succeededFuture();
    }

    @Override
    public synchronized Future<List<ParkedKey>> parked(int route, int max) {
        return Future.succeededFuture(
                state.parkedKeys(route).stream().limit(max).toList());
    }

    @Override
    public synchronized Future<List<Delivery>> takeParked(int route, Buffer key, int max) {
        List<InMemoryState.Obligation> lane = state.lane(route, key).stream()
                .filter(o -> !o.claimed)
                .limit(max)
                .toList();
        return Future.succeededFuture(lane.stream().map(this::claim).toList());
    }

    @Override
    public synchronized Future<Optional<EntryStatus>> find(EntryId id) {
        long now = ticker.micros();
        return Future.succeededFuture(
                state.sequenceOf(id).map(sequence -> state.status(sequence, receipt(sequence), now)));
    }

    @Override
    public synchronized Future<Optional<EntryStatus>> findByToken(String token) {
        Long sequence = state.tokens.get(token);
        return sequence == null
                ? Future.succeededFuture(Optional.empty())
                : find(state.logged(sequence).id());
    }

    @Override
    public Future<List<RouteChange>> cancel(EntryId id) {
        long now = ticker.micros();
        return change(id, obligation -> s -> s.cancel(obligation.sequence, obligation.route, now));
    }

    @Override
    public Future<List<RouteChange>> reschedule(EntryId id, long dueMicros) {
        long due = Math.max(dueMicros, ticker.micros());
        return change(id, obligation -> s -> s.move(obligation.sequence, obligation.route, due));
    }

    private Future<List<RouteChange>> change(
            EntryId id, java.util.function.Function<InMemoryState.Obligation, InMemoryState.Change> how) {
        Promise<List<RouteChange>> promise = promise();
        synchronized (this) {
            List<RouteChange> changes = new ArrayList<>();
            state.sequenceOf(id).ifPresent(sequence -> {
                for (InMemoryState.Obligation each : state.obligations(sequence)) {
                    boolean open = !each.claimed && each.place.pending();
                    if (open) {
                        apply(how.apply(each));
                    }
                    changes.add(
                            new RouteChange(each.route, open ? RouteChange.Result.DONE : RouteChange.Result.TOO_LATE));
                }
            });
            endAtFlush(() -> promise.complete(changes));
        }
        flushUnlessManual();
        return promise.future();
    }

    @Override
    public synchronized Future<Page<DeadLetter>> deadLetters(DeadLetterCursor after, int limit) {
        List<DeadLetter> all = state.deadLetters().stream()
                .filter(letter -> after.route() < 0 || letter.route() == after.route())
                .filter(letter -> letter.id().compareTo(after.afterId()) > 0)
                .limit(limit + 1L)
                .toList();
        List<DeadLetter> page = all.subList(0, Math.min(limit, all.size()));
        String cursor = all.size() > limit ? page.get(page.size() - 1).id() : "";
        return Future.succeededFuture(new Page<>(page, cursor));
    }

    @Override
    public synchronized Future<Optional<DeadLetter>> deadLetter(String id) {
        return Future.succeededFuture(state.deadLetters().stream()
                .filter(letter -> letter.id().equals(id))
                .findFirst());
    }

    @Override
    public Future<Integer> redrive(List<String> ids) {
        long now = ticker.micros();
        return changeDead(ids, id -> s -> s.redrive(id, now));
    }

    @Override
    public Future<Integer> purge(List<String> ids) {
        return changeDead(ids, id -> s -> s.purge(id));
    }

    private Future<Integer> changeDead(
            List<String> ids, java.util.function.Function<String, InMemoryState.Change> how) {
        Promise<Integer> promise = promise();
        synchronized (this) {
            int found = 0;
            for (String id : ids) {
                if (state.isDead(id)) {
                    apply(how.apply(id));
                    found++;
                }
            }
            int count = found;
            endAtFlush(() -> promise.complete(count));
        }
        flushUnlessManual();
        return promise.future();
    }

    @Override
    public synchronized Future<Page<LogEntry>> read(LogRange range, String cursor, int limit) {
        long after = cursor.isEmpty() ? -1 : Long.parseLong(cursor);
        List<LogEntry> page = new ArrayList<>();
        for (InMemoryState.Logged logged : state.log.tailMap(after + 1).values()) {
            long accepted = logged.entry().acceptedMicros();
            if (!logged.readmitted() && accepted >= range.fromMicros() && accepted < range.toMicros()) {
                if (page.size() == limit) {
                    return Future.succeededFuture(new Page<>(
                            page, String.valueOf(page.get(limit - 1).receipt().sequence())));
                }
                page.add(new LogEntry(logged.entry(), receipt(logged.sequence())));
            }
        }
        return Future.succeededFuture(new Page<>(page, ""));
    }

    @Override
    public Future<Void> readmit(List<Entry> entries, int route) {
        Promise<Void> promise = promise();
        synchronized (this) {
            long now = ticker.micros();
            for (Entry entry : entries) {
                apply(s -> s.append(only(entry, route), List.of(route), now, true));
            }
            endAtFlush(promise::complete);
        }
        flushUnlessManual();
        return promise.future();
    }

    @Override
    public Future<Void> moveIn(List<Transfer> transfers) {
        Promise<Void> promise = promise();
        synchronized (this) {
            if (closed || failMoves) {
                return Future.failedFuture(new WalException(ErrorCode.UNAVAILABLE, "move refused"));
            }
            transfers.forEach(transfer -> apply(s -> s.moveIn(transfer)));
            endAtFlush(promise::complete);
        }
        flushUnlessManual();
        return promise.future();
    }

    private static Entry only(Entry e, int route) {
        return new Entry(
                e.id(),
                e.namespace(),
                e.acceptedMicros(),
                e.dueMicros(),
                e.expiresMicros(),
                e.writeMicros(),
                List.of(route),
                e.destination(),
                e.key(),
                e.operation(),
                e.priority(),
                e.attributes(),
                e.headers(),
                e.payload(),
                e.token());
    }

    @Override
    public synchronized Future<Tally> tally() {
        return Future.succeededFuture(state.tally(spec.routes()));
    }

    @Override
    public synchronized QueueDepth depth(int route) {
        return state.depth(route, ticker.micros());
    }

    @Override
    public Future<Void> close() {
        List<Demand> waiting;
        synchronized (this) {
            closed = true;
            waiting = List.copyOf(demands.values());
            demands.clear();
        }
        flush();
        waiting.forEach(demand -> demand.promise().complete(List.of()));
        return Future.succeededFuture();
    }

    private void apply(InMemoryState.Change change) {
        journal.add(change);
        change.apply(state);
    }

    private void endAtFlush(Runnable end) {
        atFlush.add(end);
    }

    private void flushUnlessManual() {
        if (!manual) {
            flush();
        }
    }

    private Receipt receipt(long sequence) {
        return new Receipt(spec.namespace(), 0, sequence);
    }

    private static <T> Promise<T> promise() {
        Context context = Vertx.currentContext();
        return context == null ? Promise.promise() : ((ContextInternal) context).promise();
    }
}

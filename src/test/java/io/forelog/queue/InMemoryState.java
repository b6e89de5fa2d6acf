package io.forelog.queue;

import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.Failure;
import io.forelog.model.Receipt;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** What {@link InMemoryQueue} holds: the model that every queue is held against. Owned by its queue. */
final class InMemoryState {
    private static final Comparator<Obligation> BY_DUE =
            Comparator.comparingLong((Obligation o) -> o.dueMicros).thenComparingLong(o -> o.sequence);

    final TreeMap<Long, Logged> log = new TreeMap<>();
    final Map<String, Long> tokens = new HashMap<>();
    long nextSequence;
    private final Map<EntryId, Long> ids = new HashMap<>();
    private final Map<Long, TreeMap<Integer, Obligation>> obligations = new HashMap<>();
    private final Map<Integer, TreeSet<Obligation>> waiting = new TreeMap<>();
    private final Map<Integer, Map<Buffer, TreeSet<Obligation>>> lanes = new HashMap<>();
    private final TreeMap<String, Obligation> dead = new TreeMap<>();
    private final Map<Integer, Books> books = new TreeMap<>();
    private long entries;
    private long claims;

    /** An event. It names obligations by position, so that it can be applied again to a state built anew. */
    interface Change {
        void apply(InMemoryState state);
    }

    record Logged(long sequence, Entry entry, boolean readmitted) {}

    /** Where an obligation is. */
    enum Place {
        WAITING,
        LANE,
        DEAD,
        DELIVERED,
        EXPIRED,
        CANCELLED,
        MOVED;

        boolean pending() {
            return this == WAITING || this == LANE;
        }
    }

    /** The counters of a route. */
    private static final class Books {
        long accepted;
        long delivered;
        long dead;
        long expired;
        long cancelled;
        long purged;
        long movedIn;
        long movedOut;
    }

    /** One entry x route. */
    static final class Obligation {
        final long sequence;
        final int route;
        final Entry entry;
        final List<Failure> failures = new ArrayList<>();
        Place place = Place.WAITING;
        boolean claimed;
        long claim;
        long dueMicros;
        int attempts;
        int asked;
        Failure first;
        Failure last;
        int redrives;
        long nextMicros;
        long endedMicros;
        String deadId = "";

        Obligation(long sequence, int route, Entry entry, long dueMicros) {
            this.sequence = sequence;
            this.route = route;
            this.entry = entry;
            this.dueMicros = dueMicros;
        }

        void failed(Failure failure) {
            attempts++;
            asked++;
            failures.add(failure);
            first = first == null ? failure : first;
            last = failure;
        }
    }

    static boolean samePayload(Entry a, Entry b) {
        return a.payload().equals(b.payload())
                && a.key().equals(b.key())
                && a.destination().equals(b.destination())
                && a.operation() == b.operation()
                && (a.routes().containsAll(b.routes()) || b.routes().containsAll(a.routes()));
    }

    // ---- changes

    void append(Entry entry, List<Integer> routes, long due, boolean readmitted) {
        long sequence = nextSequence++;
        log.put(sequence, new Logged(sequence, entry, readmitted));
        if (!readmitted) {
            entries++;
            ids.put(entry.id(), sequence);
            if (entry.token() != null) {
                tokens.put(entry.token().token(), sequence);
            }
        }
        for (int route : routes) {
            Obligation obligation = new Obligation(sequence, route, entry, due);
            obligations.computeIfAbsent(sequence, s -> new TreeMap<>()).put(route, obligation);
            waiting(route).add(obligation);
            books(route).accepted++;
        }
    }

    void moveIn(Transfer transfer) {
        long sequence = nextSequence++;
        log.put(sequence, new Logged(sequence, transfer.entry(), true));
        ids.putIfAbsent(transfer.entry().id(), sequence);
        Obligation o = new Obligation(sequence, transfer.route(), transfer.entry(), transfer.dueMicros());
        o.attempts = transfer.attempts();
        o.asked = transfer.attempts();
        o.first = transfer.firstFailure();
        o.last = transfer.lastFailure();
        o.redrives = transfer.redrives();
        if (o.first != null) {
            o.failures.add(o.first);
        }
        if (o.last != null && o.attempts > 1) {
            o.failures.add(o.last);
        }
        obligations.computeIfAbsent(sequence, s -> new TreeMap<>()).put(transfer.route(), o);
        waiting(transfer.route()).add(o);
        books(transfer.route()).movedIn++;
    }

    void claim(Obligation obligation) {
        obligation.claimed = true;
        obligation.claim = ++claims;
        waiting(obligation.route).remove(obligation);
    }

    void settle(long sequence, int route, Verdict verdict, long nowMicros) {
        Obligation o = obligations.get(sequence).get(route);
        detach(o);
        switch (verdict.kind()) {
            case DELIVERED -> {
                o.asked++;
                end(o, Place.DELIVERED, ((Verdict.Delivered) verdict).atMicros());
                books(route).delivered++;
            }
            case EXPIRED -> {
                end(o, Place.EXPIRED, ((Verdict.Expired) verdict).atMicros());
                books(route).expired++;
            }
            case MOVED -> {
                end(o, Place.MOVED, ((Verdict.Moved) verdict).atMicros());
                books(route).movedOut++;
            }
            case RETRY -> {
                o.failed(((Verdict.Retry) verdict).failure());
                wait(o, ((Verdict.Retry) verdict).dueMicros());
            }
            case PARK -> {
                Verdict.Park park = (Verdict.Park) verdict;
                if (park.failure() != null) {
                    o.failed(park.failure());
                }
                o.nextMicros = park.nextMicros();
                o.place = Place.LANE;
                lanes.computeIfAbsent(route, r -> new HashMap<>())
                        .computeIfAbsent(o.entry.key(), k -> new TreeSet<>(BY_DUE))
                        .add(o);
            }
            case DEAD -> {
                o.failed(((Verdict.Dead) verdict).failure());
                end(o, Place.DEAD, nowMicros);
                o.deadId = String.format("%016x-%04x-%016x", nowMicros, route, sequence);
                dead.put(o.deadId, o);
                books(route).dead++;
            }
        }
    }

    void cancel(long sequence, int route, long nowMicros) {
        Obligation o = obligations.get(sequence).get(route);
        detach(o);
        end(o, Place.CANCELLED, nowMicros);
        books(route).cancelled++;
    }

    void move(long sequence, int route, long dueMicros) {
        Obligation o = obligations.get(sequence).get(route);
        detach(o);
        wait(o, dueMicros);
    }

    void redrive(String id, long nowMicros) {
        Obligation o = dead.remove(id);
        o.deadId = "";
        o.attempts = 0;
        o.first = null;
        o.last = null;
        o.redrives++;
        o.endedMicros = 0;
        wait(o, nowMicros);
        books(o.route).dead--;
    }

    void purge(String id) {
        Obligation o = dead.remove(id);
        o.deadId = "";
        books(o.route).purged++;
    }

    private void detach(Obligation o) {
        o.claimed = false;
        waiting(o.route).remove(o);
        Map<Buffer, TreeSet<Obligation>> byKey = lanes.getOrDefault(o.route, Map.of());
        TreeSet<Obligation> lane = byKey.get(o.entry.key());
        if (lane != null && lane.remove(o) && lane.isEmpty()) {
            byKey.remove(o.entry.key());
        }
    }

    private void wait(Obligation o, long dueMicros) {
        o.place = Place.WAITING;
        o.dueMicros = dueMicros;
        waiting(o.route).add(o);
    }

    private static void end(Obligation o, Place place, long atMicros) {
        o.place = place;
        o.endedMicros = atMicros;
    }

    // ---- questions

    Entry logged(long sequence) {
        return log.get(sequence).entry();
    }

    Optional<Long> sequenceOf(EntryId id) {
        return Optional.ofNullable(ids.get(id));
    }

    Obligation find(long sequence, int route) {
        return obligations.getOrDefault(sequence, new TreeMap<>()).get(route);
    }

    List<Obligation> obligations(long sequence) {
        return List.copyOf(obligations.getOrDefault(sequence, new TreeMap<>()).values());
    }

    Obligation nextDue(int route, long nowMicros) {
        TreeSet<Obligation> queue = waiting(route);
        return queue.isEmpty() || queue.first().dueMicros > nowMicros ? null : queue.first();
    }

    List<Obligation> lane(int route, Buffer key) {
        return List.copyOf(lanes.getOrDefault(route, Map.of()).getOrDefault(key, new TreeSet<>(BY_DUE)));
    }

    List<ParkedKey> parkedKeys(int route) {
        return lanes.getOrDefault(route, Map.of()).entrySet().stream()
                .map(lane -> new ParkedKey(lane.getKey(), lane.getValue().first().nextMicros))
                .toList();
    }

    boolean isDead(String id) {
        return dead.containsKey(id);
    }

    List<DeadLetter> deadLetters() {
        return dead.values().stream()
                .map(o -> new DeadLetter(
                        o.deadId, o.entry, o.route, o.attempts, o.first, o.last, o.endedMicros, o.redrives))
                .toList();
    }

    EntryStatus status(long sequence, Receipt receipt, long nowMicros) {
        List<EntryStatus.RouteStatus> routes = obligations(sequence).stream()
                .map(o -> new EntryStatus.RouteStatus(
                        o.route,
                        stateOf(o, nowMicros),
                        o.dueMicros,
                        o.asked,
                        o.endedMicros,
                        o.failures.subList(Math.max(0, o.failures.size() - 20), o.failures.size()),
                        o.deadId))
                .toList();
        return new EntryStatus(logged(sequence), receipt, routes);
    }

    private static EntryStatus.State stateOf(Obligation o, long nowMicros) {
        return switch (o.place) {
            case WAITING ->
                o.claimed
                        ? EntryStatus.State.IN_FLIGHT
                        : o.dueMicros > nowMicros ? EntryStatus.State.SCHEDULED : EntryStatus.State.QUEUED;
            case LANE -> o.claimed ? EntryStatus.State.IN_FLIGHT : EntryStatus.State.PARKED;
            case DEAD -> EntryStatus.State.DEAD;
            case DELIVERED -> EntryStatus.State.DELIVERED;
            case EXPIRED -> EntryStatus.State.EXPIRED;
            case CANCELLED -> EntryStatus.State.CANCELLED;
            case MOVED -> EntryStatus.State.MOVED;
        };
    }

    Tally tally(List<Integer> routes) {
        List<Tally.RouteTally> tallies = routes.stream()
                .map(route -> {
                    Books b = books(route);
                    long pending = count(route, o -> o.place.pending());
                    long stored =
                            dead.values().stream().filter(o -> o.route == route).count();
                    return new Tally.RouteTally(
                            route,
                            b.accepted,
                            b.delivered,
                            b.dead,
                            b.expired,
                            b.cancelled,
                            b.purged,
                            b.movedIn,
                            b.movedOut,
                            0,
                            pending,
                            stored);
                })
                .toList();
        return new Tally(entries, tallies, true);
    }

    QueueDepth depth(int route, long nowMicros) {
        long ready =
                waiting(route).stream().filter(o -> o.dueMicros <= nowMicros).count();
        long scheduled = waiting(route).size() - ready;
        return new QueueDepth(
                ready,
                scheduled,
                count(route, o -> o.claimed),
                count(route, o -> o.place == Place.LANE && !o.claimed),
                dead.values().stream().filter(o -> o.route == route).count(),
                ready == 0 ? 0 : waiting(route).first().dueMicros,
                0);
    }

    private long count(int route, java.util.function.Predicate<Obligation> which) {
        return obligations.values().stream()
                .map(routes -> routes.get(route))
                .filter(o -> o != null && which.test(o))
                .count();
    }

    private TreeSet<Obligation> waiting(int route) {
        return waiting.computeIfAbsent(route, r -> new TreeSet<>(BY_DUE));
    }

    private Books books(int route) {
        return books.computeIfAbsent(route, r -> new Books());
    }
}

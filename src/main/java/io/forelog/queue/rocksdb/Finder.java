package io.forelog.queue.rocksdb;

import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.Failure;
import io.forelog.model.Receipt;
import io.forelog.queue.EntryStatus;
import io.forelog.queue.EntryStatus.RouteStatus;
import io.forelog.queue.EntryStatus.State;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksIterator;

/**
 * Finds one entry by id: by IDS where an obligation of it lies outside the log, else in the log by the time that the id
 * tells. On a worker's thread, with the database held.
 */
final class Finder {
    /** An id is made shortly before its entry is committed; event loops' clocks differ a little. */
    private static final long BEFORE_MICROS = 1_000_000L;

    private static final long AFTER_MICROS = 10_000_000L;
    /** Where it is not found there: clocks of nodes differ, and a disk or a node may stand for as long as a write may wait, and longer. */
    static final long LONG_BEFORE_MICROS = 30_000_000L;

    static final long LONG_AFTER_MICROS = 600_000_000L;
    private static final int FAILURES_MOST = 20;

    private final Database database;

    Finder(Database database) {
        this.database = database;
    }

    /**
     * An entry and where it was appended.
     *
     * @param places of its obligations outside the log, by route
     * @param stored what lies at those places
     */
    record Located(
            Entry entry,
            long sequence,
            boolean scheduled,
            Map<Integer, Place> places,
            Map<Integer, Obligations.Stored> stored) {}

    /** What was readmitted has the id of its first writing, but that is what an id names. */
    @Nullable
    Located locate(int namespace, String name, EntryId id) {
        Map<Long, Map<Integer, Place>> places = places(namespace, id);
        long made = id.millis() * 1_000L;
        Located inLog = inLog(namespace, name, id, made - BEFORE_MICROS, made + AFTER_MICROS);
        if (inLog == null) {
            inLog = inLog(namespace, name, id, made - LONG_BEFORE_MICROS, made + LONG_AFTER_MICROS);
        }
        return located(namespace, name, inLog, places);
    }

    /** Whose sequence a token tells. */
    @Nullable
    Located locate(int namespace, String name, EntryId id, long sequence) {
        Located inLog = null;
        try (LogTimes times = new LogTimes(database, namespace)) {
            IndexRecord record = times.holding(sequence);
            if (record != null && record.first() <= sequence) {
                inLog = inRecord(namespace, name, id, record);
            }
        }
        return located(namespace, name, inLog, places(namespace, id));
    }

    private @Nullable Located located(
            int namespace, String name, @Nullable Located inLog, Map<Long, Map<Integer, Place>> places) {
        if (inLog == null && places.isEmpty()) {
            return null;
        }
        long sequence = inLog == null ? java.util.Collections.min(places.keySet()) : inLog.sequence();
        Map<Integer, Place> own = places.getOrDefault(sequence, Map.of());
        Map<Integer, Obligations.Stored> stored = new TreeMap<>();
        own.forEach((route, place) -> {
            byte[] value = database.get(place.family(), place.key(namespace, route));
            if (value != null) {
                stored.put(route, Obligations.decode(name, value));
            }
        });
        if (inLog != null) {
            return new Located(inLog.entry(), sequence, inLog.scheduled(), own, stored);
        }
        return stored.isEmpty()
                ? null
                : new Located(stored.values().iterator().next().entry(), sequence, true, own, stored);
    }

    /** By sequence, then route. */
    private Map<Long, Map<Integer, Place>> places(int namespace, EntryId id) {
        Map<Long, Map<Integer, Place>> places = new TreeMap<>();
        byte[] prefix = Keys.idPrefix(namespace, id);
        try (ReadOptions read = new ReadOptions();
                RocksIterator at = database.iterator(Family.IDS, read)) {
            for (at.seek(prefix); at.isValid() && Housekeeping.startsWith(at.key(), prefix); at.next()) {
                Place place = Place.decode(at.value());
                places.computeIfAbsent(place.sequence(), sequence -> new TreeMap<>())
                        .put(Keys.routeOf(at.key(), 20), place);
            }
        }
        return places;
    }

    private @Nullable Located inLog(int namespace, String name, EntryId id, long fromMicros, long toMicros) {
        try (LogTimes times = new LogTimes(database, namespace)) {
            for (IndexRecord record = times.firstFrom(fromMicros);
                    record != null && record.commitMicros() <= toMicros;
                    record = times.next()) {
                if (record.readmitted() || id.high() < record.idLow() || id.high() > record.idHigh()) {
                    continue;
                }
                Located found = inRecord(namespace, name, id, record);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    private @Nullable Located inRecord(int namespace, String name, EntryId id, IndexRecord record) {
        byte[] value = database.get(Family.LOG, Keys.log(namespace, record.first()));
        LogValue.Found found = value == null ? null : LogValue.find(name, id, value);
        return found == null
                ? null
                : new Located(found.entry(), record.first() + found.index(), found.scheduled(), Map.of(), Map.of());
    }

    /** As the database knows it: what is in flight shows where it lies. */
    EntryStatus status(int namespace, String name, Located located, long now) {
        Map<Integer, List<TrailEvent>> events = events(namespace, located.sequence());
        List<RouteStatus> routes = new ArrayList<>();
        for (int route : located.entry().routes()) {
            routes.add(status(located, route, events.getOrDefault(route, List.of()), now));
        }
        return new EntryStatus(located.entry(), new Receipt(name, 0, located.sequence()), routes);
    }

    private Map<Integer, List<TrailEvent>> events(int namespace, long sequence) {
        Map<Integer, List<TrailEvent>> events = new HashMap<>();
        long bucket = sequence >>> Keys.BUCKET_BITS;
        byte[] prefix = Keys.log(namespace, bucket);
        try (ReadOptions read = new ReadOptions();
                RocksIterator at = database.iterator(Family.TRAIL, read)) {
            for (at.seek(prefix); at.isValid() && Housekeeping.startsWith(at.key(), prefix); at.next()) {
                TrailEvent.read(bucket, at.value(), event -> {
                    if (event.sequence() == sequence) {
                        events.computeIfAbsent(event.route(), r -> new ArrayList<>())
                                .add(event);
                    }
                });
            }
        }
        return events;
    }

    private static RouteStatus status(Located located, int route, List<TrailEvent> events, long now) {
        Place place = located.places().get(route);
        Obligations.Stored stored = located.stored().get(route);
        List<Failure> failures = new ArrayList<>();
        int asked = 0;
        long due = located.entry().dueMicros();
        for (TrailEvent event : events) {
            if (event.failure() != null) {
                failures.add(event.failure());
            }
            asked += event.failure() != null || event.kind() == TrailEvent.Kind.DELIVERED ? 1 : 0;
            due = event.dueMicros() != 0 && event.kind() != TrailEvent.Kind.PARKED ? event.dueMicros() : due;
        }
        if (stored != null && asked < stored.attempts()) {
            asked = stored.attempts();
            before(failures, stored);
        }
        if (place != null && place.kind() != Place.Kind.DEAD) {
            due = place.micros();
        }
        TrailEvent last = events.isEmpty() ? null : events.get(events.size() - 1);
        boolean ended = place == null && last != null && last.kind().ends();
        boolean dead = place != null && place.kind() == Place.Kind.DEAD;
        return new RouteStatus(
                route,
                state(place, last, ended, due, now, located.scheduled()),
                due,
                asked,
                dead && place != null ? place.micros() : ended && last != null ? last.atMicros() : 0,
                failures.subList(Math.max(0, failures.size() - FAILURES_MOST), failures.size()),
                dead && place != null ? DeadLetters.id(route, place) : "");
    }

    /** What failed in another queue: the first failure, and the last where nothing has failed here since. */
    private static void before(List<Failure> failures, Obligations.Stored stored) {
        if (failures.isEmpty() && stored.last() != null && stored.attempts() > 1) {
            failures.add(stored.last());
        }
        if (stored.first() != null && !failures.contains(stored.first())) {
            failures.add(0, stored.first());
        }
    }

    private static State state(
            @Nullable Place place, @Nullable TrailEvent last, boolean ended, long due, long now, boolean scheduled) {
        if (place != null) {
            return switch (place.kind()) {
                case TIMER, LOG -> due > now ? State.SCHEDULED : State.QUEUED;
                case LANE -> State.PARKED;
                case DEAD -> State.DEAD;
            };
        } else if (ended && last != null) {
            return switch (last.kind()) {
                case DELIVERED -> State.DELIVERED;
                case EXPIRED -> State.EXPIRED;
                case CANCELLED -> State.CANCELLED;
                case MOVED -> State.MOVED;
                default -> State.DEAD;
            };
        }
        return scheduled ? State.DELIVERED : State.QUEUED;
    }
}

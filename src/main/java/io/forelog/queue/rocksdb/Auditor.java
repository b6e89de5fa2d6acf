package io.forelog.queue.rocksdb;

import io.forelog.queue.QueueSpec;
import io.forelog.queue.Tally;
import io.forelog.queue.Tally.RouteTally;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.Snapshot;

/**
 * Counts what is pending and dead in a snapshot of the database and sets it beside the counters of the same snapshot:
 * the index above the watermark less what the trail says has left, the timers, the lanes, the dead letters. On a worker's
 * thread; reads keys, never counters, for what it counts.
 */
final class Auditor {
    private final Database database;

    Auditor(Database database) {
        this.database = database;
    }

    Tally tally(int namespace, QueueSpec spec) {
        Snapshot snapshot = database.snapshot();
        try (ReadOptions read = new ReadOptions().setSnapshot(snapshot).setFillCache(false)) {
            byte[] value = get(read, Keys.state(namespace));
            if (value.length == 0) {
                return new Tally(0, List.of(), true);
            }
            StateRecord state = StateRecord.decode(value);
            Map<Integer, Long> inLog = inLog(namespace, spec, state, read);
            List<RouteTally> routes = new ArrayList<>();
            for (RouteBacklog route : state.routes().values()) {
                byte[] prefix = Keys.route(namespace, route.id);
                long pending = inLog.getOrDefault(route.id, 0L)
                        + count(Family.TIMER, Keys.timed(namespace, route.id, route.head, 0), prefix, read)
                        + count(Family.LANE, prefix, prefix, read);
                routes.add(new RouteTally(
                        route.id,
                        route.accepted,
                        route.delivered,
                        route.dead,
                        route.expired,
                        route.cancelled,
                        route.purged,
                        route.movedIn,
                        route.movedOut,
                        route.lost,
                        pending,
                        count(Family.DEAD, prefix, prefix, read)));
            }
            return new Tally(state.entries(), routes, true);
        } finally {
            database.release(snapshot);
        }
    }

    private byte[] get(ReadOptions read, byte[] key) {
        try (RocksIterator at = database.iterator(Family.META, read)) {
            at.seek(key);
            return at.isValid() && java.util.Arrays.equals(at.key(), key) ? at.value() : new byte[0];
        }
    }

    /** Obligations that lie in the log: those of the index from the watermark's record on, less those that left it. */
    private Map<Integer, Long> inLog(int namespace, QueueSpec spec, StateRecord state, ReadOptions read) {
        Map<Integer, Long> from = new HashMap<>();
        Map<Integer, Long> counts = new HashMap<>();
        long least = Long.MAX_VALUE;
        for (RouteBacklog route : state.routes().values()) {
            if (!Backlog.takes(spec, route)) {
                continue; // gone: it stands where it stood, and all behind that would be read for nothing
            }
            long start = recordHolding(namespace, route.settled.watermark(), read);
            from.put(route.id, start);
            least = Math.min(least, start);
        }
        if (least == Long.MAX_VALUE) {
            return counts;
        }
        try (RocksIterator at = database.iterator(Family.INDEX, read)) {
            at.seek(Keys.log(namespace, least));
            for (; at.isValid() && Keys.longAt(at.key(), 0) >>> 32 == namespace; at.next()) {
                long first = Keys.longAt(at.key(), 4);
                IndexRecord.decode(first, at.value()).immediate().forEach((route, n) -> {
                    if (first >= from.getOrDefault(route, Long.MAX_VALUE)) {
                        counts.merge(route, (long) n, Long::sum);
                    }
                });
            }
        }
        try (RocksIterator at = database.iterator(Family.TRAIL, read)) {
            at.seek(Keys.trail(namespace, least >>> Keys.BUCKET_BITS, 0));
            for (; at.isValid() && Keys.longAt(at.key(), 0) >>> 32 == namespace; at.next()) {
                TrailEvent.read(Keys.longAt(at.key(), 4), at.value(), event -> {
                    if (event.fromLog() && event.sequence() >= from.getOrDefault(event.route(), Long.MAX_VALUE)) {
                        counts.merge(event.route(), -1L, Long::sum);
                    }
                });
            }
        }
        return counts;
    }

    private long recordHolding(int namespace, long sequence, ReadOptions read) {
        try (RocksIterator at = database.iterator(Family.INDEX, read)) {
            at.seekForPrev(Keys.log(namespace, sequence));
            if (at.isValid() && Keys.longAt(at.key(), 0) >>> 32 == namespace) {
                IndexRecord record = IndexRecord.decode(Keys.longAt(at.key(), 4), at.value());
                return record.end() > sequence ? record.first() : sequence;
            }
            return sequence;
        }
    }

    private long count(Family family, byte[] from, byte[] prefix, ReadOptions snapshot) {
        long count = 0;
        try (Slice end = new Slice(Keys.after(prefix));
                ReadOptions read = new ReadOptions()
                        .setSnapshot(snapshot.snapshot())
                        .setFillCache(false)
                        .setReadaheadSize(1 << 20)
                        .setIterateUpperBound(end);
                RocksIterator at = database.iterator(family, read)) {
            for (at.seek(from); at.isValid(); at.next()) {
                count++;
            }
        }
        return count;
    }
}

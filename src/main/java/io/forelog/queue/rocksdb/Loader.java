package io.forelog.queue.rocksdb;

import io.forelog.queue.QueueSpec;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/** Builds a namespace's state from what the database holds: its record, and the trail above the watermarks. A reader's thread. */
final class Loader {
    private final Database database;

    Loader(Database database) {
        this.database = database;
    }

    Backlog load(int namespace, QueueSpec spec, TailCache.Budget tails) {
        byte[] value = database.get(Family.META, Keys.state(namespace));
        StateRecord state = value == null ? StateRecord.empty() : StateRecord.decode(value);
        replayTrail(namespace, state);
        state.routes().values().forEach(route -> route.oldestHint = committedAt(namespace, route.cursor));
        return new Backlog(namespace, spec, state, tails);
    }

    /** What left the log above the watermark. */
    private void replayTrail(int namespace, StateRecord state) {
        long least = Long.MAX_VALUE;
        for (RouteBacklog route : state.routes().values()) {
            least = Math.min(least, route.settled.watermark());
        }
        if (least == Long.MAX_VALUE) {
            return;
        }
        try (ReadOptions read = new ReadOptions();
                RocksIterator at = database.iterator(Family.TRAIL, read)) {
            at.seek(Keys.trail(namespace, least >>> Keys.BUCKET_BITS, 0));
            for (; at.isValid() && Keys.longAt(at.key(), 0) >>> 32 == namespace; at.next()) {
                TrailEvent.read(Keys.longAt(at.key(), 4), at.value(), event -> {
                    RouteBacklog route = state.routes().get(event.route());
                    if (event.fromLog() && route != null) {
                        route.settled.add(event.sequence());
                    }
                });
            }
            at.status();
        } catch (RocksDBException e) {
            throw database.unreadable(e);
        }
    }

    private long committedAt(int namespace, long sequence) {
        try (ReadOptions read = new ReadOptions();
                RocksIterator at = database.iterator(Family.INDEX, read)) {
            at.seekForPrev(Keys.log(namespace, sequence));
            boolean found = at.isValid() && Keys.longAt(at.key(), 0) >>> 32 == namespace;
            return found ? IndexRecord.decode(0, at.value()).commitMicros() : 0;
        }
    }
}

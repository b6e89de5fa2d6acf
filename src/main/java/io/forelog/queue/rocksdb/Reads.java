package io.forelog.queue.rocksdb;

import io.forelog.observe.LogKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads ahead for the committer on a thread of its own, so that the disk never holds up a commit. At most one of each kind
 * is under way for each route; what was read goes back as work for the committer.
 */
final class Reads {
    private static final Logger LOG = LoggerFactory.getLogger(Reads.class);

    private static final long PAUSE_NANOS = 200_000_000L;

    private final Database database;
    private final Worker worker;
    private final Consumer<Consumer<Committer>> home;

    Reads(Database database, Worker worker, Consumer<Consumer<Committer>> home) {
        this.database = database;
        this.worker = worker;
        this.home = home;
    }

    /** {@code route} is given what was read, if it is still the one that is in use then. */
    void log(int namespace, String name, RouteBacklog route, long from, long until, int bytes) {
        worker.run(() -> {
            List<LogChunk> read = attempt(() -> readLog(namespace, name, from, until, bytes));
            home.accept(committer -> committer.readAhead(namespace, route, read == null ? List.of() : read));
        });
    }

    /** Those behind the edge of the route's window. */
    void timers(int namespace, String name, RouteBacklog route) {
        long due = route.timers.edgeDue();
        long sequence = route.timers.edgeSequence();
        worker.run(() -> {
            TimerRead read = attempt(() -> readTimers(namespace, name, route.id, due, sequence));
            home.accept(committer -> committer.refilled(namespace, route, read));
        });
    }

    /** Timers in order; {@code end}: there are no more behind them. */
    record TimerRead(List<Timer> timers, boolean end) {}

    private <T> @Nullable T attempt(java.util.function.Supplier<T> read) {
        database.reading().lock();
        try {
            return read.get();
        } catch (RuntimeException | Error e) { // whatever it was: the route is read on
            LOG.atError()
                    .addKeyValue(LogKeys.DATABASE, database.name())
                    .addKeyValue(LogKeys.REASON, e.getMessage())
                    .log("reading ahead failed");
            LockSupport.parkNanos(PAUSE_NANOS);
            return null;
        } finally {
            database.reading().unlock();
        }
    }

    /** Consecutive chunks from the one that holds {@code from}; gaps where values are missing or damaged. */
    private List<LogChunk> readLog(int namespace, String name, long from, long until, int bytesMax) {
        List<LogChunk> chunks = new ArrayList<>();
        try (Slice end = new Slice(Keys.namespace(namespace + 1));
                ReadOptions read = new ReadOptions().setFillCache(false).setIterateUpperBound(end);
                RocksIterator at = database.iterator(Family.LOG, read)) {
            at.seekForPrev(Keys.log(namespace, from));
            if (!at.isValid() || Keys.longAt(at.key(), 0) >>> 32 != namespace) {
                at.seek(Keys.log(namespace, from));
            }
            long expected = from;
            long bytes = 0;
            for (; at.isValid() && bytes < bytesMax && expected < until; at.next()) {
                long first = Keys.longAt(at.key(), 4);
                byte[] value = at.value();
                LogChunk chunk = LogValue.decode(name, first, value);
                if (chunk == null || chunk.end() <= expected) {
                    continue;
                }
                if (first > expected) {
                    chunks.add(gap(namespace, expected, first));
                }
                chunks.add(chunk);
                bytes += value.length;
                expected = chunk.end();
            }
            check(at);
            if (bytes < bytesMax && expected < until) {
                chunks.add(gap(namespace, expected, until));
            }
        }
        return chunks;
    }

    /** What the index knows of the range. */
    private LogChunk gap(int namespace, long from, long to) {
        Map<Integer, Integer> lost = new TreeMap<>();
        try (ReadOptions read = new ReadOptions();
                RocksIterator at = database.iterator(Family.INDEX, read)) {
            for (at.seek(Keys.log(namespace, from));
                    at.isValid() && Keys.longAt(at.key(), 0) >>> 32 == namespace && Keys.longAt(at.key(), 4) < to;
                    at.next()) {
                IndexRecord.decode(Keys.longAt(at.key(), 4), at.value())
                        .immediate()
                        .forEach((route, n) -> lost.merge(route, n, Integer::sum));
            }
            check(at);
        }
        return LogChunk.gap(from, to, lost);
    }

    private TimerRead readTimers(int namespace, String name, int route, long due, long sequence) {
        List<Timer> timers = new ArrayList<>();
        try (Slice end = new Slice(Keys.after(Keys.route(namespace, route)));
                ReadOptions read = new ReadOptions().setIterateUpperBound(end);
                RocksIterator at = database.iterator(Family.TIMER, read)) {
            long bytes = 0;
            for (at.seek(Keys.timed(namespace, route, due, sequence + 1)); at.isValid(); at.next()) {
                if (timers.size() >= TimerWindow.MOST / 2 || bytes >= TimerWindow.MOST_BYTES / 2) {
                    return new TimerRead(timers, false);
                }
                byte[] key = at.key();
                byte[] value = at.value();
                timers.add(Timer.of(Keys.longAt(key, 6), Keys.longAt(key, 14), Obligations.decode(name, value)));
                bytes += value.length;
            }
            check(at);
        }
        return new TimerRead(timers, true);
    }

    private void check(RocksIterator at) {
        try {
            at.status();
        } catch (org.rocksdb.RocksDBException e) {
            throw database.unreadable(e);
        }
    }
}

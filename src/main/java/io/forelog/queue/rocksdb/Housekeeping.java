package io.forelog.queue.rocksdb;

import io.forelog.model.EntryId;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksIterator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done every 10 s: drop the log below its floor (every route's watermark, and the retention), timers below
 * their heads, tokens of two days ago, dead letters past their retention. Looked for on a worker, done by the committer.
 */
final class Housekeeping {
    private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);
    private static final long SWEEP_NANOS = Duration.ofSeconds(10).toNanos();
    private static final long FORCE_NANOS = Duration.ofSeconds(1).toNanos();
    private static final int RECORDS_A_SWEEP = 200_000;
    private static final int DEAD_A_SWEEP = 1_000;

    private final Database database;
    private final Worker worker;
    private final DiskWatch disk;
    private final Consumer<Consumer<Committer>> home;
    private final Map<Integer, Integer> tokenDays = new TreeMap<>();
    private long sweptAt = System.nanoTime();
    private long forcedAt = System.nanoTime();
    private boolean sweeping;

    Housekeeping(Database database, Worker worker, DiskWatch disk, Consumer<Consumer<Committer>> home) {
        this.database = database;
        this.worker = worker;
        this.disk = disk;
        this.home = home;
    }

    @Nullable
    WalException lowDisk() {
        return disk.refusal();
    }

    /** On the committer thread, with every turn. */
    void turn(Committer committer) {
        long now = System.nanoTime();
        if (now - forcedAt > FORCE_NANOS) {
            forcedAt = now;
            worker.run(database::forceConfirmed);
        }
        if (now - sweptAt > SWEEP_NANOS) {
            sweep(committer);
        }
    }

    /** Looks at every namespace now. On the committer thread. */
    void sweep(Committer committer) {
        sweptAt = System.nanoTime();
        if (sweeping) {
            return;
        }
        sweeping = true;
        long now = committer.ticker().micros();
        List<Look> looks = new ArrayList<>();
        for (Backlog backlog : committer.backlogs()) {
            long retention = disk.isCritical() ? 0 : micros(backlog.spec().retention());
            looks.add(new Look(
                    backlog.number,
                    backlog.floor(),
                    backlog.watermark(),
                    now - retention,
                    now - micros(backlog.spec().deadLetterRetention()),
                    List.copyOf(backlog.spec().routes())));
            dropTokens(committer, backlog, now);
        }
        worker.run(() -> look(looks));
    }

    private static long micros(Duration duration) {
        return duration.compareTo(Duration.ofDays(36_500)) > 0
                ? Duration.ofDays(36_500).toNanos() / 1_000L
                : duration.toNanos() / 1_000L;
    }

    private void dropTokens(Committer committer, Backlog backlog, long now) {
        int keep = Tokens.day(now) - 1;
        Integer last = tokenDays.put(backlog.number, keep);
        if (last == null || last < keep) {
            byte[] none = new byte[0];
            committer
                    .commit()
                    .deleteRange(Family.TOKEN, Keys.namespace(backlog.number), Keys.token(backlog.number, keep, none));
        }
    }

    /** What to look at. */
    private record Look(
            int namespace, long floor, long watermark, long cutoff, long deadCutoff, List<Integer> routes) {}

    /** A dead letter past its retention. */
    record Expired(int route, Place place, EntryId id, int bytes) {}

    private void look(List<Look> looks) {
        try {
            for (Look look : looks) {
                database.reading().lock();
                try {
                    lookAt(look);
                } finally {
                    database.reading().unlock();
                }
            }
        } catch (WalException e) {
            LOG.atWarn()
                    .addKeyValue(LogKeys.DATABASE, database.name())
                    .addKeyValue(LogKeys.REASON, e.getMessage())
                    .log("sweep failed; it is tried again");
        } finally {
            home.accept(committer -> sweeping = false);
        }
    }

    private void lookAt(Look look) {
        long floor = look.floor();
        long bytes = 0;
        try (ReadOptions read = new ReadOptions();
                RocksIterator at = database.iterator(Family.INDEX, read)) {
            at.seek(Keys.log(look.namespace(), floor));
            for (int n = 0; at.isValid() && n < RECORDS_A_SWEEP; at.next(), n++) {
                if (Keys.longAt(at.key(), 0) >>> 32 != look.namespace()) {
                    break;
                }
                IndexRecord record = IndexRecord.decode(Keys.longAt(at.key(), 4), at.value());
                if (record.end() > look.watermark() || record.commitMicros() >= look.cutoff()) {
                    break;
                }
                floor = record.end();
                bytes += record.bytes();
            }
        }
        drop(look, floor, bytes);
        List<Expired> expired = new ArrayList<>();
        for (int route : look.routes()) {
            collectExpired(look.namespace(), route, look.deadCutoff(), expired);
        }
        if (!expired.isEmpty()) {
            home.accept(committer -> purge(committer, look.namespace(), expired));
        }
    }

    private void drop(Look look, long floor, long bytes) {
        home.accept(committer -> {
            Backlog backlog = committer.backlog(look.namespace());
            if (backlog != null && backlog.floor() == look.floor()) {
                backlog.drop(floor, bytes, committer.commit());
                if (floor > look.floor()) {
                    worker.run(() -> freeFiles(look.namespace(), floor));
                }
            }
        });
    }

    private void freeFiles(int namespace, long floor) {
        database.reading().lock();
        try {
            byte[] from = Keys.namespace(namespace);
            database.deleteFiles(Family.LOG, from, Keys.log(namespace, floor));
            database.deleteFiles(Family.INDEX, from, Keys.log(namespace, floor));
            database.deleteFiles(Family.TRAIL, from, Keys.log(namespace, floor >>> Keys.BUCKET_BITS));
            if (disk.refusal() != null) {
                database.compact(Family.LOG, from, Keys.log(namespace, floor));
            }
        } catch (WalException e) {
            LOG.atDebug().addKeyValue(LogKeys.REASON, e.getMessage()).log("no files freed");
        } finally {
            database.reading().unlock();
        }
    }

    private void collectExpired(int namespace, int route, long cutoff, List<Expired> into) {
        byte[] prefix = Keys.route(namespace, route);
        try (ReadOptions read = new ReadOptions();
                RocksIterator at = database.iterator(Family.DEAD, read)) {
            for (at.seek(prefix); at.isValid() && into.size() < DEAD_A_SWEEP; at.next()) {
                byte[] key = at.key();
                if (!startsWith(key, prefix) || Keys.longAt(key, 6) >= cutoff) {
                    return;
                }
                byte[] value = at.value();
                EntryId id = Obligations.decode("", value).entry().id();
                into.add(new Expired(route, Place.dead(Keys.longAt(key, 6), Keys.longAt(key, 14)), id, value.length));
            }
        }
    }

    static boolean startsWith(byte[] key, byte[] prefix) {
        return key.length >= prefix.length && java.util.Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length);
    }

    private static void purge(Committer committer, int namespace, List<Expired> expired) {
        Backlog backlog = committer.backlog(namespace);
        for (Expired each : expired) {
            RouteBacklog route = backlog == null ? null : backlog.knownRoute(each.route());
            if (backlog != null
                    && route != null
                    && !backlog.hasMoved(each.place().sequence(), each.route())
                    && committer.database().get(Family.DEAD, each.place().key(namespace, each.route())) != null) {
                backlog.purge(route, each.place(), each.id(), each.bytes(), committer.commit());
            }
        }
    }
}

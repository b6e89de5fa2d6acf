package io.forelog.queue.rocksdb;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.queue.QueueDepth;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that changes a database: takes the commands that wait, applies them to memory and to one write, flushes
 * once, hands out what is due, ends the commands' futures. While it flushes the next commands gather; with one writer
 * nothing lingers. All state below it is its own; other threads come through {@link Inbox}.
 *
 * <pre>
 * SERVING --a write failed--> RECOVERING --reopened--> SERVING
 *                                 \--does not hold what it confirmed--> broken for good
 * </pre>
 */
final class Committer {
    private static final Logger LOG = LoggerFactory.getLogger(Committer.class);
    private static final int COMMIT_ENTRIES_MOST = 4_096;
    private static final long COMMIT_BYTES_MOST = 8L << 20;
    private static final long PARK_MOST_NANOS = 500_000_000L;
    /** So many commands of a turn, and namespaces, leave the depths worth a walk with every turn. */
    private static final int DEPTHS_EACH_TURN = 16;

    private static final long DEPTHS_OLD_NANOS = 20_000_000L;
    private static final long REOPEN_PAUSE_NANOS = 500_000_000L;

    private final Database database;
    private final Ticker ticker;
    private final Inbox inbox;
    private final Commit commit;
    private final Tokens tokens;
    private final Loader loader;
    private final Dispenser dispenser;
    private final Completions completions = new Completions();
    private final Housekeeping housekeeping;
    private final Pace pace;
    private final CommitMeters meters;
    private final TailCache.Budget tails;
    private final Map<Integer, Backlog> backlogs = new ConcurrentSkipListMap<>();
    private final List<Command> group = new ArrayList<>();
    private @Nullable WalException broken;
    /** One for each write: never ahead of the database's own sequence, from which it goes on after a restart. */
    private long commitNumber;

    private long lastMicros;
    private boolean serve;
    /** Why it can't be reopened, as it was told last. */
    private String reopenFailure = "";

    private long depthsAt;
    private boolean depthsOld;
    private volatile boolean stopping;
    private volatile boolean recovering;
    private volatile @Nullable WalException brokenSeen;

    Committer(
            Database database,
            Ticker ticker,
            Inbox inbox,
            Reads reads,
            Loader loader,
            Housekeeping housekeeping,
            RocksSettings settings,
            CommitMeters meters) {
        this.database = database;
        this.ticker = ticker;
        this.inbox = inbox;
        this.loader = loader;
        this.housekeeping = housekeeping;
        this.meters = meters;
        this.commit = new Commit(database);
        this.tokens = new Tokens(database);
        this.dispenser = new Dispenser(reads);
        this.pace = new Pace(settings.throttleEntriesPerSecond());
        this.tails = new TailCache.Budget(settings.tailBytes());
    }

    // ---- for commands, on this thread

    Commit commit() {
        return commit;
    }

    Tokens tokens() {
        return tokens;
    }

    Database database() {
        return database;
    }

    Ticker ticker() {
        return ticker;
    }

    @Nullable
    Backlog backlog(int namespace) {
        return backlogs.get(namespace);
    }

    Collection<Backlog> backlogs() {
        return backlogs.values();
    }

    TailCache.Budget tails() {
        return tails;
    }

    void install(Backlog backlog) {
        backlogs.put(backlog.number, backlog);
        commit.touch(backlog);
        serve = true;
    }

    /** Its takes end empty. */
    void uninstall(Backlog backlog) {
        backlogs.remove(backlog.number);
        backlog.tail.clear();
        for (RouteBacklog route : backlog.routes()) {
            if (route.demand != null) {
                completions.add(route.demand);
                route.demand = null;
            }
        }
    }

    WalException absent(String what) {
        return new WalException(ErrorCode.UNAVAILABLE, "queue " + what + ": closed");
    }

    void wantsServing() {
        serve = true;
    }

    /** Null where there is room. */
    @Nullable
    WalException refusesAppends(Backlog backlog, long bytes) {
        long quota = backlog.spec().quotaBytes();
        if (backlog.storedBytes() + bytes > quota) {
            return new WalException(
                    ErrorCode.QUOTA_EXCEEDED,
                    "namespace " + backlog.name + ": " + backlog.storedBytes()
                            + " bytes stored (expected: at most quota_bytes = " + quota + ")");
        }
        return housekeeping.lowDisk();
    }

    void readAhead(int namespace, RouteBacklog route, List<LogChunk> chunks) {
        if (isInUse(namespace, route)) {
            route.reading = false;
            route.readAhead.addAll(chunks);
            route.stirred = true;
            serve = true;
        }
    }

    void refilled(int namespace, RouteBacklog route, Reads.@Nullable TimerRead read) {
        if (isInUse(namespace, route)) {
            route.timers.refilled(read == null ? List.of() : read.timers(), read != null && read.end());
            route.stirred = true;
            serve = true;
        }
    }

    /** Not one of a queue that was closed or built anew since. */
    private boolean isInUse(int namespace, RouteBacklog route) {
        Backlog backlog = backlogs.get(namespace);
        return backlog != null && backlog.knownRoute(route.id) == route;
    }

    // ---- for other threads

    boolean isRecovering() {
        return recovering;
    }

    @Nullable
    WalException broken() {
        return brokenSeen;
    }

    QueueDepth depth(int namespace, int routeId) {
        Backlog backlog = backlogs.get(namespace);
        RouteBacklog route = backlog == null ? null : backlog.knownRoute(routeId);
        return route == null ? QueueDepth.EMPTY : route.depth;
    }

    void stop() {
        stopping = true;
        inbox.wake();
    }

    // ---- the loop

    void run() {
        commitNumber = database.latestSequence();
        try {
            while (!stopping || !inbox.isEmpty()) {
                turn();
            }
        } catch (Error e) {
            died(e);
            throw e;
        } finally {
            inbox.close(command -> {
                command.failWith(absent("stopped"));
                completions.add(command);
            });
            completions.release();
            commit.close();
        }
    }

    /** Of an error that nothing was made for, as memory that ran out: nobody knows what became of those it was working on. */
    private void died(Error e) {
        LOG.atError()
                .setCause(e)
                .addKeyValue(LogKeys.DATABASE, database.name())
                .log("the committer ends: its namespaces stop until a restart");
        unknown(e);
        stopForGood(new WalException(
                ErrorCode.INTERNAL,
                "database " + database.name() + ": its committer ended: " + e + " (restart the node)"));
    }

    private void turn() {
        try {
            begin();
            int drained = drain();
            if (broken == null) {
                housekeeping.turn(this);
            }
            flush();
            serve();
            publishDepths(drained);
            completions.release();
            if (drained == 0) {
                rest();
            }
        } catch (RocksDBException | RuntimeException e) {
            recover(e);
        }
    }

    private void begin() {
        commit.begin(commitNumber + 1, now());
    }

    /** Never smaller than before, nor than the clock when the command that is applied was put in. */
    private long now() {
        lastMicros = Math.max(lastMicros, ticker.micros());
        return lastMicros;
    }

    private int drain() throws RocksDBException {
        int drained = 0;
        long bytes = 0;
        int most = pace.most(COMMIT_ENTRIES_MOST);
        while (commit.entries() < most && bytes < COMMIT_BYTES_MOST && drained < COMMIT_ENTRIES_MOST) {
            Object next = inbox.poll();
            if (next == null) {
                break;
            }
            drained++;
            commit.at(now());
            if (next instanceof Command command) {
                bytes += command.bytes();
                apply(command);
            } else {
                home(next);
            }
        }
        pace.spent(commit.entries());
        return drained;
    }

    @SuppressWarnings("unchecked")
    private void home(Object work) {
        ((Consumer<Committer>) work).accept(this);
    }

    private void apply(Command command) throws RocksDBException {
        if (broken != null) {
            command.failWith(broken);
            completions.add(command);
            return;
        }
        if (command.mustSeeCommitted(this)) {
            try {
                flush();
            } catch (RocksDBException | RuntimeException e) {
                // It left the inbox: nobody else would end it.
                group.add(command);
                throw e;
            }
            begin();
        }
        group.add(command);
        if (!command.apply(this)) {
            group.remove(group.size() - 1);
        }
    }

    private void flush() throws RocksDBException {
        if (!commit.isEmpty()) {
            long began = System.nanoTime();
            commit.write();
            commitNumber++;
            meters.committed(System.nanoTime() - began, commit.entries());
            serve = true;
        }
        completions.addAll(group);
        group.clear();
    }

    private void serve() {
        if (!serve && !inbox.isDue(ticker)) {
            return;
        }
        serve = false;
        long next = Long.MAX_VALUE;
        long now = ticker.micros();
        for (Backlog backlog : backlogs.values()) {
            long passed = Long.MAX_VALUE;
            for (RouteBacklog route : backlog.routes()) {
                TakeCommand demand = route.demand;
                if (demand != null && (route.stirred || now >= route.nextDue)) {
                    List<Delivery> taken = dispenser.dispense(backlog, route, demand.max, demand.bytesMax, now);
                    if (!taken.isEmpty()) {
                        route.demand = null;
                        demand.answer(taken);
                        completions.add(demand);
                    }
                }
                if (route.demand != null) {
                    next = Math.min(next, route.nextDue);
                }
                if (backlog.takes(route)) {
                    passed = Math.min(passed, route.cursor);
                }
            }
            backlog.tail.dropBelow(passed);
        }
        inbox.dueAt(next);
    }

    /** Of all, since time alone changes them: at once while little happens, every 20 ms where turns are full, or namespaces many. */
    private void publishDepths(int drained) {
        long now = System.nanoTime();
        depthsOld =
                (drained > DEPTHS_EACH_TURN || backlogs.size() > DEPTHS_EACH_TURN) && now - depthsAt < DEPTHS_OLD_NANOS;
        if (depthsOld) {
            return;
        }
        depthsAt = now;
        long micros = ticker.micros();
        for (Backlog backlog : backlogs.values()) {
            for (RouteBacklog route : backlog.routes()) {
                route.depth = Depths.of(backlog, route, micros);
            }
        }
    }

    private void rest() {
        inbox.await(ticker, depthsOld ? DEPTHS_OLD_NANOS : PARK_MOST_NANOS, pace.pauseNanos());
    }

    // ---- when a write failed

    private void recover(Throwable failure) {
        recovering = true;
        LOG.atError()
                .setCause(failure)
                .addKeyValue(LogKeys.DATABASE, database.name())
                .log("a commit failed: its entries are UNKNOWN, the database is reopened");
        unknown(failure);
        while (!stopping && !reopen()) {
            refuseWhileDown();
            inbox.await(ticker, REOPEN_PAUSE_NANOS, REOPEN_PAUSE_NANOS);
        }
        recovering = false;
    }

    private void unknown(Throwable failure) {
        WalException unknown = new WalException(
                ErrorCode.UNKNOWN_DURABILITY, "database " + database.name() + ": " + failure.getMessage());
        group.forEach(command -> {
            command.failWith(unknown);
            completions.add(command);
        });
        group.clear();
        completions.release();
    }

    private boolean reopen() {
        try {
            database.reopen();
            commitNumber = Math.max(commitNumber, database.latestSequence());
            for (Backlog old : List.copyOf(backlogs.values())) {
                Backlog anew = loader.load(old.number, old.spec(), tails);
                for (RouteBacklog route : old.routes()) {
                    anew.route(route.id).demand = route.demand;
                }
                old.tail.clear();
                backlogs.put(anew.number, anew);
            }
            serve = true;
            LOG.atInfo().addKeyValue(LogKeys.DATABASE, database.name()).log("the database is open again");
            reopenFailure = "";
            return true;
        } catch (RuntimeException e) {
            String reason = String.valueOf(e.getMessage());
            if (!reason.equals(reopenFailure)) {
                reopenFailure = reason;
                LOG.atError()
                        .addKeyValue(LogKeys.DATABASE, database.name())
                        .addKeyValue(LogKeys.REASON, reason)
                        .log("the database could not be reopened; tried again and again");
            }
            if (e instanceof WalException wal && wal.code() == ErrorCode.CORRUPT) {
                stopForGood(wal);
                return true;
            }
            return false;
        }
    }

    private void stopForGood(WalException why) {
        broken = why;
        brokenSeen = why;
        for (Backlog backlog : backlogs.values()) {
            for (RouteBacklog route : backlog.routes()) {
                if (route.demand != null) {
                    route.demand.failWith(why);
                    completions.add(route.demand);
                    route.demand = null;
                }
            }
        }
        completions.release();
    }

    private void refuseWhileDown() {
        for (Object next = inbox.poll(); next != null; next = inbox.poll()) {
            if (next instanceof Command command) {
                command.failWith(new WalException(
                        ErrorCode.UNAVAILABLE,
                        "database " + database.name() + ": being reopened after a failed write"));
                completions.add(command);
            }
        }
        completions.release();
    }
}

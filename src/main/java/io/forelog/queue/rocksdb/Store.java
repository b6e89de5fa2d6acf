package io.forelog.queue.rocksdb;

import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.queue.MediumHealth;
import io.forelog.queue.QueueDepth;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.Tally;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Promise;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * One database at work: its committer thread and three workers (reading ahead, questions, audits). Made, opened and closed
 * by the medium on a blocking thread; otherwise any thread.
 */
final class Store {
    private static final byte[] LAST_NUMBER = {'l'};
    private static final long COUNT_FREE_NANOS = 500_000_000L;
    private static final long COUNT_SHARE = 20;

    private final Database database;
    private final Ticker ticker;
    private final Inbox inbox;
    private final Worker readAhead;
    private final Worker questions;
    private final Worker audits;
    private final Loader loader;
    private final Tokens tokens;
    private final Finder finder;
    private final DeadLetters deadLetters;
    private final LogReader logReader;
    private final Lanes lanes;
    private final Auditor auditor;
    private final Housekeeping housekeeping;
    private final Committer committer;
    private final Thread thread;
    private final DiskWatch disk;
    private final Map<Integer, Counted> counted = new ConcurrentHashMap<>();
    private final Map<String, Backlog> open = new ConcurrentHashMap<>();

    /** Opens the database. CORRUPT where it does not hold what it confirmed. */
    Store(
            String name,
            Path folder,
            RocksOptions options,
            RocksSettings settings,
            Ticker ticker,
            MeterRegistry metrics,
            DiskWatch disk) {
        this.database = new Database(name, folder, options);
        this.ticker = ticker;
        this.disk = disk;
        database.open();
        inbox = new Inbox(settings.pendingEntries(), settings.pendingBytes());
        readAhead = new Worker("forelog-queue-" + name + "-read-ahead");
        questions = new Worker("forelog-queue-" + name + "-questions");
        audits = new Worker("forelog-queue-" + name + "-audits");
        loader = new Loader(database);
        tokens = new Tokens(database);
        finder = new Finder(database);
        deadLetters = new DeadLetters(database);
        logReader = new LogReader(database);
        lanes = new Lanes(database);
        auditor = new Auditor(database);
        housekeeping = new Housekeeping(database, audits, disk, inbox::put);
        committer = new Committer(
                database,
                ticker,
                inbox,
                new Reads(database, readAhead, inbox::put),
                loader,
                housekeeping,
                settings,
                new CommitMeters(metrics, name));
        thread = new Thread(committer::run, "forelog-queue-" + name + "-committer");
        thread.setDaemon(true);
        inbox.ownedBy(thread);
        thread.start();
    }

    Database database() {
        return database;
    }

    Ticker ticker() {
        return ticker;
    }

    Inbox inbox() {
        return inbox;
    }

    Tokens tokens() {
        return tokens;
    }

    Finder finder() {
        return finder;
    }

    DeadLetters deadLetters() {
        return deadLetters;
    }

    LogReader logReader() {
        return logReader;
    }

    Lanes lanes() {
        return lanes;
    }

    /**
     * A count of millions takes seconds: it is answered again until twenty times as long has passed, so that audits cost at
     * most a twentieth of a processor. On the worker for audits.
     */
    Tally tally(int number, QueueSpec spec) {
        Counted last = counted.get(number);
        if (last != null && System.nanoTime() - last.atNanos() < last.tookNanos() * COUNT_SHARE) {
            return last.tally();
        }
        long began = System.nanoTime();
        long micros = ticker.micros();
        Tally found = auditor.tally(number, spec);
        Tally tally = new Tally(found.entries(), found.routes(), found.exact(), micros);
        long took = System.nanoTime() - began;
        counted.put(number, new Counted(tally, began, took < COUNT_FREE_NANOS ? 0 : took));
        return tally;
    }

    /** A tally and what it cost; 0 = nothing to speak of. */
    private record Counted(Tally tally, long atNanos, long tookNanos) {}

    /** Loads a namespace and gives it to the committer. Blocking. */
    Backlog load(QueueSpec spec) {
        database.reading().lock();
        try {
            int number = numberOf(spec.namespace());
            Backlog backlog = loader.load(number, spec, committer.tails());
            open.put(spec.namespace(), backlog);
            inbox.put((Committer c) -> c.install(backlog));
            return backlog;
        } catch (RocksDBException e) {
            throw database.unreadable(e);
        } finally {
            database.reading().unlock();
        }
    }

    /** The namespace's number, given at its first opening. The registry is written here alone, one at a time. */
    private synchronized int numberOf(String namespace) throws RocksDBException {
        byte[] known = database.get(Family.META, Keys.registry(namespace));
        if (known != null) {
            return ByteBuffer.wrap(known).getInt();
        }
        byte[] last = database.get(Family.META, LAST_NUMBER);
        int next = last == null ? 1 : ByteBuffer.wrap(last).getInt() + 1;
        try (WriteBatch batch = new WriteBatch()) {
            byte[] number = Keys.namespace(next);
            batch.put(database.handle(Family.META), Keys.registry(namespace), number);
            batch.put(database.handle(Family.META), LAST_NUMBER, number);
            database.writeApart(batch);
        }
        return next;
    }

    /** Deletes all that is stored for a namespace that is not open. Blocking. */
    synchronized void remove(String namespace) {
        database.reading().lock();
        try (WriteBatch batch = new WriteBatch()) {
            byte[] known = database.get(Family.META, Keys.registry(namespace));
            if (known == null) {
                return;
            }
            int number = ByteBuffer.wrap(known).getInt();
            for (Family family : Family.values()) {
                if (family != Family.META) {
                    batch.deleteRange(database.handle(family), Keys.namespace(number), Keys.namespace(number + 1));
                }
            }
            batch.delete(database.handle(Family.META), Keys.state(number));
            batch.delete(database.handle(Family.META), Keys.registry(namespace));
            database.writeApart(batch);
        } catch (RocksDBException e) {
            throw database.unreadable(e);
        } finally {
            database.reading().unlock();
        }
    }

    void closed(String namespace) {
        open.remove(namespace);
    }

    List<Integer> routes(Backlog backlog) {
        return backlog.routeIds();
    }

    QueueDepth depth(int number, int route) {
        return committer.depth(number, route);
    }

    MediumHealth health() {
        WalException broken = committer.broken();
        WalException low = disk.refusal();
        MediumHealth.State state = broken != null
                ? MediumHealth.State.CORRUPT
                : committer.isRecovering()
                        ? MediumHealth.State.RECOVERING
                        : low != null ? MediumHealth.State.LOW_DISK : MediumHealth.State.SERVING;
        @Nullable WalException why = broken != null ? broken : low;
        String text = why == null || why.getMessage() == null ? "" : why.getMessage();
        return new MediumHealth(database.name(), state, text, List.copyOf(open.keySet()), disk.freeBytes());
    }

    /** Reads on the worker for questions. */
    <T extends @Nullable Object> void query(Supplier<T> what, Promise<T> promise) {
        read(questions, what, promise);
    }

    /** Reads on the worker for what takes long. */
    <T extends @Nullable Object> void audit(Supplier<T> what, Promise<T> promise) {
        read(audits, what, promise);
    }

    private <T extends @Nullable Object> void read(Worker worker, Supplier<T> what, Promise<T> promise) {
        try {
            worker.run(() -> {
                database.reading().lock();
                try {
                    promise.complete(what.get());
                } catch (RuntimeException | Error e) {
                    promise.fail(WalException.of(e));
                } finally {
                    database.reading().unlock();
                }
            });
        } catch (WalException e) {
            promise.fail(e);
        }
    }

    /** Sweeps now, for tests and low disk. */
    void sweep() {
        inbox.put(housekeeping::sweep);
    }

    /** Ends all that waits, then closes the database. Blocking. */
    void close() {
        committer.stop();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        readAhead.close();
        questions.close();
        audits.close();
        database.close();
    }
}

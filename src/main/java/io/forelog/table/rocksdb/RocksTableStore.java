package io.forelog.table.rocksdb;

import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.table.Item;
import io.forelog.table.TableStore;
import io.forelog.table.TableWrite;
import io.forelog.table.WriteEffect;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tables on one RocksDB. One thread, {@code forelog-tables}, writes: it takes what has come in meanwhile as one group,
 * reads the versions that stand, writes what is newer, syncs once, and sends each answer to the context that asked.
 * Reads run on a small worker pool. What waits is bounded in requests and bytes.
 */
final class RocksTableStore implements TableStore {
    private static final Logger LOG = LoggerFactory.getLogger(RocksTableStore.class);
    private static final int REQUESTS_MAX = 1_024;
    private static final long BYTES_MAX = 64L << 20;
    private static final int GROUP_WRITES = 8_192;
    private static final long GROUP_BYTES = 16L << 20;
    private static final long SWEEP_STEP_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long SWEEP_REST_NANOS = TimeUnit.HOURS.toNanos(1);
    private static final long OPEN_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** A request that waits for the writing thread. */
    record Request(List<TableWrite> writes, long bytes, Context home, Promise<List<WriteEffect>> promise) {
        void answer(@Nullable List<WriteEffect> effects, @Nullable Throwable failure) {
            home.runOnContext(v -> {
                if (effects != null) {
                    promise.complete(effects);
                } else {
                    promise.fail(failure == null ? new IllegalStateException("no effects") : failure);
                }
            });
        }
    }

    private final Vertx vertx;
    private final Path directory;
    private final Ticker ticker;
    private final WorkerExecutor reading;
    private final BlockingQueue<Request> queue = new LinkedBlockingQueue<>(REQUESTS_MAX);
    private final AtomicLong waitingBytes = new AtomicLong();
    private final Promise<Void> closed = Promise.promise();
    private final Thread thread;
    private volatile boolean closing;
    /** Held for reading by readers, for writing by whoever opens or closes the database. */
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

    private @Nullable TableDatabase db;

    // the writing thread's
    private final Sweep sweep = new Sweep();
    private final GroupWrite group = new GroupWrite(sweep);
    private final Trouble trouble;
    private long sweepAtNanos;
    private long openAtNanos;

    /** Tests make the next write fail. */
    volatile boolean failNextWrite;

    private RocksTableStore(Vertx vertx, Path directory, Ticker ticker, TableDatabase db) {
        this.vertx = vertx;
        this.directory = directory;
        this.ticker = ticker;
        this.db = db;
        this.trouble = new Trouble(directory);
        this.reading = vertx.createSharedWorkerExecutor("forelog-tables-read", 2);
        this.thread = new Thread(this::work, "forelog-tables");
        thread.setDaemon(true);
    }

    /** Blocks while the database is opened. */
    static RocksTableStore open(Vertx vertx, Path directory, Ticker ticker) {
        TableDatabase db = TableDatabase.open(directory);
        RocksTableStore store = new RocksTableStore(vertx, directory, ticker, db);
        store.sweep.load(db);
        store.sweepAtNanos = System.nanoTime() + SWEEP_STEP_NANOS;
        store.thread.start();
        return store;
    }

    @Override
    public Future<List<WriteEffect>> apply(List<TableWrite> writes) {
        if (writes.isEmpty()) {
            return Future.succeededFuture(List.of());
        }
        long bytes = 0;
        for (TableWrite write : writes) {
            bytes += write.sizeBytes();
        }
        Request request = new Request(writes, bytes, vertx.getOrCreateContext(), Promise.promise());
        if (closing) {
            return Future.failedFuture(new WalException(ErrorCode.UNAVAILABLE, "the tables are closing"));
        }
        if (waitingBytes.addAndGet(bytes) > BYTES_MAX + bytes || !queue.offer(request)) {
            waitingBytes.addAndGet(-bytes);
            return Future.failedFuture(new WalException(
                    ErrorCode.OVERLOADED, "tables: too much waits (expected: " + REQUESTS_MAX + " requests at most)"));
        }
        if (closing && queue.remove(request)) {
            return Future.failedFuture(new WalException(ErrorCode.UNAVAILABLE, "the tables are closing"));
        }
        return request.promise().future();
    }

    private void work() {
        try {
            while (!closing || !queue.isEmpty()) {
                Request first = queue.poll(200, TimeUnit.MILLISECONDS);
                if (first != null) {
                    writeGroup(first);
                } else {
                    openAgain();
                }
                sweepIfTime();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            closing = true;
            for (Request left = queue.poll(); left != null; left = queue.poll()) {
                left.answer(null, new WalException(ErrorCode.UNAVAILABLE, "the tables are closed"));
            }
            shut();
            closed.tryComplete();
        }
    }

    private void writeGroup(Request first) {
        List<Request> requests = new ArrayList<>();
        int writes = 0;
        long bytes = 0;
        for (Request next = first; next != null; next = queue.poll()) {
            requests.add(next);
            writes += next.writes().size();
            bytes += next.bytes();
            if (writes >= GROUP_WRITES || bytes >= GROUP_BYTES) {
                break;
            }
        }
        waitingBytes.addAndGet(-bytes);
        try {
            if (failNextWrite) {
                failNextWrite = false;
                throw new RocksDBException("failed by a test");
            }
            List<List<WriteEffect>> effects = group.write(opened(), requests);
            trouble.written();
            for (int i = 0; i < requests.size(); i++) {
                requests.get(i).answer(effects.get(i), null);
            }
        } catch (RocksDBException | RuntimeException e) {
            trouble.refused(writes, e);
            WalException told = e instanceof WalException wal
                    ? wal
                    : new WalException(ErrorCode.UNAVAILABLE, "tables: " + e.getMessage(), e);
            requests.forEach(request -> request.answer(null, told));
            shut();
        }
    }

    /** Anew after a failed write: what its memory holds is not what the disk does. */
    private TableDatabase opened() {
        TableDatabase current = db;
        if (current != null) {
            return current;
        }
        lock.writeLock().lock();
        try {
            TableDatabase opened = TableDatabase.open(directory);
            db = opened;
            return opened;
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** Also where nobody writes: a target whose breaker is open only asks, and is answered by an open database alone. */
    private void openAgain() {
        long now = System.nanoTime();
        if (db != null || closing || now - openAtNanos < 0) {
            return;
        }
        openAtNanos = now + OPEN_AGAIN_NANOS;
        try {
            opened();
        } catch (RuntimeException e) {
            LOG.atDebug()
                    .addKeyValue(LogKeys.DATABASE, directory)
                    .addKeyValue(LogKeys.REASON, e.getMessage())
                    .log("tables still can't be opened");
        }
    }

    private void shut() {
        lock.writeLock().lock();
        try {
            if (db != null) {
                db.close();
                db = null;
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    private void sweepIfTime() {
        long now = System.nanoTime();
        TableDatabase current = db;
        if (current == null || now - sweepAtNanos < 0) {
            return;
        }
        sweepAtNanos = now + SWEEP_STEP_NANOS;
        try {
            if (sweep.step(current, ticker.micros())) {
                sweepAtNanos = now + SWEEP_REST_NANOS;
            }
        } catch (RocksDBException | RuntimeException e) {
            sweepAtNanos = now + SWEEP_REST_NANOS;
            LOG.atError()
                    .addKeyValue(LogKeys.DATABASE, directory)
                    .addKeyValue(LogKeys.REASON, e.getMessage())
                    .setCause(e instanceof RocksDBException ? null : e)
                    .log("What the tables have forgotten is not swept; tried again in an hour");
        }
    }

    @Override
    @SuppressWarnings("NullAway") // a lambda's nullable result is not inferred
    public Future<@Nullable Item> get(String table, Buffer id, Buffer key) {
        return read(open -> {
            byte[] prefix = StoredKey.table(table);
            byte[] bytes = open.get(StoredKey.of(prefix, id, key).bytes);
            StoredItem item = bytes == null ? null : StoredItem.of(bytes);
            return item == null || !item.existsAt(ticker.micros()) ? null : item(id, key, item);
        });
    }

    @Override
    public Future<List<Item>> scan(String table, @Nullable Position after, int limit) {
        return read(open -> {
            byte[] prefix = StoredKey.table(table);
            byte[] from = after == null ? prefix : StoredKey.of(prefix, after.id(), after.key()).bytes;
            List<Item> items = new ArrayList<>();
            long now = ticker.micros();
            try (ReadOptions options = new ReadOptions();
                    RocksIterator all = open.iterator(options)) {
                for (all.seek(from); all.isValid() && items.size() < limit; all.next()) {
                    byte[] key = all.key();
                    if (!StoredKey.startsWith(key, prefix)) {
                        break;
                    }
                    StoredItem item = StoredItem.of(all.value());
                    if (item.existsAt(now) && !(after != null && java.util.Arrays.equals(key, from))) {
                        Buffer[] place = StoredKey.split(key, prefix.length);
                        items.add(item(place[0], place[1], item));
                    }
                }
                all.status();
            }
            return items;
        });
    }

    private static Item item(Buffer id, Buffer key, StoredItem item) {
        return new Item(id, key, item.value(), item.metadata(), item.version(), item.expiresMicros());
    }

    /** A read that may throw what RocksDB throws. */
    @FunctionalInterface
    private interface Read<T extends @Nullable Object> {
        T from(TableDatabase open) throws RocksDBException;
    }

    private <T extends @Nullable Object> Future<T> read(Read<T> read) {
        return reading.executeBlocking(
                () -> {
                    lock.readLock().lock();
                    try {
                        TableDatabase open = db;
                        if (open == null) {
                            throw new WalException(ErrorCode.UNAVAILABLE, "the tables are closed");
                        }
                        return read.from(open);
                    } finally {
                        lock.readLock().unlock();
                    }
                },
                false);
    }

    @Override
    @SuppressWarnings("NullAway") // a lambda's nullable result is not inferred
    public Future<Void> backup(Path copy) {
        return this.<Void>read(open -> {
            open.copy(copy);
            return null;
        });
    }

    @Override
    public Future<Void> close() {
        closing = true;
        return closed.future().compose(done -> reading.close());
    }
}

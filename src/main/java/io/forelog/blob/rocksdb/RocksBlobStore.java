package io.forelog.blob.rocksdb;

import io.forelog.blob.BlobStore;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.rocksdb.RocksDBException;

/**
 * The front of one {@link BlobDatabase}: every call runs on one of two named threads, and none meets a closed database.
 * Any context calls it; callers bound what waits for the threads.
 */
final class RocksBlobStore implements BlobStore {
    private final BlobDatabase database;
    private final WorkerExecutor threads;
    private final Ticker ticker;
    private final ReadWriteLock life = new ReentrantReadWriteLock();
    private boolean closed;

    RocksBlobStore(BlobDatabase database, WorkerExecutor threads, Ticker ticker) {
        this.database = database;
        this.threads = threads;
        this.ticker = ticker;
    }

    @Override
    public Future<Void> put(String id, Buffer content) {
        return run(() -> {
            database.put(id, content.getBytes(), ticker.micros());
            return null;
        });
    }

    @Override
    public Future<Optional<Buffer>> get(String id) {
        return run(() -> Optional.ofNullable(database.get(id)).map(Buffer::buffer));
    }

    @Override
    public Future<Void> delete(String id) {
        return run(() -> {
            database.delete(id);
            return null;
        });
    }

    @Override
    public Future<Integer> collect(Duration age, int most) {
        return run(() -> database.collect(ticker.micros() - age.toNanos() / 1_000L, most));
    }

    @Override
    public Future<Void> close() {
        return threads.executeBlocking(
                () -> {
                    life.writeLock().lock();
                    try {
                        if (!closed) {
                            closed = true;
                            database.close();
                        }
                    } finally {
                        life.writeLock().unlock();
                    }
                    return null;
                },
                false);
    }

    private <T> Future<T> run(Callable<T> what) {
        return threads.executeBlocking(
                () -> {
                    life.readLock().lock();
                    try {
                        if (closed) {
                            throw new WalException(ErrorCode.UNAVAILABLE, "embedded blob store: closed");
                        }
                        return what.call();
                    } catch (RocksDBException e) {
                        throw new WalException(ErrorCode.UNAVAILABLE, "embedded blob store: " + e.getMessage(), e);
                    } finally {
                        life.readLock().unlock();
                    }
                },
                false);
    }
}

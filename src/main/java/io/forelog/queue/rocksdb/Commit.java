package io.forelog.queue.rocksdb;

import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.Set;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * What one write to the database will hold; reused from commit to commit. Owned by the committer thread. Bounded by what
 * the committer drains for one commit.
 */
final class Commit implements AutoCloseable {
    private static final int BUFFER_LEAST = 1 << 20;
    private static final int BUFFER_KEPT = 16 << 20;

    private final Database database;
    private final WriteBatch batch = new WriteBatch();
    private final ByteBuffer key = ByteBuffer.allocateDirect(32);
    private ByteBuffer value = ByteBuffer.allocateDirect(BUFFER_LEAST);
    private final Set<Backlog> touched = new LinkedHashSet<>();
    private boolean sync;
    private long number;
    private long micros;
    private int entries;

    Commit(Database database) {
        this.database = database;
    }

    /** {@code number} ascends from commit to commit, {@code micros} never falls. */
    void begin(long nextNumber, long nowMicros) {
        batch.clear();
        touched.clear();
        sync = false;
        entries = 0;
        number = nextNumber;
        micros = nowMicros;
        if (value.capacity() > BUFFER_KEPT) {
            value = ByteBuffer.allocateDirect(BUFFER_LEAST);
        }
    }

    void at(long nowMicros) {
        micros = nowMicros;
    }

    long number() {
        return number;
    }

    long micros() {
        return micros;
    }

    int entries() {
        return entries;
    }

    void count(int more) {
        entries += more;
    }

    /** Something in it is promised: it must be on the disk before its futures end. */
    void promise() {
        sync = true;
    }

    void touch(Backlog backlog) {
        touched.add(backlog);
    }

    boolean isEmpty() {
        return touched.isEmpty() && batch.count() == 0;
    }

    /** A direct buffer with room for {@code bytes}, to be handed to {@link #putLog}. */
    ByteBuffer value(int bytes) {
        if (value.capacity() < bytes) {
            value = ByteBuffer.allocateDirect(Math.max(bytes, Math.min(value.capacity() * 2, BUFFER_KEPT)));
        }
        return value.clear();
    }

    void putLog(int namespace, long first, ByteBuffer filled) {
        try {
            key.clear().putInt(namespace).putLong(first).flip();
            batch.put(database.handle(Family.LOG), key, filled.flip());
        } catch (RocksDBException e) {
            throw broken(e);
        }
    }

    void put(Family family, byte[] k, byte[] v) {
        try {
            batch.put(database.handle(family), k, v);
        } catch (RocksDBException e) {
            throw broken(e);
        }
    }

    void delete(Family family, byte[] k) {
        try {
            if (family == Family.TIMER) {
                batch.singleDelete(database.handle(family), k);
            } else {
                batch.delete(database.handle(family), k);
            }
        } catch (RocksDBException e) {
            throw broken(e);
        }
    }

    void deleteRange(Family family, byte[] from, byte[] to) {
        try {
            batch.deleteRange(database.handle(family), from, to);
        } catch (RocksDBException e) {
            throw broken(e);
        }
    }

    private static IllegalStateException broken(RocksDBException e) {
        return new IllegalStateException("write batch: " + e.getMessage(), e);
    }

    /** Completes it with the touched backlogs' records and writes it. */
    void write() throws RocksDBException {
        for (Backlog backlog : touched) {
            backlog.complete(this);
        }
        if (batch.count() > 0) {
            database.write(batch, sync);
        }
        touched.forEach(Backlog::committed);
    }

    @Override
    public void close() {
        batch.close();
    }
}

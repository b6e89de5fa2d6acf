package io.forelog.blob.rocksdb;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.rocksdb.CompressionType;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * Three kinds of keys by their first byte: {@code b} id -> content, {@code t} id -> micros when it was put, {@code a} micros
 * and id -> nothing, by which what is old is found without a scan. Blocks: for the threads of this package; RocksDB itself
 * is safe between them. Contents lie in blob files, so that compaction does not copy them.
 */
final class BlobDatabase implements AutoCloseable {
    private static final byte[] NOTHING = {};
    private static final byte CONTENT = 'b';
    private static final byte TIME = 't';
    private static final byte AGE = 'a';

    private final Options options;
    private final RocksDB db;
    private final WriteOptions synced = new WriteOptions().setSync(true);
    private final WriteOptions lazy = new WriteOptions();

    private BlobDatabase(Options options, RocksDB db) {
        this.options = options;
        this.db = db;
    }

    /** @throws WalException CORRUPT where it can't be opened; nothing is repaired */
    static BlobDatabase open(Path directory) {
        RocksDB.loadLibrary();
        Options options = new Options()
                .setCreateIfMissing(true)
                .setWalRecoveryMode(WALRecoveryMode.TolerateCorruptedTailRecords)
                .setWriteBufferSize(16L << 20)
                .setMaxWriteBufferNumber(2)
                .setMaxTotalWalSize(128L << 20)
                .setMaxBackgroundJobs(2)
                .setMaxOpenFiles(128)
                .setCompressionType(CompressionType.LZ4_COMPRESSION)
                .setEnableBlobFiles(true)
                .setMinBlobSize(4_096)
                .setEnableBlobGarbageCollection(true)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                .setKeepLogFileNum(4);
        try {
            Files.createDirectories(directory);
            return new BlobDatabase(options, RocksDB.open(options, directory.toString()));
        } catch (RocksDBException | IOException e) {
            options.close();
            throw new WalException(ErrorCode.CORRUPT, "blobs in " + directory + ": " + e.getMessage(), e);
        }
    }

    /** Durable when it returns. */
    void put(String id, byte[] content, long micros) throws RocksDBException {
        byte[] name = name(id);
        try (WriteBatch batch = new WriteBatch()) {
            forget(name, batch);
            batch.put(key(CONTENT, name), content);
            batch.put(key(TIME, name), time(micros));
            batch.put(age(micros, name), NOTHING);
            db.write(synced, batch);
        }
    }

    byte @Nullable [] get(String id) throws RocksDBException {
        return db.get(key(CONTENT, name(id)));
    }

    void delete(String id) throws RocksDBException {
        try (WriteBatch batch = new WriteBatch()) {
            forget(name(id), batch);
            db.write(lazy, batch);
        }
    }

    private void forget(byte[] name, WriteBatch batch) throws RocksDBException {
        byte[] before = db.get(key(TIME, name));
        if (before != null) {
            batch.delete(age(ByteBuffer.wrap(before).getLong(), name));
            batch.delete(key(TIME, name));
            batch.delete(key(CONTENT, name));
        }
    }

    int collect(long beforeMicros, int most) throws RocksDBException {
        int collected = 0;
        try (WriteBatch batch = new WriteBatch();
                ReadOptions reading = new ReadOptions();
                RocksIterator at = db.newIterator(reading)) {
            for (at.seek(new byte[] {AGE}); collected < most && at.isValid(); at.next()) {
                byte[] key = at.key();
                if (key[0] != AGE || ByteBuffer.wrap(key, 1, Long.BYTES).getLong() >= beforeMicros) {
                    break;
                }
                forget(Arrays.copyOfRange(key, 1 + Long.BYTES, key.length), batch);
                collected++;
            }
            db.write(lazy, batch);
        }
        return collected;
    }

    @Override
    public void close() {
        db.close();
        synced.close();
        lazy.close();
        options.close();
    }

    private static byte[] name(String id) {
        return id.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] key(byte kind, byte[] name) {
        return ByteBuffer.allocate(1 + name.length).put(kind).put(name).array();
    }

    private static byte[] age(long micros, byte[] name) {
        return ByteBuffer.allocate(1 + Long.BYTES + name.length)
                .put(AGE)
                .putLong(micros)
                .put(name)
                .array();
    }

    private static byte[] time(long micros) {
        return ByteBuffer.allocate(Long.BYTES).putLong(micros).array();
    }
}

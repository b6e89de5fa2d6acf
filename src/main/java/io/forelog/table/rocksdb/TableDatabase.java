package io.forelog.table.rocksdb;

import io.forelog.model.ErrorCode;
import io.forelog.model.Folders;
import io.forelog.model.WalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Checkpoint;
import org.rocksdb.CompressionType;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * The RocksDB of the tables and its native handles. Blocks: for threads of this package only. Written by one thread; read
 * by any that keeps it from being closed meanwhile ({@link RocksTableStore}). Its memory is bounded: 32 MiB of cache, 96
 * MiB of write buffers.
 *
 * <p>Recovery tolerates a torn tail, which was never confirmed, and refuses any other damage. Therefore WAL files are not
 * recycled.
 */
final class TableDatabase implements AutoCloseable {
    private static final long MIB = 1L << 20;

    private final RocksDB db;
    private final Options options;
    private final LRUCache cache;
    private final BloomFilter filter;
    private final WriteOptions synced = new WriteOptions().setSync(true);
    private final ReadOptions point = new ReadOptions();

    private TableDatabase(RocksDB db, Options options, LRUCache cache, BloomFilter filter) {
        this.db = db;
        this.options = options;
        this.cache = cache;
        this.filter = filter;
    }

    /** @throws WalException CORRUPT where it can't be opened; nothing is repaired */
    static TableDatabase open(Path directory) {
        RocksDB.loadLibrary();
        LRUCache cache = new LRUCache(32 * MIB);
        BloomFilter filter = new BloomFilter(10, false);
        Options options = new Options()
                .setCreateIfMissing(true)
                .setWalRecoveryMode(WALRecoveryMode.TolerateCorruptedTailRecords)
                .setWriteBufferSize(32 * MIB)
                .setMaxWriteBufferNumber(3)
                .setMaxTotalWalSize(256 * MIB)
                .setMaxBackgroundJobs(2)
                .setMaxOpenFiles(512)
                .setCompressionType(CompressionType.LZ4_COMPRESSION)
                .setLevelCompactionDynamicLevelBytes(true)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                .setKeepLogFileNum(4)
                .setTableFormatConfig(new BlockBasedTableConfig()
                        .setBlockCache(cache)
                        .setFilterPolicy(filter)
                        .setCacheIndexAndFilterBlocks(true)
                        .setPinL0FilterAndIndexBlocksInCache(true));
        try {
            Folders.make(directory);
            return new TableDatabase(RocksDB.open(options, directory.toString()), options, cache, filter);
        } catch (RocksDBException | IOException e) {
            options.close();
            filter.close();
            cache.close();
            throw new WalException(ErrorCode.CORRUPT, "tables in " + directory + ": " + e.getMessage(), e);
        }
    }

    /** Null where there is nothing. */
    byte @Nullable [] get(byte[] key) throws RocksDBException {
        return db.get(point, key);
    }

    /** In the order of {@code keys}, null where there is nothing. */
    List<byte @Nullable []> get(List<byte[]> keys) throws RocksDBException {
        return db.multiGetAsList(point, keys);
    }

    /** Durable when it returns. */
    void write(WriteBatch batch) throws RocksDBException {
        db.write(synced, batch);
    }

    /** The caller closes it. What it reads stays out of the cache. */
    RocksIterator iterator(ReadOptions reading) {
        return db.newIterator(reading.setFillCache(false));
    }

    /** Files that don't change any more are linked, where {@code copy} lies on the same disk; the rest is copied. */
    void copy(Path copy) throws RocksDBException {
        try (Checkpoint checkpoint = Checkpoint.create(db)) {
            Files.createDirectories(copy.toAbsolutePath().getParent());
            checkpoint.createCheckpoint(copy.toString());
        } catch (IOException e) {
            throw new WalException(ErrorCode.UNAVAILABLE, "backup " + copy + ": " + e, e);
        }
    }

    @Override
    public void close() {
        db.close();
        options.close();
        synced.close();
        point.close();
        filter.close();
        cache.close();
    }
}

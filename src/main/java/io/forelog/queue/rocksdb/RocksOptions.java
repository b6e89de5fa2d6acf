package io.forelog.queue.rocksdb;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.RocksDB;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBufferManager;

/**
 * How the databases are tuned, and the native memory they share: a block cache and the write buffers charged to it, so
 * that all of it is bounded whatever their number. Measured in docs/adr/0003. Any thread.
 */
final class RocksOptions implements AutoCloseable {
    private static final long MIB = 1L << 20;
    private static final long CACHE_BYTES = 160 * MIB;
    private static final long WRITE_BUFFERS_BYTES = 112 * MIB;
    private static final long WAL_BYTES = 192 * MIB;
    private static final long LOG_BUFFER_BYTES = 48 * MIB;
    private static final long SMALL_BUFFER_BYTES = 16 * MIB;
    private static final int OPEN_FILES = 512;
    private static final int WAL_FILES_RECYCLED = 4;

    static {
        RocksDB.loadLibrary();
    }

    private final Cache cache = new LRUCache(CACHE_BYTES);
    private final WriteBufferManager buffers = new WriteBufferManager(WRITE_BUFFERS_BYTES, cache);
    private final BloomFilter bloom = new BloomFilter(10);

    private final boolean direct;

    /** {@code folder}: exists; what lies below it is written past the page cache where its file system can. */
    RocksOptions(Path folder) {
        this.direct = takesDirectIo(folder);
    }

    /** Half of the processor time of a commit is the kernel's, for flushing through the page cache (ADR 0003). */
    private static boolean takesDirectIo(Path folder) {
        Path probe = folder.resolve(".direct-io");
        try (FileChannel channel = FileChannel.open(
                probe, StandardOpenOption.CREATE, StandardOpenOption.WRITE, ExtendedOpenOption.DIRECT)) {
            return channel.isOpen();
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        } finally {
            try {
                Files.deleteIfExists(probe);
            } catch (IOException e) {
                // It is empty, and written anew at the next start.
            }
        }
    }

    DBOptions database() {
        return new DBOptions()
                .setCreateIfMissing(true)
                .setCreateMissingColumnFamilies(true)
                .setWalRecoveryMode(WALRecoveryMode.PointInTimeRecovery)
                .setRecycleLogFileNum(WAL_FILES_RECYCLED)
                .setMaxTotalWalSize(WAL_BYTES)
                .setWriteBufferManager(buffers)
                .setMaxBackgroundJobs(2)
                .setUseDirectIoForFlushAndCompaction(direct)
                .setMaxOpenFiles(OPEN_FILES)
                .setKeepLogFileNum(2)
                .setStatsDumpPeriodSec(0)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL);
    }

    List<ColumnFamilyDescriptor> families() {
        List<ColumnFamilyDescriptor> families = new ArrayList<>();
        families.add(new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, family(Family.META)));
        for (Family family : Family.values()) {
            families.add(new ColumnFamilyDescriptor(family.bytes(), family(family)));
        }
        return families;
    }

    private ColumnFamilyOptions family(Family family) {
        BlockBasedTableConfig table = new BlockBasedTableConfig()
                .setBlockCache(cache)
                .setCacheIndexAndFilterBlocks(true)
                .setBlockSize(16 << 10);
        ColumnFamilyOptions options = new ColumnFamilyOptions().setCompressionType(CompressionType.NO_COMPRESSION);
        if (family == Family.LOG) {
            // Written in order and dropped in order: there is little that compaction could win.
            options.setWriteBufferSize(LOG_BUFFER_BYTES)
                    .setLevel0FileNumCompactionTrigger(40)
                    .setLevel0SlowdownWritesTrigger(120)
                    .setLevel0StopWritesTrigger(160);
        } else {
            options.setWriteBufferSize(SMALL_BUFFER_BYTES);
        }
        if (family == Family.TOKEN || family == Family.IDS) {
            table.setFilterPolicy(bloom);
        }
        return options.setTableFormatConfig(table);
    }

    @Override
    public void close() {
        buffers.close();
        cache.close();
        bloom.close();
    }
}

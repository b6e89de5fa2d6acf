package io.forelog.table.rocksdb;

import io.forelog.observe.LogKeys;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * That the tables can't be written: one line when it begins or becomes another trouble, one when it is over, with the writes that were
 * refused meanwhile. A full disk refuses thousands a second. The writing thread's.
 */
final class Trouble {
    private static final Logger LOG = LoggerFactory.getLogger(Trouble.class);

    private final Path directory;
    private String kind = "";
    private long refused;
    private long sinceNanos;

    Trouble(Path directory) {
        this.directory = directory;
    }

    /** {@code writes} were refused, all of one group. A stack only where it is not the disk's or RocksDB's doing. */
    void refused(int writes, Exception failure) {
        RocksDBException disk = disk(failure);
        String now = disk == null ? failure.getClass().getName() : kind(disk);
        if (kind.isEmpty()) {
            refused = 0;
            sinceNanos = System.nanoTime();
        }
        refused += writes;
        if (now.equals(kind)) {
            return;
        }
        kind = now;
        LOG.atError()
                .addKeyValue(LogKeys.DATABASE, directory)
                .addKeyValue(LogKeys.COUNT, writes)
                .addKeyValue(LogKeys.REASON, failure.getMessage())
                .setCause(disk == null ? failure : null)
                .log("The tables can't be written: what targets write there is refused and tried again until they can");
    }

    void written() {
        if (kind.isEmpty()) {
            return;
        }
        kind = "";
        LOG.atInfo()
                .addKeyValue(LogKeys.DATABASE, directory)
                .addKeyValue(LogKeys.COUNT, refused)
                .addKeyValue(LogKeys.MILLIS, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - sinceNanos))
                .log("The tables are written again; so many writes were refused meanwhile");
    }

    private static @Nullable RocksDBException disk(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof RocksDBException disk) {
                return disk;
            }
        }
        return null;
    }

    /** Not its text, which may name another file each time. */
    private static String kind(RocksDBException failure) {
        return failure.getStatus() == null
                ? "rocksdb"
                : failure.getStatus().getCode() + "/" + failure.getStatus().getSubCode();
    }
}

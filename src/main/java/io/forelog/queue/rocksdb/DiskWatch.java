package io.forelog.queue.rocksdb;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the free space of the file system. Below the low mark appends are refused, until there is a fifth more again;
 * below the critical one the ballast is freed, so that deliveries can go on. {@link #check} runs on a worker; any
 * thread asks.
 */
final class DiskWatch {
    private static final Logger LOG = LoggerFactory.getLogger(DiskWatch.class);
    private static final long GIB = 1L << 30;

    private final Path ballast;
    private final RocksSettings settings;
    private final LongSupplier free;
    private final long low;
    private volatile long freeBytes;
    private volatile boolean critical;
    private volatile @Nullable WalException refusal;

    DiskWatch(Path folder, RocksSettings settings, LongSupplier free, long totalBytes) {
        this.ballast = folder.resolve("ballast");
        this.settings = settings;
        this.free = free;
        this.low = settings.lowDiskBytes() >= 0
                ? settings.lowDiskBytes()
                : Math.min(Math.max(2 * GIB, totalBytes / 20), 8 * GIB);
    }

    /** Null where appends may go on. */
    @Nullable
    WalException refusal() {
        return refusal;
    }

    boolean isCritical() {
        return critical;
    }

    long freeBytes() {
        return freeBytes;
    }

    void check() {
        long now = free.getAsLong();
        freeBytes = now;
        boolean wasLow = refusal != null;
        boolean isLow = now < (wasLow ? low / 5 * 6 : low);
        if (isLow) {
            refusal = new WalException(
                    ErrorCode.LOW_DISK,
                    "disk of the embedded queue: " + now + " bytes free (expected: at least "
                            + (wasLow ? low / 5 * 6 : low) + ", the low_disk_bytes setting"
                            + (wasLow ? " and a fifth)" : ")"));
        } else {
            refusal = null;
        }
        if (isLow != wasLow) {
            LOG.atError()
                    .addKeyValue(LogKeys.BYTES, now)
                    .addKeyValue(LogKeys.STATE, isLow ? "LOW_DISK" : "SERVING")
                    .log("the disk crossed its low mark");
        }
        critical = now < settings.criticalDiskBytes();
        keepBallast(now);
    }

    private void keepBallast(long now) {
        try {
            if (critical) {
                Files.deleteIfExists(ballast);
            } else if (refusal == null && settings.ballastBytes() > 0 && now > low + 2 * settings.ballastBytes()) {
                fillBallast();
            }
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue(LogKeys.FILE, ballast)
                    .addKeyValue(LogKeys.REASON, e.getMessage())
                    .log("the ballast could not be kept");
        }
    }

    // Written, not only sized: a sparse file frees nothing.
    private void fillBallast() throws IOException {
        if (Files.exists(ballast) && Files.size(ballast) >= settings.ballastBytes()) {
            return;
        }
        byte[] zeros = new byte[1 << 20];
        try (RandomAccessFile file = new RandomAccessFile(ballast.toFile(), "rw")) {
            for (long written = 0; written < settings.ballastBytes(); written += zeros.length) {
                file.write(zeros, 0, (int) Math.min(zeros.length, settings.ballastBytes() - written));
            }
        }
    }
}

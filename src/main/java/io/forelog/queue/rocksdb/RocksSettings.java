package io.forelog.queue.rocksdb;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.util.Map;

/**
 * The node's settings for embedded queues, {@code queues.embedded} in conf/forelog.yaml. Immutable.
 *
 * @param lowDiskBytes appends are refused below it; -1 = min(max(2 GiB, 5 % of the file system), 8 GiB)
 * @param criticalDiskBytes the ballast is freed and settled log dropped below it
 * @param ballastBytes kept on disk to be freed; 0 = none
 * @param throttleEntriesPerSecond for tests of overload; 0 = off
 * @param pendingEntries that may wait for the committer of a database
 * @param pendingBytes that may
 * @param tailBytes of newest entries kept in memory by a database
 */
record RocksSettings(
        long lowDiskBytes,
        long criticalDiskBytes,
        long ballastBytes,
        long throttleEntriesPerSecond,
        long pendingEntries,
        long pendingBytes,
        long tailBytes) {
    private static final long MIB = 1L << 20;

    static RocksSettings of(Map<String, Object> settings) {
        for (String key : settings.keySet()) {
            if (!KEYS.contains(key)) {
                throw new WalException(
                        ErrorCode.INVALID_ARGUMENT,
                        "queues.embedded." + key + ": unknown key (expected: one of " + KEYS + ")");
            }
        }
        return new RocksSettings(
                number(settings, "low_disk_bytes", -1),
                number(settings, "critical_disk_bytes", 512 * MIB),
                number(settings, "ballast_bytes", 64 * MIB),
                number(settings, "throttle_entries_per_second", 0),
                number(settings, "pending_entries", 32_768),
                number(settings, "pending_bytes", 64 * MIB),
                number(settings, "tail_bytes", 32 * MIB));
    }

    private static final java.util.List<String> KEYS = java.util.List.of(
            "low_disk_bytes",
            "critical_disk_bytes",
            "ballast_bytes",
            "throttle_entries_per_second",
            "pending_entries",
            "pending_bytes",
            "tail_bytes");

    private static long number(Map<String, Object> settings, String key, long otherwise) {
        Object value = settings.getOrDefault(key, otherwise);
        if (value instanceof Number number && (number.longValue() >= 0 || number.longValue() == otherwise)) {
            return number.longValue();
        }
        throw new WalException(
                ErrorCode.INVALID_ARGUMENT, "queues.embedded." + key + ": " + value + " (expected: a number >= 0)");
    }
}

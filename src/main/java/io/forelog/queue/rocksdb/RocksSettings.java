package io.forelog.queue.rocksdb;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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
    private static final List<String> UNITS = List.of("KiB", "MiB", "GiB", "TiB");
    private static final Pattern SIZE = Pattern.compile("(\\d{1,6})\\s*(KiB|MiB|GiB|TiB)");

    static RocksSettings of(Map<String, Object> settings) {
        for (String key : settings.keySet()) {
            if (!KEYS.contains(key)) {
                throw new WalException(
                        ErrorCode.INVALID_ARGUMENT,
                        "queues.embedded." + key + ": unknown key (expected: one of " + KEYS + ")");
            }
        }
        return new RocksSettings(
                bytes(settings, "low_disk_bytes", -1),
                bytes(settings, "critical_disk_bytes", 512 * MIB),
                bytes(settings, "ballast_bytes", 64 * MIB),
                number(settings, "throttle_entries_per_second", 0),
                number(settings, "pending_entries", 32_768),
                bytes(settings, "pending_bytes", 64 * MIB),
                bytes(settings, "tail_bytes", 32 * MIB));
    }

    private static final List<String> KEYS = List.of(
            "low_disk_bytes",
            "critical_disk_bytes",
            "ballast_bytes",
            "throttle_entries_per_second",
            "pending_entries",
            "pending_bytes",
            "tail_bytes");

    /** Also as a text, as everywhere in the node's configuration. */
    private static long bytes(Map<String, Object> settings, String key, long otherwise) {
        Object value = settings.get(key);
        Matcher text = SIZE.matcher(value instanceof String said ? said.trim() : "");
        if (text.matches()) {
            int power = 1 + UNITS.indexOf(text.group(2));
            return Long.parseLong(text.group(1)) << 10 * power;
        }
        return number(settings, key, otherwise);
    }

    private static long number(Map<String, Object> settings, String key, long otherwise) {
        Object value = settings.getOrDefault(key, otherwise);
        if (value instanceof Number number && (number.longValue() >= 0 || number.longValue() == otherwise)) {
            return number.longValue();
        }
        throw new WalException(
                ErrorCode.INVALID_ARGUMENT,
                "queues.embedded." + key + ": " + value + " (expected: a number >= 0"
                        + (key.endsWith("_bytes") ? ", or a text such as 10GiB)" : ")"));
    }
}

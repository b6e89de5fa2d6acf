package io.forelog.queue.rocksdb;

import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Receipt;
import io.forelog.model.WalException;
import io.forelog.queue.LogEntry;
import io.forelog.queue.LogRange;
import io.forelog.queue.Page;
import java.util.ArrayList;
import java.util.List;

/** Reads the log again by acceptance time, for replay. The cursor is the last sequence answered. A page ends by its limit or by its bytes. A worker's thread. */
final class LogReader {
    /** An entry is committed at most this long before (another clock reading) or after it was accepted. */
    private static final long BEFORE_MICROS = Finder.LONG_BEFORE_MICROS;

    private static final long AFTER_MICROS = Finder.LONG_AFTER_MICROS;

    private final Database database;

    LogReader(Database database) {
        this.database = database;
    }

    Page<LogEntry> read(int namespace, String name, LogRange range, String cursor, int limit) {
        List<LogEntry> page = new ArrayList<>();
        long bytes = 0;
        long next = cursor.isEmpty() ? 0 : number(cursor) + 1;
        try (LogTimes times = new LogTimes(database, namespace)) {
            IndexRecord record =
                    cursor.isEmpty() ? times.firstFrom(range.fromMicros() - BEFORE_MICROS) : times.holding(next);
            for (; record != null; record = times.next()) {
                if (record.commitMicros() - AFTER_MICROS > range.toMicros()) {
                    break;
                }
                byte[] value =
                        record.readmitted() ? null : database.get(Family.LOG, Keys.log(namespace, record.first()));
                LogChunk chunk = value == null ? null : LogValue.decode(name, record.first(), value);
                if (chunk == null) {
                    continue;
                }
                for (long sequence = Math.max(next, chunk.first); sequence < chunk.end(); sequence++) {
                    Entry entry = chunk.entry(sequence);
                    if (entry.acceptedMicros() >= range.fromMicros() && entry.acceptedMicros() < range.toMicros()) {
                        if (page.size() == limit || bytes >= DeadLetters.PAGE_BYTES) {
                            return new Page<>(page, String.valueOf(sequence - 1));
                        }
                        page.add(new LogEntry(entry, new Receipt(name, 0, sequence)));
                        bytes += entry.sizeBytes();
                    }
                }
            }
        }
        return new Page<>(page, "");
    }

    private static long number(String cursor) {
        try {
            return Long.parseLong(cursor);
        } catch (NumberFormatException e) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT, "cursor: '" + cursor + "' (expected: what a page before answered)", e);
        }
    }
}

package io.forelog.target.opensearch;

import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.target.WriteTime;

/** The external version of a write, the same at every delivery: the larger one wins. Stateless, any thread. */
final class DocumentVersion {
    /** Of the counter in an entry's id, which rises within a millisecond of one edge. */
    private static final int COUNTER_BITS = 11;

    private static final long MICROS_MAX = Long.MAX_VALUE >>> COUNTER_BITS;

    private DocumentVersion() {}

    /**
     * Microseconds since the epoch, until the year 2112, and behind them 11 bits of the entry's id, so that of two writes of the
     * same microsecond and edge the one that was accepted later wins.
     *
     * @throws WalException TARGET_REJECTED where the time of the write can't be used
     */
    static long of(Entry entry) {
        long micros = WriteTime.micros(entry);
        if (micros < 0 || micros > MICROS_MAX) {
            throw new WalException(
                    ErrorCode.TARGET_REJECTED, "write_time: " + micros + " (expected: microseconds of 1970 to 2112)");
        }
        return micros << COUNTER_BITS | entry.id().high() & (1L << COUNTER_BITS) - 1;
    }
}

package io.forelog.target;

import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;

/** The time by which the last write wins. It depends on the entry alone, so that a redelivery has the same. Stateless, any thread. */
public final class WriteTime {
    /** A time further ahead would shadow every later write. */
    private static final long AHEAD_MAX_MICROS = 60_000_000L;

    private WriteTime() {}

    /**
     * The client's time of the original write where there is one, else that of its token, else when the entry was accepted.
     *
     * @throws WalException TARGET_REJECTED where it is more than 60 s ahead of the server
     */
    public static long micros(Entry entry) {
        long micros = entry.writeMicros();
        String from = "write_time";
        if (micros == 0 && entry.token() != null) {
            micros = entry.token().generationMicros();
            from = "idempotency_token.generation_time";
        }
        if (micros == 0) {
            return entry.acceptedMicros();
        }
        if (micros > entry.acceptedMicros() + AHEAD_MAX_MICROS) {
            throw new WalException(
                    ErrorCode.TARGET_REJECTED,
                    from + ": more than 60 s ahead of the server (expected: a time that is past)");
        }
        return micros;
    }
}

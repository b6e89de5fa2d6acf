package io.forelog.target.postgres;

import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;

/** When an entry was written, as the number that the newest write wins by. Stateless, any thread. */
final class WriteVersion {
    private static final long AHEAD_MAX_MICROS = 60_000_000L;

    private WriteVersion() {}

    /**
     * Microseconds since the epoch: the client's time of the original write, else the token's, else when it was accepted.
     *
     * @throws WalException where it is far ahead, since it would shadow every later write
     */
    static long micros(Entry entry) {
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

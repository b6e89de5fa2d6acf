package io.forelog.queue.rocksdb;

import io.forelog.model.EntryId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Idempotency tokens by day: today's and yesterday's are looked up, so each lives 24 to 48 hours. Any reading thread. */
final class Tokens {
    private static final long DAY_MICROS = Duration.ofDays(1).toNanos() / 1_000L;

    private final Database database;

    Tokens(Database database) {
        this.database = database;
    }

    static int day(long micros) {
        return (int) (micros / DAY_MICROS);
    }

    Backlog.@Nullable Token find(int namespace, byte[] hash, long nowMicros) {
        for (int back = 0; back < 2; back++) {
            byte[] value = database.get(Family.TOKEN, Keys.token(namespace, day(nowMicros) - back, hash));
            if (value != null) {
                return decode(value);
            }
        }
        return null;
    }

    static byte[] encode(Backlog.Token token) {
        return ByteBuffer.allocate(24 + token.payloadHash().length)
                .putLong(token.id().high())
                .putLong(token.id().low())
                .putLong(token.sequence())
                .put(token.payloadHash())
                .array();
    }

    private static Backlog.Token decode(byte[] value) {
        ByteBuffer in = ByteBuffer.wrap(value);
        return new Backlog.Token(
                new EntryId(in.getLong(), in.getLong()), in.getLong(), Arrays.copyOfRange(value, 24, value.length));
    }
}

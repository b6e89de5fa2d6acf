package io.forelog.queue.rocksdb;

import io.forelog.model.EntryId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Idempotency tokens by day: today's and yesterday's are looked up, so each lives 24 to 48 hours. Any reading thread. */
final class Tokens {
    static final int HASH_BYTES = 16;

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

    /** Behind the hash the routes; without them it is one of the version that hashed the routes too. */
    static byte[] encode(Backlog.Token token) {
        ByteBuffer out = ByteBuffer.allocate(
                        24 + HASH_BYTES + 2 * token.routes().size())
                .putLong(token.id().high())
                .putLong(token.id().low())
                .putLong(token.sequence())
                .put(token.contentHash());
        token.routes().forEach(route -> out.putShort(route.shortValue()));
        return out.array();
    }

    private static Backlog.Token decode(byte[] value) {
        ByteBuffer in = ByteBuffer.wrap(value);
        EntryId id = new EntryId(in.getLong(), in.getLong());
        long sequence = in.getLong();
        byte[] hash = new byte[HASH_BYTES];
        in.get(hash);
        List<Integer> routes = new ArrayList<>();
        while (in.hasRemaining()) {
            routes.add(in.getShort() & 0xFFFF);
        }
        return new Backlog.Token(id, sequence, hash, routes);
    }
}

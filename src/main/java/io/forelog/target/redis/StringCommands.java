package io.forelog.target.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.forelog.model.Entry;
import io.forelog.target.TimeToLive;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Request;
import java.time.Duration;

/** An item as a string, by plain SET, DEL and PEXPIREAT: what comes last stays. Immutable. */
final class StringCommands implements Commands {
    private static final byte[] PXAT = "PXAT".getBytes(US_ASCII);

    private final Duration ttl;

    /** {@code ttl}: of a PUT that says none; zero = for ever. */
    StringCommands(Duration ttl) {
        this.ttl = ttl;
    }

    @Override
    public Request of(Entry entry, int attempt, byte[] key, long nowMillis, boolean whole) {
        long endMillis = TimeToLive.endMicros(entry, ttl) / 1_000L;
        return switch (entry.operation()) {
            case PUT -> {
                Request set = Request.cmd(Command.SET).arg(key).arg(entry.payload());
                yield endMillis == 0 ? set : set.arg(PXAT).arg(endMillis);
            }
            case DELETE -> Request.cmd(Command.DEL).arg(key);
            case TOUCH -> Request.cmd(Command.PEXPIREAT).arg(key).arg(endMillis);
        };
    }
}

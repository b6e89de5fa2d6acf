package io.forelog.target.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.forelog.model.Entry;
import io.forelog.target.TimeToLive;
import java.time.Duration;

/** An item as a string, by plain SET, DEL and PEXPIREAT: what comes last stays. Immutable. */
final class StringCommands implements Commands {
    private static final byte[] SET = "SET".getBytes(US_ASCII);
    private static final byte[] DEL = "DEL".getBytes(US_ASCII);
    private static final byte[] PEXPIREAT = "PEXPIREAT".getBytes(US_ASCII);
    private static final byte[] PXAT = "PXAT".getBytes(US_ASCII);

    private final Duration ttl;

    /** {@code ttl}: of a PUT that says none; zero = for ever. */
    StringCommands(Duration ttl) {
        this.ttl = ttl;
    }

    @Override
    public void put(Command command, Entry entry, int attempt, byte[] key, long nowMillis, boolean whole) {
        long endMillis = TimeToLive.endMicros(entry, ttl) / 1_000L;
        switch (entry.operation()) {
            case PUT -> {
                command.name(SET).arg(key).arg(entry.payload());
                if (endMillis != 0) {
                    command.arg(PXAT).arg(endMillis);
                }
            }
            case DELETE -> command.name(DEL).arg(key);
            case TOUCH -> command.name(PEXPIREAT).arg(key).arg(endMillis);
        }
    }
}

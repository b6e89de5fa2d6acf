package io.forelog.target.memcached;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.forelog.model.Entry;
import io.forelog.target.TimeToLive;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;

/**
 * A delivery as a command of the text protocol, which has one line of answer.
 *
 * @param flags stored with each item
 * @param ttl of a PUT that says none; zero = for ever
 */
public record ItemCommand(long flags, Duration ttl) {
    /** Up to thirty days memcached takes a number for a duration; what ended in 1970 has ended. */
    private static final long LEAST_SECONDS = 60L * 60 * 24 * 30;

    /** Nothing is appended where it throws. */
    public void append(Buffer commands, Entry entry, byte[] key) {
        long end = TimeToLive.endMicros(entry, ttl);
        switch (entry.operation()) {
            case PUT -> {
                commands.appendBytes(SET).appendBytes(key);
                text(
                        commands,
                        " " + flags + " " + seconds(end) + " " + entry.payload().length() + "\r\n");
                commands.appendBuffer(entry.payload()).appendBytes(END);
            }
            case DELETE -> commands.appendBytes(DELETE).appendBytes(key).appendBytes(END);
            case TOUCH -> {
                commands.appendBytes(TOUCH).appendBytes(key);
                text(commands, " " + seconds(end) + "\r\n");
            }
        }
    }

    private static final byte[] SET = "set ".getBytes(US_ASCII);
    private static final byte[] DELETE = "delete ".getBytes(US_ASCII);
    private static final byte[] TOUCH = "touch ".getBytes(US_ASCII);
    private static final byte[] END = "\r\n".getBytes(US_ASCII);

    /** A time, rounded up; 0 = never, -1 = at once. */
    private static long seconds(long endMicros) {
        if (endMicros == 0) {
            return 0;
        }
        long seconds = Math.min(Integer.MAX_VALUE, (endMicros + 999_999L) / 1_000_000L);
        return seconds <= LEAST_SECONDS ? -1 : seconds;
    }

    private static void text(Buffer commands, String text) {
        commands.appendBytes(text.getBytes(US_ASCII));
    }
}

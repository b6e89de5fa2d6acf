package io.forelog.target.memcached;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.target.TimeToLive;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.List;

/**
 * A delivery as a command of the text protocol, which has one line of answer.
 *
 * @param flags stored with each item
 * @param ttl of a PUT that says none; zero = for ever
 */
public record ItemCommand(long flags, Duration ttl) {
    /** Up to thirty days memcached takes a number for a duration; what ended in 1970 has ended. */
    private static final long LEAST_SECONDS = 60L * 60 * 24 * 30;

    /** Of a command without key and payload, with a prefix or a template's text in the key. */
    private static final int LINE_BYTES = 64;
    /** What is allocated at once: beyond it a buffer grows as it must. */
    private static final int BYTES_MAX = 8 << 20;

    /** Nothing is appended where it throws. */
    public void append(Buffer commands, Entry entry, byte[] key) {
        long end = TimeToLive.endMicros(entry, ttl);
        switch (entry.operation()) {
            case PUT -> {
                commands.appendBytes(SET).appendBytes(key);
                number(commands, flags);
                number(commands, seconds(end));
                number(commands, entry.payload().length());
                commands.appendBytes(END).appendBuffer(entry.payload()).appendBytes(END);
            }
            case DELETE -> commands.appendBytes(DELETE).appendBytes(key).appendBytes(END);
            case TOUCH -> {
                commands.appendBytes(TOUCH).appendBytes(key);
                number(commands, seconds(end));
                commands.appendBytes(END);
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

    /** Behind a blank. */
    private static void number(Buffer commands, long number) {
        if (number >= 0 && number <= 9) {
            commands.appendByte((byte) ' ').appendByte((byte) ('0' + number));
        } else {
            commands.appendByte((byte) ' ').appendBytes(Long.toString(number).getBytes(US_ASCII));
        }
    }

    /** About what the commands of {@code batch} are large, for a buffer that need not grow. */
    public static int bytes(List<Delivery> batch) {
        long bytes = 0;
        for (Delivery delivery : batch) {
            bytes += LINE_BYTES
                    + delivery.entry().key().length()
                    + delivery.entry().payload().length();
        }
        return (int) Math.min(BYTES_MAX, bytes);
    }
}

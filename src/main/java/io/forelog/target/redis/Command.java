package io.forelog.target.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;

/**
 * One command as Redis reads it: gathered, then written behind others, so that what can't be one leaves nothing behind. Used again for
 * each command of a batch, by one thread.
 */
final class Command {
    private static final byte[] END = {'\r', '\n'};
    private static final int DIGITS_MAX = 20;

    /** byte[] or Buffer. */
    private final List<Object> words = new ArrayList<>();

    private final byte[] line = new byte[DIGITS_MAX + 3];

    /** Begins; what was gathered before is forgotten. */
    Command name(byte[] name) {
        words.clear();
        return arg(name);
    }

    Command arg(byte[] word) {
        words.add(word);
        return this;
    }

    /** Read when the command is written. */
    Command arg(Buffer word) {
        words.add(word);
        return this;
    }

    Command arg(String word) {
        return arg(word.getBytes(UTF_8));
    }

    Command arg(long number) {
        return arg(Long.toString(number).getBytes(US_ASCII));
    }

    void appendTo(Buffer commands) {
        count(commands, '*', words.size());
        for (Object word : words) {
            if (word instanceof byte[] octets) {
                count(commands, '$', octets.length);
                commands.appendBytes(octets);
            } else if (word instanceof Buffer buffer) {
                count(commands, '$', buffer.length());
                commands.appendBuffer(buffer);
            }
            commands.appendBytes(END);
        }
    }

    private void count(Buffer commands, char kind, int count) {
        int at = line.length;
        line[--at] = '\n';
        line[--at] = '\r';
        int left = count;
        do {
            line[--at] = (byte) ('0' + left % 10);
            left /= 10;
        } while (left > 0);
        line[--at] = (byte) kind;
        commands.appendBytes(line, at, line.length - at);
    }
}

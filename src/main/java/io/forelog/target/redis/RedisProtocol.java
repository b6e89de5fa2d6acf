package io.forelog.target.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.forelog.target.Pipeline;
import io.vertx.core.buffer.Buffer;

/**
 * Redis's replies (RESP 2). Of a reply that is no error nothing is kept but that it came; of an error its words behind the minus sign.
 * Stateless, any thread.
 */
final class RedisProtocol implements Pipeline.Protocol {
    /** Stands for all replies that are no error. No error is empty. */
    static final String OK = "";

    /** The code of what is no reply. */
    static final String UNREADABLE = "UNREADABLE";

    private static final int NOT_YET = -1;

    @Override
    public int end(Buffer data, int from) {
        int end = from;
        for (int left = 1; left > 0; left--) {
            if (end >= data.length()) {
                return NOT_YET;
            }
            byte kind = data.getByte(end);
            int line = lineEnd(data, end);
            if (line < 0) {
                return NOT_YET;
            }
            if (kind == '$') {
                int length = number(data, end + 1, line);
                line += length < 0 ? 0 : length + 2;
            } else if (kind == '*') {
                left += Math.max(0, number(data, end + 1, line));
            }
            end = line;
        }
        return end <= data.length() ? end : NOT_YET;
    }

    @Override
    public String reply(Buffer data, int from, int end) {
        return switch (data.getByte(from)) {
            case '+', ':', '$', '*' -> OK;
            case '-' -> data.getString(from + 1, end - 2, UTF_8.name());
            default -> UNREADABLE + " reply: " + data.getString(from, end, UTF_8.name());
        };
    }

    @Override
    public boolean inStep(String reply) {
        return !reply.startsWith(UNREADABLE);
    }

    /** Who may not PING may still write. */
    @Override
    public boolean welcomes(String reply) {
        return reply.equals(OK) || reply.startsWith("NOPERM ") && reply.contains("'ping'");
    }

    /** Behind the line that begins at {@code from}; -1 where its end has not come yet. */
    private static int lineEnd(Buffer data, int from) {
        for (int i = from + 1; i < data.length(); i++) {
            if (data.getByte(i) == '\n') {
                return i + 1;
            }
        }
        return NOT_YET;
    }

    /** What stands before the end of the line; a length that is none counts as nothing, and what follows is then unreadable. */
    private static int number(Buffer data, int from, int line) {
        int number = 0;
        for (int i = from; i < line - 2; i++) {
            int digit = data.getByte(i) - '0';
            if (digit < 0 || digit > 9 || number > Integer.MAX_VALUE / 20) {
                return NOT_YET;
            }
            number = number * 10 + digit;
        }
        return number;
    }
}

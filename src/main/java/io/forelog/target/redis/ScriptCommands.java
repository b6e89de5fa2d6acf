package io.forelog.target.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.WalException;
import io.forelog.target.TimeToLive;
import io.forelog.target.WriteTime;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.Arrays;

/**
 * An item as a string, as a hash, or as one field of a hash, changed by a script, so that value, end and version change as one.
 * Immutable.
 */
final class ScriptCommands implements Commands {
    private static final byte[] EVAL = "EVAL".getBytes(US_ASCII);
    private static final byte[] EVALSHA = "EVALSHA".getBytes(US_ASCII);
    private static final byte[] PUT = {'P'};
    private static final byte[] DELETE = {'D'};
    private static final byte[] TOUCH = {'T'};
    private static final byte[] NEVER = {'0'};
    private static final byte[] NOTHING = {};
    private static final byte[] SUFFIX = ":forelog".getBytes(US_ASCII);
    /** Where versions of fields have the field behind it. */
    private static final byte[] INNER = ":forelog:".getBytes(US_ASCII);

    private static final byte[] HEX = "0123456789abcdef".getBytes(US_ASCII);

    /** What a value becomes. */
    enum Value {
        STRING,
        HASH,
        FIELD
    }

    private final Value value;
    private final byte[] field;
    private final boolean versioned;
    private final Duration ttl;
    private final long tombstoneMillis;
    private final ItemScript script;

    /**
     * @param field of FIELD
     * @param ttl of a PUT that says none; zero = for ever
     */
    ScriptCommands(Value value, String field, boolean versioned, Duration ttl, Duration tombstones) {
        this.value = value;
        this.field = field.getBytes(UTF_8);
        this.versioned = versioned;
        this.ttl = ttl;
        this.tombstoneMillis = tombstones.toMillis();
        this.script = switch (value) {
            case STRING -> ItemScript.string(versioned);
            case HASH -> ItemScript.hash(versioned);
            case FIELD -> ItemScript.field(versioned);
        };
    }

    @Override
    public void put(Command command, Entry entry, int attempt, byte[] key, long nowMillis, boolean whole) {
        long endMicros = TimeToLive.endMicros(entry, ttl);
        command.name(whole ? EVAL : EVALSHA).arg(whole ? script.text() : script.sha());
        command.arg(versioned ? 2L : 1L).arg(key);
        if (versioned) {
            command.arg(versionKey(key));
        }
        command.arg(operation(entry.operation())).arg(versioned ? version(entry) : NOTHING);
        if (endMicros == 0) {
            command.arg(NEVER);
        } else {
            command.arg(Math.max(1L, endMicros / 1_000L));
        }
        command.arg(nowMillis + tombstoneMillis);
        if (value == Value.FIELD) {
            command.arg(field);
        }
        if (entry.operation() == Operation.PUT) {
            if (value == Value.HASH) {
                HashFields.of(entry.payload()).forEach(command::arg);
            } else {
                command.arg(entry.payload());
            }
        }
    }

    private static byte[] operation(Operation operation) {
        return switch (operation) {
            case PUT -> PUT;
            case DELETE -> DELETE;
            case TOUCH -> TOUCH;
        };
    }

    /**
     * Beside the item, and in its slot of a cluster: what a key has in braces decides where it lies, else the whole of it. No two items have
     * the same, and no item has its name.
     *
     * @throws WalException TARGET_REJECTED where the item's name makes that impossible
     */
    private byte[] versionKey(byte[] key) {
        int close = tagEnd(key);
        if (endsIn(key, key.length, SUFFIX) || value == Value.FIELD && holds(key, INNER)) {
            throw new WalException(
                    ErrorCode.TARGET_REJECTED,
                    "key: holds :forelog (expected: an item's name that does not end in it"
                            + (value == Value.FIELD ? ", nor holds :forelog:," : ",") + " where versions lie)");
        }
        if (close < 0 && holdsClose(key)) {
            throw new WalException(
                    ErrorCode.TARGET_REJECTED,
                    "key: } without what Redis Cluster takes for a tag, {…} (expected: one, or no }: the version would be another"
                            + " item's)");
        }
        Buffer name = Buffer.buffer(key.length + field.length + 24);
        if (close < 0) {
            name.appendByte((byte) '{').appendBytes(key).appendByte((byte) '}');
        } else {
            name.appendBytes(key);
        }
        if (close == key.length - 1 && key[0] == '{') {
            name.appendBytes(SUFFIX); // all of it is in braces: what the version of the item without them is called
        }
        name.appendBytes(SUFFIX);
        if (value == Value.FIELD) {
            name.appendByte((byte) ':').appendBytes(field);
        }
        return name.getBytes();
    }

    /** Where the first braces that have something between them end; -1 where there are none. */
    private static int tagEnd(byte[] key) {
        int open = 0;
        while (open < key.length && key[open] != '{') {
            open++;
        }
        int close = open + 1;
        while (close < key.length && key[close] != '}') {
            close++;
        }
        return close < key.length && close > open + 1 ? close : -1;
    }

    private static boolean holdsClose(byte[] key) {
        for (byte octet : key) {
            if (octet == '}') {
                return true;
            }
        }
        return false;
    }

    private static boolean holds(byte[] key, byte[] part) {
        for (int end = part.length; end <= key.length; end++) {
            if (endsIn(key, end, part)) {
                return true;
            }
        }
        return false;
    }

    private static boolean endsIn(byte[] key, int end, byte[] part) {
        return end >= part.length && Arrays.equals(key, end - part.length, end, part, 0, part.length);
    }

    /** Texts that sort as the versions do: the time of the write, then the entry's id. */
    private static byte[] version(Entry entry) {
        byte[] text = new byte[48];
        hex(WriteTime.micros(entry), text, 0);
        hex(entry.id().high(), text, 16);
        hex(entry.id().low(), text, 32);
        return text;
    }

    private static void hex(long bits, byte[] text, int at) {
        for (int i = 0; i < 16; i++) {
            text[at + i] = HEX[(int) (bits >>> (60 - 4 * i)) & 0xF];
        }
    }
}

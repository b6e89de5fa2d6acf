package io.forelog.table.rocksdb;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The place of an item: table, id and item key as one byte string that sorts as the three do. Immutable.
 *
 * <pre>  length of table (1 byte, never 0) | table | id with 00 as 00 FF | 00 01 | item key  </pre>
 *
 * What begins with 0 is the store's own.
 */
final class StoredKey {
    private static final int TABLE_MAX = 255;

    final byte[] bytes;
    private final int hash;

    private StoredKey(byte[] bytes) {
        this.bytes = bytes;
        this.hash = Arrays.hashCode(bytes);
    }

    static byte[] table(String table) {
        byte[] name = table.getBytes(StandardCharsets.UTF_8);
        if (name.length == 0 || name.length > TABLE_MAX) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT, "table: '" + table + "' (expected: 1 to " + TABLE_MAX + " bytes)");
        }
        byte[] prefix = new byte[1 + name.length];
        prefix[0] = (byte) name.length;
        System.arraycopy(name, 0, prefix, 1, name.length);
        return prefix;
    }

    /** {@code table}: what {@link #table} answered. */
    static StoredKey of(byte[] table, Buffer id, Buffer key) {
        int zeros = 0;
        int idLength = id.length();
        byte[] plain = id.getBytes();
        for (byte b : plain) {
            zeros += b == 0 ? 1 : 0;
        }
        int keyLength = key.length();
        byte[] bytes = Arrays.copyOf(table, table.length + idLength + zeros + 2 + keyLength);
        int at = table.length;
        for (byte b : plain) {
            bytes[at++] = b;
            if (b == 0) {
                bytes[at++] = (byte) 0xFF;
            }
        }
        bytes[at] = 0;
        bytes[at + 1] = 1;
        if (keyLength > 0) {
            key.getBytes(bytes, at + 2);
        }
        return new StoredKey(bytes);
    }

    /** The id and the item key in {@code bytes}, which lie in a table whose prefix is that long. */
    static Buffer[] split(byte[] bytes, int prefix) {
        byte[] id = new byte[bytes.length - prefix];
        int length = 0;
        int at = prefix;
        while (bytes[at] != 0 || bytes[at + 1] != 1) {
            id[length++] = bytes[at];
            at += bytes[at] == 0 ? 2 : 1;
        }
        return new Buffer[] {
            Buffer.buffer(Arrays.copyOf(id, length)), Buffer.buffer(Arrays.copyOfRange(bytes, at + 2, bytes.length))
        };
    }

    static boolean startsWith(byte[] bytes, byte[] prefix) {
        return bytes.length >= prefix.length && Arrays.equals(bytes, 0, prefix.length, prefix, 0, prefix.length);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof StoredKey key && hash == key.hash && Arrays.equals(bytes, key.bytes);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}

package io.forelog.table.rocksdb;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.table.TableWrite;
import io.forelog.table.Version;
import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What is stored of one item: two registers, each last-write-wins. The first holds the value or its tombstone, the second the
 * end that a newer TOUCH set. Two, so that PUT, DELETE and TOUCH of one item come to the same in every order. Immutable;
 * the array is nobody else's.
 *
 * <pre>
 *   format 1 | flags | version (16) | end or forget (8) | [touch version (16) | touch end (8)] | metadata length (4) | metadata | value
 * </pre>
 */
final class StoredItem {
    private static final byte FORMAT = 1;
    private static final int VALUE = 1;
    private static final int TOMBSTONE = 2;
    private static final int TOUCHED = 4;
    private static final int HEAD = 2 + 16 + 8;
    private static final int TOUCH = 16 + 8;

    private final byte[] bytes;
    private final ByteBuffer view;

    private StoredItem(byte[] bytes) {
        this.bytes = bytes;
        this.view = ByteBuffer.wrap(bytes);
    }

    static StoredItem of(byte[] bytes) {
        if (bytes.length < HEAD + 4 || bytes[0] != FORMAT) {
            throw new WalException(
                    ErrorCode.CORRUPT,
                    "stored item: format " + (bytes.length == 0 ? "missing" : bytes[0]) + " (expected: " + FORMAT
                            + ")");
        }
        return new StoredItem(bytes);
    }

    /** {@code current} with {@code write} in it; null where it has no effect. */
    static @Nullable StoredItem merge(@Nullable StoredItem current, TableWrite write) {
        if (write.kind() == TableWrite.Kind.TOUCH) {
            return touch(current, write);
        }
        if (current != null && write.version().compareTo(current.version()) <= 0) {
            return null;
        }
        boolean put = write.kind() == TableWrite.Kind.PUT;
        byte[] touch = touchNewerThan(write.version(), current);
        boolean keepTouch = touch.length > 0;
        int metadata = put ? write.metadata().length() : 0;
        int value = put ? write.value().length() : 0;
        int head = HEAD + touch.length + 4;
        byte[] bytes = new byte[head + metadata + value];
        ByteBuffer out = ByteBuffer.wrap(bytes);
        out.put(FORMAT).put((byte) ((put ? VALUE : TOMBSTONE) | (keepTouch ? TOUCHED : 0)));
        version(out, write.version());
        out.putLong(put ? write.expiresMicros() : write.forgetMicros());
        out.put(touch);
        out.putInt(metadata);
        if (metadata > 0) {
            write.metadata().getBytes(bytes, head);
        }
        if (value > 0) {
            write.value().getBytes(bytes, head + metadata);
        }
        return new StoredItem(bytes);
    }

    /** The second register, where it has the last word; else nothing. */
    private static byte[] touchNewerThan(Version version, @Nullable StoredItem current) {
        return current != null && current.touched() && current.touchVersion().compareTo(version) > 0
                ? Arrays.copyOfRange(current.bytes, HEAD, HEAD + TOUCH)
                : new byte[0];
    }

    /** Kept even where there is no value yet: its PUT may come later. */
    private static @Nullable StoredItem touch(@Nullable StoredItem current, TableWrite write) {
        if (current == null) {
            ByteBuffer out = ByteBuffer.allocate(HEAD + TOUCH + 4).put(FORMAT).put((byte) TOUCHED);
            version(out, Version.NONE);
            out.putLong(write.forgetMicros());
            version(out, write.version());
            out.putLong(write.expiresMicros()).putInt(0);
            return new StoredItem(out.array());
        }
        if (write.version().compareTo(current.version()) <= 0
                || current.touched() && write.version().compareTo(current.touchVersion()) <= 0) {
            return null;
        }
        int rest = current.restOffset();
        ByteBuffer out = ByteBuffer.allocate(HEAD + TOUCH + current.bytes.length - rest);
        out.put(FORMAT).put((byte) (current.bytes[1] | TOUCHED)).put(current.bytes, 2, HEAD - 2);
        version(out, write.version());
        out.putLong(write.expiresMicros());
        out.put(current.bytes, rest, current.bytes.length - rest);
        return new StoredItem(out.array());
    }

    private static void version(ByteBuffer out, Version version) {
        out.putLong(version.micros()).putLong(version.sequence());
    }

    byte[] bytes() {
        return bytes;
    }

    /** Of the value or its tombstone; {@link Version#NONE} where only a TOUCH has come. */
    Version version() {
        return new Version(view.getLong(2), view.getLong(10));
    }

    /** The largest that it has seen. */
    Version newest() {
        return touched() && touchVersion().compareTo(version()) > 0 ? touchVersion() : version();
    }

    private boolean touched() {
        return (bytes[1] & TOUCHED) != 0;
    }

    private Version touchVersion() {
        return new Version(view.getLong(HEAD), view.getLong(HEAD + 8));
    }

    /** 0 = never. */
    long expiresMicros() {
        boolean newer = touched() && touchVersion().compareTo(version()) > 0;
        return newer ? view.getLong(HEAD + 16) : view.getLong(18);
    }

    boolean existsAt(long micros) {
        return (bytes[1] & VALUE) != 0 && (expiresMicros() == 0 || expiresMicros() > micros);
    }

    /** From when on nothing of it needs to be kept; Long.MAX_VALUE = never. {@code keepMicros}: what expired is kept on. */
    long forgetMicros(long keepMicros) {
        if ((bytes[1] & VALUE) == 0) {
            return view.getLong(18);
        }
        return expiresMicros() == 0 ? Long.MAX_VALUE : expiresMicros() + keepMicros;
    }

    private int restOffset() {
        return HEAD + (touched() ? TOUCH : 0);
    }

    Buffer metadata() {
        int from = restOffset() + 4;
        return slice(from, from + view.getInt(restOffset()));
    }

    Buffer value() {
        return slice(restOffset() + 4 + view.getInt(restOffset()), bytes.length);
    }

    private Buffer slice(int from, int to) {
        return Buffer.buffer(Arrays.copyOfRange(bytes, from, to));
    }
}

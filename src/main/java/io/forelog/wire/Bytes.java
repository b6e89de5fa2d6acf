package io.forelog.wire;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.buffer.BufferInternal;

/**
 * Moves between byte types without copying. What goes in must not be changed any more: entries are immutable.
 * Heap memory only, so that nothing has to be released.
 */
public final class Bytes {
    public static final Buffer EMPTY = Buffer.buffer(0);

    private Bytes() {}

    /** A view of {@code bytes}. */
    public static Buffer view(ByteString bytes) {
        return bytes.isEmpty() ? EMPTY : BufferInternal.buffer(Unpooled.wrappedBuffer(bytes.asReadOnlyByteBuffer()));
    }

    /** A view of {@code bytes}. */
    public static Buffer view(byte[] bytes) {
        return bytes.length == 0 ? EMPTY : BufferInternal.buffer(Unpooled.wrappedBuffer(bytes));
    }

    /** A view of part of {@code bytes}. */
    public static Buffer view(byte[] bytes, int offset, int length) {
        return length == 0 ? EMPTY : BufferInternal.buffer(Unpooled.wrappedBuffer(bytes, offset, length));
    }

    /** A view of {@code buffer}. */
    public static ByteString string(Buffer buffer) {
        if (buffer.length() == 0) {
            return ByteString.EMPTY;
        }
        return UnsafeByteOperations.unsafeWrap(netty(buffer).nioBuffer());
    }

    /** Copies all of {@code buffer} into {@code array} at {@code offset}. */
    static void copy(Buffer buffer, byte[] array, int offset) {
        ByteBuf from = netty(buffer);
        from.getBytes(from.readerIndex(), array, offset, buffer.length());
    }

    private static ByteBuf netty(Buffer buffer) {
        return ((BufferInternal) buffer).getByteBuf();
    }
}

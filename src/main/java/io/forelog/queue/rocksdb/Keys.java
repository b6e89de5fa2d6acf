package io.forelog.queue.rocksdb;

import io.forelog.model.EntryId;
import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/** The keys, big-endian behind the namespace's number, so that bytes sort as their fields do. Stateless, any thread. */
final class Keys {
    static final int BUCKET_BITS = 12;
    private static final int LANE_KEY_MAX = 64;
    private static final int HASHED = 0xFF;

    private Keys() {}

    /** LOG and INDEX. */
    static byte[] log(int namespace, long first) {
        return ByteBuffer.allocate(12).putInt(namespace).putLong(first).array();
    }

    static byte[] trail(int namespace, long bucket, long commit) {
        return ByteBuffer.allocate(20)
                .putInt(namespace)
                .putLong(bucket)
                .putLong(commit)
                .array();
    }

    /** TIMER ({@code due}) and DEAD ({@code died}). */
    static byte[] timed(int namespace, int route, long micros, long sequence) {
        return ByteBuffer.allocate(22)
                .putInt(namespace)
                .putShort((short) route)
                .putLong(micros)
                .putLong(sequence)
                .array();
    }

    static byte[] lane(int namespace, int route, byte[] laneKey, long due, long sequence) {
        return ByteBuffer.allocate(22 + laneKey.length)
                .putInt(namespace)
                .putShort((short) route)
                .put(laneKey)
                .putLong(due)
                .putLong(sequence)
                .array();
    }

    /** What all of a route's timers, lanes and dead letters begin with. */
    static byte[] route(int namespace, int route) {
        return ByteBuffer.allocate(6).putInt(namespace).putShort((short) route).array();
    }

    static byte[] lanePrefix(int namespace, int route, byte[] laneKey) {
        return ByteBuffer.allocate(6 + laneKey.length)
                .putInt(namespace)
                .putShort((short) route)
                .put(laneKey)
                .array();
    }

    /** A key as LANE holds it: its length before it, and a hash in place of a long one. */
    static byte[] laneKey(Buffer key) {
        byte[] bytes = key.getBytes();
        byte[] kept = bytes.length <= LANE_KEY_MAX ? bytes : sha256().digest(bytes);
        byte[] laneKey = new byte[kept.length + 1];
        laneKey[0] = (byte) (kept == bytes ? bytes.length : HASHED);
        System.arraycopy(kept, 0, laneKey, 1, kept.length);
        return laneKey;
    }

    /** With the sequence, since what was readmitted has the same id. */
    static byte[] id(int namespace, EntryId id, int route, long sequence) {
        return ByteBuffer.allocate(30)
                .putInt(namespace)
                .putLong(id.high())
                .putLong(id.low())
                .putShort((short) route)
                .putLong(sequence)
                .array();
    }

    static byte[] idPrefix(int namespace, EntryId id) {
        return Arrays.copyOf(id(namespace, id, 0, 0), 20);
    }

    static byte[] token(int namespace, int day, byte[] tokenHash) {
        return ByteBuffer.allocate(8 + tokenHash.length)
                .putInt(namespace)
                .putInt(day)
                .put(tokenHash)
                .array();
    }

    static byte[] namespace(int namespace) {
        return ByteBuffer.allocate(4).putInt(namespace).array();
    }

    static byte[] registry(String name) {
        return ("n" + name).getBytes(StandardCharsets.UTF_8);
    }

    static byte[] state(int namespace) {
        return ByteBuffer.allocate(5).put((byte) 's').putInt(namespace).array();
    }

    /** The first key behind all that begin with {@code prefix}. */
    static byte[] after(byte[] prefix) {
        byte[] end = prefix.clone();
        for (int i = end.length - 1; i >= 0; i--) {
            if (++end[i] != 0) {
                return Arrays.copyOf(end, i + 1);
            }
        }
        throw new IllegalArgumentException("nothing sorts behind a key of 0xFF alone");
    }

    static long longAt(byte[] key, int offset) {
        return ByteBuffer.wrap(key).getLong(offset);
    }

    static int routeOf(byte[] key, int offset) {
        return ByteBuffer.wrap(key).getShort(offset) & 0xFFFF;
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}

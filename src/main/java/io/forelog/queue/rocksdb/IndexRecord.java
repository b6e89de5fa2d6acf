package io.forelog.queue.rocksdb;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;

/**
 * What INDEX tells of one value of LOG without reading it. Immutable.
 *
 * @param idLow the smallest {@link io.forelog.model.EntryId#high()} in it, {@code idHigh} the largest
 * @param immediate obligations that lie in the log itself, by route
 */
record IndexRecord(
        long first,
        int count,
        long commitMicros,
        int bytes,
        long idLow,
        long idHigh,
        boolean readmitted,
        Map<Integer, Integer> immediate) {
    private static final byte VERSION = 1;

    long end() {
        return first + count;
    }

    byte[] encode() {
        ByteBuffer out = ByteBuffer.allocate(36 + 6 * immediate.size());
        out.put(VERSION)
                .put((byte) (readmitted ? 1 : 0))
                .putInt(count)
                .putLong(commitMicros)
                .putInt(bytes);
        out.putLong(idLow).putLong(idHigh).putShort((short) immediate.size());
        immediate.forEach((route, n) -> out.putShort(route.shortValue()).putInt(n));
        return out.array();
    }

    static IndexRecord decode(long first, byte[] value) {
        ByteBuffer in = ByteBuffer.wrap(value);
        in.get();
        boolean readmitted = in.get() == 1;
        int count = in.getInt();
        long commitMicros = in.getLong();
        int bytes = in.getInt();
        long idLow = in.getLong();
        long idHigh = in.getLong();
        Map<Integer, Integer> immediate = new TreeMap<>();
        for (int left = in.getShort(); left > 0; left--) {
            immediate.put(in.getShort() & 0xFFFF, in.getInt());
        }
        return new IndexRecord(first, count, commitMicros, bytes, idLow, idHigh, readmitted, immediate);
    }
}

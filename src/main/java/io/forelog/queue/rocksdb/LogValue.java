package io.forelog.queue.rocksdb;

import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.wire.EnvelopeCodec;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The packed value of LOG: version, flags, count, commit time, checksum of all that follows; then per entry its id, flags
 * and length; then the envelopes. Stateless, any thread.
 */
final class LogValue {
    static final byte VERSION = 1;
    private static final int HEADER_BYTES = 1 + 1 + 4 + 8 + 4;
    private static final int CRC_AT = 14;
    private static final int ROW_BYTES = 16 + 1 + 4;
    private static final byte READMITTED = 1;
    private static final byte SCHEDULED = 1;

    private LogValue() {}

    static int size(int count, long envelopeBytes) {
        return Math.toIntExact(HEADER_BYTES + (long) count * ROW_BYTES + envelopeBytes);
    }

    /** Into {@code out} at its position; {@code scheduled} as in {@link LogChunk#scheduled}. */
    static void encode(
            List<EntryId> ids,
            List<byte[]> envelopes,
            long[] scheduled,
            boolean readmitted,
            long commitMicros,
            ByteBuffer out) {
        int count = envelopes.size();
        int start = out.position();
        out.put(VERSION)
                .put(readmitted ? READMITTED : 0)
                .putInt(count)
                .putLong(commitMicros)
                .putInt(0);
        for (int i = 0; i < count; i++) {
            EntryId id = ids.get(i);
            boolean later = scheduled.length != 0 && (scheduled[i >> 6] >>> i & 1) != 0;
            out.putLong(id.high()).putLong(id.low()).put(later ? SCHEDULED : 0);
            out.putInt(envelopes.get(i).length);
        }
        for (int i = 0; i < count; i++) {
            out.put(envelopes.get(i));
        }
        ByteBuffer checked = out.duplicate().position(start + HEADER_BYTES).limit(out.position());
        out.putInt(start + CRC_AT, checksum(checked));
    }

    private static int checksum(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    /** Null where the value is damaged. Entries are views of {@code value}. */
    static @Nullable LogChunk decode(String namespace, long first, byte[] value) {
        ByteBuffer in = checked(value);
        if (in == null) {
            return null;
        }
        boolean readmitted = (in.get(1) & READMITTED) != 0;
        int count = in.getInt(2);
        Entry[] entries = new Entry[count];
        long[] scheduled = new long[(count + 63) >> 6];
        boolean any = false;
        int at = HEADER_BYTES + count * ROW_BYTES;
        for (int i = 0; i < count; i++) {
            int row = HEADER_BYTES + i * ROW_BYTES;
            int length = in.getInt(row + 17);
            entries[i] = EnvelopeCodec.decode(namespace, value, at, length);
            at += length;
            if ((in.get(row + 16) & SCHEDULED) != 0) {
                scheduled[i >> 6] |= 1L << i;
                any = true;
            }
        }
        return new LogChunk(
                first,
                count,
                in.getLong(6),
                readmitted,
                entries,
                any ? scheduled : new long[0],
                value.length,
                Map.of());
    }

    /** One entry found by id. */
    record Found(int index, Entry entry, boolean scheduled) {}

    /** Null where it is not in this value, or the value is damaged. */
    static @Nullable Found find(String namespace, EntryId id, byte[] value) {
        ByteBuffer in = checked(value);
        if (in == null || (in.get(1) & READMITTED) != 0) {
            return null;
        }
        int count = in.getInt(2);
        int at = HEADER_BYTES + count * ROW_BYTES;
        for (int i = 0; i < count; i++) {
            int row = HEADER_BYTES + i * ROW_BYTES;
            int length = in.getInt(row + 17);
            if (in.getLong(row) == id.high() && in.getLong(row + 8) == id.low()) {
                return new Found(
                        i, EnvelopeCodec.decode(namespace, value, at, length), (in.get(row + 16) & SCHEDULED) != 0);
            }
            at += length;
        }
        return null;
    }

    private static @Nullable ByteBuffer checked(byte[] value) {
        ByteBuffer in = ByteBuffer.wrap(value);
        if (value.length < HEADER_BYTES || value[0] < 1 || value[0] > VERSION) {
            return null;
        }
        ByteBuffer rest = in.duplicate().position(HEADER_BYTES);
        return checksum(rest) == in.getInt(CRC_AT) ? in : null;
    }
}

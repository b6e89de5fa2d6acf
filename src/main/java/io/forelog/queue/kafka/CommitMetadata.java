package io.forelog.queue.kafka;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is committed beside the watermark: the route's {@link Books} of the partition, whether its owner left nothing on its way
 * (clean), who that was, and the settled runs above the watermark. Base64 of: version, flags, owner (4 bytes), the
 * counters behind their number, then for each run its distance from the end of the one before and its length, as varints. At most
 * {@value #CHARS_MAX} characters, never cut: {@link OffsetWindow#mayRead} sees to it. Immutable, any thread.
 *
 * @param clean nothing that was taken of the partition was still on its way
 * @param owner hash of the node's id
 * @param runs start to end (exclusive) of what is settled above the watermark, ascending
 */
record CommitMetadata(boolean clean, int owner, Books books, Map<Long, Long> runs) {
    /** The broker refuses over 4,096 by default. */
    static final int CHARS_MAX = 3_000;

    private static final byte VERSION = 1;
    private static final int CLEAN = 1;
    private static final int COUNTERS_MAX = 64;

    /** The text to commit at {@code watermark}. */
    static String encode(boolean clean, int owner, Books books, long watermark, Map<Long, Long> runs) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(64 + 3 * runs.size());
        out.write(VERSION);
        out.write(clean ? CLEAN : 0);
        for (int shift = 24; shift >= 0; shift -= 8) {
            out.write(owner >>> shift);
        }
        long[] counts = books.toArray();
        varint(out, counts.length);
        for (long count : counts) {
            varint(out, count);
        }
        long last = watermark;
        for (Map.Entry<Long, Long> run : runs.entrySet()) {
            varint(out, run.getKey() - last);
            varint(out, run.getValue() - run.getKey());
            last = run.getValue();
        }
        return Base64.getUrlEncoder().withoutPadding().encodeToString(out.toByteArray());
    }

    /** Null where {@code text} is empty, or not of a version known here: ignored, as if there were none. */
    static @Nullable CommitMetadata decode(@Nullable String text, long watermark) {
        if (text == null || text.isEmpty()) {
            return null;
        }
        try {
            Reader in = new Reader(Base64.getUrlDecoder().decode(text));
            if (in.next() != VERSION) {
                return null;
            }
            boolean clean = (in.next() & CLEAN) != 0;
            int owner = 0;
            for (int i = 0; i < 4; i++) {
                owner = owner << 8 | in.next();
            }
            long[] counts = new long[Math.min(COUNTERS_MAX, Math.toIntExact(in.varint()))];
            for (int i = 0; i < counts.length; i++) {
                counts[i] = in.varint();
            }
            return new CommitMetadata(clean, owner, Books.of(counts), in.runs(watermark));
        } catch (IllegalArgumentException | ArithmeticException | ArrayIndexOutOfBoundsException e) {
            return null; // another's
        }
    }

    /** How many characters all but the runs take, at most one too many. */
    static int headerChars(Books books) {
        int bytes = 7;
        for (long count : books.toArray()) {
            bytes += size(count);
        }
        return chars(bytes);
    }

    /** How many characters {@code runs} take, at most one too many. */
    static int runChars(long watermark, Map<Long, Long> runs) {
        int bytes = 0;
        long last = watermark;
        for (Map.Entry<Long, Long> run : runs.entrySet()) {
            bytes += size(run.getKey() - last) + size(run.getValue() - run.getKey());
            last = run.getValue();
        }
        return chars(bytes);
    }

    private static int chars(int bytes) {
        return (bytes * 4 + 2) / 3 + 1;
    }

    private static int size(long value) {
        return value == 0 ? 1 : (70 - Long.numberOfLeadingZeros(value)) / 7;
    }

    private static void varint(ByteArrayOutputStream out, long value) {
        long left = value;
        while ((left & ~0x7FL) != 0) {
            out.write((int) (left & 0x7F | 0x80));
            left >>>= 7;
        }
        out.write((int) left);
    }

    /** Bytes one by one. One use. */
    private static final class Reader {
        private final byte[] bytes;
        private int at;

        Reader(byte[] bytes) {
            this.bytes = Arrays.copyOf(bytes, bytes.length);
        }

        int next() {
            return bytes[at++] & 0xFF;
        }

        long varint() {
            long value = 0;
            for (int shift = 0; shift < 64; shift += 7) {
                int b = next();
                value |= (long) (b & 0x7F) << shift;
                if ((b & 0x80) == 0) {
                    return value;
                }
            }
            throw new ArithmeticException("a varint of more than ten bytes");
        }

        Map<Long, Long> runs(long watermark) {
            Map<Long, Long> runs = new TreeMap<>();
            long last = watermark;
            while (at < bytes.length) {
                long from = Math.addExact(last, varint());
                last = Math.addExact(from, varint());
                if (last <= from) {
                    throw new ArithmeticException("a run of no length");
                }
                runs.put(from, last);
            }
            return runs;
        }
    }
}

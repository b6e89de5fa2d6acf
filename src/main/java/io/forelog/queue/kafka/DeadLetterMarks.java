package io.forelog.queue.kafka;

import java.io.ByteArrayOutputStream;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.jspecify.annotations.Nullable;

/**
 * What became of the dead letters in one partition: below the watermark and in the runs none is left; beside it, per route, how
 * many were redriven and how many purged. Committed in the memberless group of the namespace's dead letters, base64 of: version,
 * the counters behind their number, then for each run its distance from the end of the one before and its length, as varints.
 * Owned by one thread.
 */
final class DeadLetterMarks {
    private static final byte VERSION = 1;

    private final OffsetWindow window;
    private final Map<Integer, long[]> counts = new TreeMap<>();

    private DeadLetterMarks(OffsetWindow window) {
        this.window = window;
    }

    /** What is committed; nothing below {@code beginning} is left in any case. */
    static DeadLetterMarks of(@Nullable OffsetAndMetadata committed, long beginning) {
        long watermark = Math.max(beginning, committed == null ? 0 : committed.offset());
        DeadLetterMarks marks = new DeadLetterMarks(new OffsetWindow(watermark));
        if (committed != null) {
            marks.read(committed.metadata(), committed.offset());
        }
        return marks;
    }

    private void read(String text, long committedAt) {
        byte[] bytes;
        try {
            bytes = Base64.getUrlDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            return; // another's
        }
        if (bytes.length == 0 || bytes[0] != VERSION) {
            return;
        }
        int[] at = {1};
        long routes = varint(bytes, at);
        for (long i = 0; i < routes; i++) {
            counts.put((int) varint(bytes, at), new long[] {varint(bytes, at), varint(bytes, at)});
        }
        long last = committedAt;
        while (at[0] < bytes.length) {
            long from = last + varint(bytes, at);
            last = from + varint(bytes, at);
            window.restore(from, last);
        }
    }

    boolean isGone(long offset) {
        return window.isSettled(offset);
    }

    long watermark() {
        return window.watermark();
    }

    /** It is no letter of this namespace, or was carried elsewhere: none from {@code from} to {@code to} (exclusive) is left. */
    void pass(long from, long to) {
        window.restore(from, to);
    }

    void redriven(long offset, int route) {
        window.restore(offset, offset + 1);
        counts.computeIfAbsent(route, id -> new long[2])[0]++;
    }

    void purged(long offset, int route) {
        window.restore(offset, offset + 1);
        counts.computeIfAbsent(route, id -> new long[2])[1]++;
    }

    long redriven(int route) {
        return counts.getOrDefault(route, new long[2])[0];
    }

    long purged(int route) {
        return counts.getOrDefault(route, new long[2])[1];
    }

    boolean fits() {
        return text().length() <= CommitMetadata.CHARS_MAX;
    }

    OffsetAndMetadata committable() {
        return new OffsetAndMetadata(window.watermark(), text());
    }

    private String text() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(VERSION);
        varint(out, counts.size());
        counts.forEach((route, both) -> {
            varint(out, route);
            varint(out, both[0]);
            varint(out, both[1]);
        });
        long last = window.watermark();
        for (Map.Entry<Long, Long> run : window.runs().entrySet()) {
            varint(out, run.getKey() - last);
            varint(out, run.getValue() - run.getKey());
            last = run.getValue();
        }
        return Base64.getUrlEncoder().withoutPadding().encodeToString(out.toByteArray());
    }

    private static void varint(ByteArrayOutputStream out, long value) {
        long left = value;
        while ((left & ~0x7FL) != 0) {
            out.write((int) (left & 0x7F | 0x80));
            left >>>= 7;
        }
        out.write((int) left);
    }

    private static long varint(byte[] bytes, int[] at) {
        long value = 0;
        for (int shift = 0; shift < 64 && at[0] < bytes.length; shift += 7) {
            int b = bytes[at[0]++] & 0xFF;
            value |= (long) (b & 0x7F) << shift;
            if ((b & 0x80) == 0) {
                break;
            }
        }
        return value;
    }
}

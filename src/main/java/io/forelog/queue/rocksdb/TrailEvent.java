package io.forelog.queue.rocksdb;

import io.forelog.model.Failure;
import io.forelog.wire.ObligationCodec;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One thing that happened to an obligation. Both the record of what left the log (the settled window is rebuilt from
 * it) and the history that a user is shown.
 *
 * @param fromLog the obligation lay in the log until then: exactly one such event for each that did
 * @param dueMicros where it went, for a move; 0 = none
 */
record TrailEvent(
        Kind kind,
        int route,
        long sequence,
        boolean fromLog,
        long atMicros,
        long dueMicros,
        @Nullable Failure failure) {
    private static final int FROM_LOG = 0x10;
    private static final int WITH_FAILURE = 0x20;
    private static final int WITH_DUE = 0x40;
    private static final int LOW_MASK = (1 << Keys.BUCKET_BITS) - 1;

    /** What happened. The ordinal is stored: only append. */
    enum Kind {
        DELIVERED,
        RETRIED,
        PARKED,
        DEAD,
        EXPIRED,
        CANCELLED,
        RESCHEDULED,
        REDRIVEN,
        MOVED;

        private static final Kind[] ALL = values();

        boolean ends() {
            return this == DELIVERED || this == DEAD || this == EXPIRED || this == CANCELLED || this == MOVED;
        }
    }

    /** Appends events of one bucket and commit: a growing array, reused. Owned by the committer thread. */
    static final class Writer {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream(256);
        private long base;

        void add(
                Kind kind,
                int route,
                long sequence,
                boolean fromLog,
                long atMicros,
                long dueMicros,
                @Nullable Failure failure) {
            if (out.size() == 0) {
                base = atMicros;
                out.writeBytes(ByteBuffer.allocate(8).putLong(base).array());
            }
            out.write(kind.ordinal()
                    | (fromLog ? FROM_LOG : 0)
                    | (failure != null ? WITH_FAILURE : 0)
                    | (dueMicros != 0 ? WITH_DUE : 0));
            number(route);
            number(sequence & LOW_MASK);
            signed(atMicros - base);
            if (dueMicros != 0) {
                signed(dueMicros - base);
            }
            if (failure != null) {
                signed(failure.atMicros() - base);
                text(failure.code().name());
                text(failure.text());
            }
        }

        byte[] bytes() {
            return out.toByteArray();
        }

        private void text(String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            number(bytes.length);
            out.writeBytes(bytes);
        }

        private void signed(long value) {
            number(value << 1 ^ value >> 63);
        }

        private void number(long value) {
            long rest = value;
            while ((rest & ~0x7FL) != 0) {
                out.write((int) (rest & 0x7F | 0x80));
                rest >>>= 7;
            }
            out.write((int) rest);
        }
    }

    /** All events in a value of TRAIL, in the order in which they happened. */
    static void read(long bucket, byte[] value, Consumer<TrailEvent> each) {
        ByteBuffer in = ByteBuffer.wrap(value);
        long base = in.getLong();
        while (in.hasRemaining()) {
            int head = in.get();
            int route = (int) number(in);
            long sequence = bucket << Keys.BUCKET_BITS | number(in);
            long at = base + signed(in);
            long due = (head & WITH_DUE) != 0 ? base + signed(in) : 0;
            Failure failure = null;
            if ((head & WITH_FAILURE) != 0) {
                failure = new Failure(base + signed(in), ObligationCodec.code(text(in)), text(in));
            }
            each.accept(
                    new TrailEvent(Kind.ALL[head & 0xF], route, sequence, (head & FROM_LOG) != 0, at, due, failure));
        }
    }

    private static String text(ByteBuffer in) {
        byte[] bytes = new byte[(int) number(in)];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static long signed(ByteBuffer in) {
        long value = number(in);
        return value >>> 1 ^ -(value & 1);
    }

    private static long number(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = in.get();
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }
}

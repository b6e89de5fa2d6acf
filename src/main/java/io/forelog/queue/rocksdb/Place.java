package io.forelog.queue.rocksdb;

import java.nio.ByteBuffer;

/**
 * Where an obligation lies: in a delivery the handle by which it is settled, in IDS the way to it. Immutable.
 *
 * @param micros due (TIMER, LANE) or died (DEAD)
 * @param laneKey of LANE, else empty
 */
record Place(Kind kind, long micros, long sequence, byte[] laneKey) {
    private static final byte[] NO_KEY = new byte[0];
    /** That of every obligation that never left the log. */
    static final Place LOG = new Place(Kind.LOG, 0, 0, NO_KEY);

    /** The ordinal is stored: only append. */
    enum Kind {
        LOG,
        TIMER,
        LANE,
        DEAD
    }

    static Place log(long sequence) {
        return new Place(Kind.LOG, 0, sequence, NO_KEY);
    }

    static Place timer(long due, long sequence) {
        return new Place(Kind.TIMER, due, sequence, NO_KEY);
    }

    static Place lane(long due, long sequence, byte[] laneKey) {
        return new Place(Kind.LANE, due, sequence, laneKey);
    }

    static Place dead(long died, long sequence) {
        return new Place(Kind.DEAD, died, sequence, NO_KEY);
    }

    byte[] encode() {
        return ByteBuffer.allocate(17 + laneKey.length)
                .put((byte) kind.ordinal())
                .putLong(micros)
                .putLong(sequence)
                .put(laneKey)
                .array();
    }

    static Place decode(byte[] value) {
        ByteBuffer in = ByteBuffer.wrap(value);
        Kind kind = Kind.values()[in.get()];
        long micros = in.getLong();
        long sequence = in.getLong();
        byte[] laneKey = new byte[in.remaining()];
        in.get(laneKey);
        return new Place(kind, micros, sequence, laneKey);
    }

    /** The key in TIMER, LANE or DEAD. */
    byte[] key(int namespace, int route) {
        return kind == Kind.LANE
                ? Keys.lane(namespace, route, laneKey, micros, sequence)
                : Keys.timed(namespace, route, micros, sequence);
    }

    Family family() {
        return switch (kind) {
            case LOG -> Family.LOG;
            case TIMER -> Family.TIMER;
            case LANE -> Family.LANE;
            case DEAD -> Family.DEAD;
        };
    }
}

package io.forelog.queue.rocksdb;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.WalException;
import io.forelog.wire.EnvelopeCodec;
import io.forelog.wire.ObligationCodec;
import io.forelog.wire.v1.StoredObligation;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The values of TIMER, LANE and DEAD: StoredObligation, sequence and route being in the key. Stateless, any thread. */
final class Obligations {
    private Obligations() {}

    /**
     * What is stored of an obligation outside the log.
     *
     * @param attempts failed ones so far
     * @param storedBytes of the value
     */
    record Stored(
            Entry entry,
            int attempts,
            @Nullable Failure first,
            @Nullable Failure last,
            int redrives,
            long nextMicros,
            int storedBytes) {}

    /** One that was never tried: a delayed entry just accepted. Written by hand, since every delayed entry passes here. */
    static byte[] fresh(byte[] envelope) {
        int length = envelope.length;
        int lengthBytes = (31 - Integer.numberOfLeadingZeros(length | 1)) / 7 + 1;
        byte[] value = new byte[1 + lengthBytes + length];
        ByteBuffer out = ByteBuffer.wrap(value);
        out.put((byte) (StoredObligation.ENTRY_FIELD_NUMBER << 3 | 2));
        int rest = length;
        while (rest > 0x7F) {
            out.put((byte) (rest & 0x7F | 0x80));
            rest >>>= 7;
        }
        out.put((byte) rest).put(envelope);
        return value;
    }

    static byte[] encode(
            Entry entry,
            int attempts,
            @Nullable Failure first,
            @Nullable Failure last,
            int redrives,
            long nextMicros,
            long diedMicros) {
        StoredObligation.Builder stored = StoredObligation.newBuilder()
                .setAttempts(attempts)
                .setRedrives(redrives)
                .setNextMicros(nextMicros)
                .setDiedMicros(diedMicros)
                .setEntry(UnsafeByteOperations.unsafeWrap(EnvelopeCodec.encode(entry)));
        if (first != null) {
            stored.setFirstFailure(ObligationCodec.store(first));
        }
        if (last != null) {
            stored.setLastFailure(ObligationCodec.store(last));
        }
        return stored.build().toByteArray();
    }

    /** CORRUPT where it can't be read. */
    static Stored decode(String namespace, byte[] value) {
        try {
            StoredObligation stored = StoredObligation.parseFrom(value);
            return new Stored(
                    EnvelopeCodec.decode(namespace, stored.getEntry().toByteArray()),
                    stored.getAttempts(),
                    ObligationCodec.load(stored.hasFirstFailure(), stored.getFirstFailure()),
                    ObligationCodec.load(stored.hasLastFailure(), stored.getLastFailure()),
                    stored.getRedrives(),
                    stored.getNextMicros(),
                    value.length);
        } catch (InvalidProtocolBufferException e) {
            throw new WalException(ErrorCode.CORRUPT, "stored obligation: " + e.getMessage(), e);
        }
    }
}

package io.forelog.model;

import java.security.SecureRandom;
import java.util.UUID;

/**
 * The id of an entry: a UUIDv7 (RFC 9562), so that ids made later sort later and an id tells when it was made.
 *
 * @param high the first 8 bytes: 48 bits of milliseconds, version, 12 random bits
 * @param low the last 8 bytes: variant and 62 random bits
 */
public record EntryId(long high, long low) implements Comparable<EntryId> {
    public long millis() {
        return high >>> 16;
    }

    /** @throws WalException INVALID_ARGUMENT where {@code text} is not a UUID */
    public static EntryId parse(String text) {
        try {
            UUID uuid = UUID.fromString(text);
            if (text.length() == 36) {
                return new EntryId(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
            }
        } catch (IllegalArgumentException e) {
            // told below
        }
        throw new WalException(ErrorCode.INVALID_ARGUMENT, "entry id: '" + text + "' (expected: a UUID)");
    }

    @Override
    public int compareTo(EntryId other) {
        int byHigh = Long.compareUnsigned(high, other.high);
        return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
    }

    @Override
    public String toString() {
        return new UUID(high, low).toString();
    }

    /**
     * Makes ids that ascend. Owned by one thread: each edge event loop has its own; the random bits tell
     * those of two loops apart. Within one millisecond the 12 bits behind the version count up.
     */
    public static final class Source {
        private static final long VARIANT = 0x8000_0000_0000_0000L;
        private static final int COUNTER_MAX = 0xFFF;

        private final SecureRandom seed = new SecureRandom();
        private long state = seed.nextLong();
        private long lastMillis;
        private int counter;

        /** {@code millis}: milliseconds since the epoch. */
        public EntryId next(long millis) {
            if (millis > lastMillis) {
                lastMillis = millis;
                counter = (int) (mix() & 0xFF);
            } else if (++counter > COUNTER_MAX) {
                lastMillis++;
                counter = 0;
            }
            long high = (lastMillis << 16) | 0x7000L | counter;
            return new EntryId(high, (mix() >>> 2) | VARIANT);
        }

        // SplitMix64 (Steele, Lea, Flood 2014): ids must be unique, not secret.
        private long mix() {
            long z = state += 0x9E3779B97F4A7C15L;
            z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            return z ^ (z >>> 31);
        }
    }
}

package io.forelog.queue.kafka;

import java.util.List;

/**
 * Which tier an entry waits in, and until when: the largest whose width fits into what is left, so that an entry hops down
 * to its due time in at most 35 hops and one a week. The last second is waited out in the place where the entry is. Stateless, any thread.
 */
final class TierPlan {
    /** A topic whose records wait for about {@code widthMicros} each. */
    enum Tier {
        S1("1s", 1),
        S5("5s", 5),
        S30("30s", 30),
        M2("2m", 120),
        M10("10m", 600),
        H1("1h", 3_600),
        H6("6h", 21_600),
        D1("1d", 86_400),
        D7("7d", 604_800);

        /** As in the topic's name. */
        final String label;

        final long widthMicros;

        Tier(String label, long seconds) {
            this.label = label;
            this.widthMicros = seconds * 1_000_000L;
        }
    }

    /** Where to wait next, and until when (microseconds since the epoch). */
    record Hop(Tier tier, long atMicros) {}

    /** All, narrowest first. */
    static final List<Tier> TIERS = List.of(Tier.values());

    private TierPlan() {}

    /** For an entry that is due later than {@code now}. */
    static Hop next(long nowMicros, long dueMicros) {
        long left = dueMicros - nowMicros;
        for (int i = TIERS.size() - 1; i >= 0; i--) {
            Tier tier = TIERS.get(i);
            if (tier.widthMicros <= left) {
                return new Hop(tier, nowMicros + tier.widthMicros);
            }
        }
        return new Hop(Tier.S1, dueMicros);
    }

    /** At its hop time, so little is left that the entry stays where it is until it is due. */
    static boolean waitsInPlace(long nowMicros, long dueMicros) {
        return dueMicros - nowMicros < Tier.S1.widthMicros;
    }
}

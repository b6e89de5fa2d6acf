package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.queue.kafka.TierPlan.Hop;
import io.forelog.queue.kafka.TierPlan.Tier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class TierPlanTest {
    private static final long NOW = 1_800_000_000_000_000L;
    private static final long WEEK = Tier.D7.widthMicros;

    @Property(tries = 2_000)
    void noDelayTakesMoreThan35HopsAndOneAWeekAndNoneEndsEarly(
            @ForAll @LongRange(min = 1, max = 400L * 86_400_000_000L) long delay,
            @ForAll @LongRange(min = 0, max = 5_000) long lateMicrosAHop) {
        long due = NOW + delay;
        long now = NOW;
        int hops = 0;
        while (true) {
            Hop hop = TierPlan.next(now, due);
            hops++;
            assertThat(hop.atMicros()).isGreaterThan(now).isLessThanOrEqualTo(due);
            now = hop.atMicros() + lateMicrosAHop;
            if (now >= due || TierPlan.waitsInPlace(now, due)) {
                break;
            }
        }
        assertThat(hops).isLessThanOrEqualTo(35 + (int) (delay / WEEK) + 1);
    }

    @Test
    void theLargestTierThatFitsIsTaken() {
        assertThat(TierPlan.next(NOW, NOW + 4_999_999)).isEqualTo(new Hop(Tier.S1, NOW + 1_000_000));
        assertThat(TierPlan.next(NOW, NOW + 5_000_000)).isEqualTo(new Hop(Tier.S5, NOW + 5_000_000));
        assertThat(TierPlan.next(NOW, NOW + 8 * WEEK)).isEqualTo(new Hop(Tier.D7, NOW + WEEK));
    }

    @Test
    void theLastSecondIsWaitedOutInPlace() {
        assertThat(TierPlan.next(NOW, NOW + 300_000)).isEqualTo(new Hop(Tier.S1, NOW + 300_000));
        assertThat(TierPlan.waitsInPlace(NOW, NOW + 999_999)).isTrue();
        assertThat(TierPlan.waitsInPlace(NOW, NOW + 1_000_000)).isFalse();
    }

    @Test
    void aWorstCaseIsExactly35HopsBelowAWeek() {
        long now = NOW;
        long due = NOW + WEEK - 1;
        int hops = 0;
        while (!TierPlan.waitsInPlace(now, due)) {
            now = TierPlan.next(now, due).atMicros();
            hops++;
        }
        assertThat(hops).isEqualTo(35);
    }
}

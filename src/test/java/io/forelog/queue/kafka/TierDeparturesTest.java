package io.forelog.queue.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.queue.HandTicker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.Test;

/** What leaves the tiers together, and what becomes of what can't leave. */
class TierDeparturesTest {
    private static final long SECOND = 1_000_000L;

    private final Map<String, TierDepartures.Place> places = new HashMap<>();
    private final Set<String> ended = new HashSet<>();
    private final TierPartition tier =
            new TierPartition(new TopicPartition("tier", 0), new OffsetWindow(0), new Books());
    private final HandTicker ticker = new HandTicker();
    private final ClusterClock clock = ConsumptionRig.agreeing(ticker);
    private TierDepartures departures = departures(clock);
    private long next;
    private long now = 1_000 * SECOND;

    private TierDepartures departures(ClusterClock by) {
        return new TierDepartures(
                "n1",
                each -> "tier-" + each.label,
                topic -> places.getOrDefault(topic, TierDepartures.Place.THERE),
                ended::contains,
                by);
    }

    private void waits(String to) {
        waits(to, "", "");
    }

    private void waits(String to, String node, String clockSaid) {
        ConsumerRecord<byte[], byte[]> record =
                new ConsumerRecord<>("tier", 0, next, null, ("" + next).getBytes(UTF_8));
        record.headers()
                .add(KafkaRecords.TO, to.getBytes(UTF_8))
                .add(KafkaRecords.NAMESPACE, to.getBytes(UTF_8))
                .add(Tiers.NODE, node.getBytes(UTF_8))
                .add(Tiers.CLOCK, clockSaid.getBytes(UTF_8))
                .add(KafkaRecords.DUE, Long.toString(now).getBytes(UTF_8));
        next++;
        departures.add(tier.waits(record, now));
    }

    /** Transactions until {@code until}, in which what {@code bad} finds is written to none. Where each record went. */
    private Map<String, List<String>> run(long until, Exception why, Predicate<TierDepartures.Departure> bad) {
        Map<String, List<String>> went = new HashMap<>();
        while (now < until) {
            List<TierDepartures.Departure> leaving = departures.next(now);
            if (leaving.isEmpty()) {
                now += SECOND / 10;
            } else if (leaving.stream().anyMatch(bad)) {
                now += SECOND / 100;
                departures.stayed(leaving, new Transactor.Aborted(new KafkaException(why)), now);
            } else {
                departures.left(leaving, now);
                leaving.forEach(each -> went.computeIfAbsent(
                                each.copy() == null ? "" : each.copy().topic(), topic -> new ArrayList<>())
                        .add(new String(each.waiting().record.value(), UTF_8)));
            }
        }
        return went;
    }

    private static boolean is(TierDepartures.Departure each, long offset, String topic) {
        return each.waiting().record.offset() == offset
                && each.copy() != null
                && each.copy().topic().equals(topic);
    }

    @Test
    void oneThatCannotBeReleasedStopsNoOtherAndGoesRoundInTheTiers() {
        for (int i = 0; i < 400; i++) {
            waits("ready");
        }
        Exception tooLarge = new RecordTooLargeException("too large");
        Map<String, List<String>> went = run(now + SECOND, tooLarge, each -> is(each, 7, "ready"));
        assertThat(went.get("ready")).hasSize(399).doesNotContain("7");
        for (int i = 0; i < 100; i++) {
            waits("ready");
            run(now + SECOND / 5, tooLarge, each -> is(each, 7, "ready"))
                    .forEach((topic, its) ->
                            went.computeIfAbsent(topic, t -> new ArrayList<>()).addAll(its));
        }
        assertThat(went.get("ready")).hasSize(499).doesNotContain("7");
        assertThat(went.get("tier-2m")).as("keeps no room in memory").containsExactly("7");
        assertThat(departures.hasTold("ready")).isTrue();
        assertThat(tier.window.taken()).isZero();
    }

    @Test
    void aTopicThatMayNotBeWrittenToHoldsUpNoOtherAndIsWrittenToWhenItMayBe() {
        for (int i = 0; i < 50; i++) {
            waits("denied");
            waits("ready");
        }
        Exception denied = new TopicAuthorizationException("denied");
        Predicate<TierDepartures.Departure> bad =
                each -> each.copy() != null && each.copy().topic().equals("denied");
        Map<String, List<String>> went = run(now + SECOND / 2, denied, bad);
        assertThat(went.get("ready")).hasSize(50);
        assertThat(went).doesNotContainKey("denied");
        assertThat(departures.hasTold("denied")).isTrue();
        assertThat(run(now + 3 * SECOND, denied, each -> false).get("denied")).hasSize(50);
    }

    @Test
    void whatWaitsForATopicThatIsGoneWaitsOnUnlessItsNamespaceHasEnded() {
        places.put("gone", TierDepartures.Place.MISSING);
        places.put("away", TierDepartures.Place.MISSING);
        ended.add("gone");
        waits("gone");
        waits("away");
        waits("ready");
        Map<String, List<String>> went = run(now + SECOND, new IllegalStateException(), each -> false);
        assertThat(went.get("")).as("settled without a copy").containsExactly("0");
        assertThat(went.get("ready")).containsExactly("2");
        assertThat(went).doesNotContainKey("away");
        places.remove("away");
        assertThat(run(now + 10 * SECOND, new IllegalStateException(), each -> false)
                        .get("away"))
                .containsExactly("1");
    }

    /** Due now, as the clock of {@code node} said, of which {@code said} is known to be off by so much; "" = nothing is. */
    private void waitsFor(String node, String said) {
        waits("ready", node, said);
    }

    /** This node's clock. */
    private void isOffBy(long micros) {
        clock.answered(ticker.micros(), (ticker.micros() - micros) / 1_000);
    }

    private List<String> released(long at) {
        return run(at, new IllegalStateException(), each -> false).getOrDefault("ready", List.of());
    }

    @Test
    void whatAnotherNodeAcceptedIsReleasedLaterByAsMuchAsTheClocksAreApart() {
        long due = now;
        isOffBy(300_000);
        waitsFor("n1", "");
        waitsFor("n2", "");
        waitsFor("n2", "-400000");
        waitsFor("n2", "300000");

        assertThat(released(due + 100_000)).containsExactly("0");
        assertThat(released(due + ClusterClock.GUARD_MICROS))
                .as("as far off as this one")
                .isEmpty();
        assertThat(released(due + 350_000)).containsExactly("3");
        assertThat(released(due + 300_000 + ClusterClock.UNTOLD_MICROS)).isEmpty();
        assertThat(released(due + 600_000)).containsExactly("1");
        assertThat(released(due + 700_000)).isEmpty();
        assertThat(released(due + 800_000)).containsExactly("2");
    }

    @Test
    void whatAnotherNodeAcceptedWaitsWhileTheClocksAreCompared() {
        ClusterClock notYet = new ClusterClock("c", "clock", ticker);
        departures = departures(notYet);
        waitsFor("n1", "");
        waitsFor("n2", "");
        assertThat(released(now + 3 * SECOND)).containsExactly("0");

        notYet.answered(ticker.micros(), ticker.millis());
        assertThat(released(now + SECOND)).containsExactly("1");
    }

    @Test
    void aClusterThatIsWrongHoldsUpNothingAmongNodesThatAgree() {
        long due = now;
        isOffBy(5 * SECOND);
        waitsFor("n2", Long.toString(5 * SECOND));

        assertThat(released(due + ClusterClock.GUARD_MICROS + SECOND / 5)).containsExactly("0");
    }

    @Test
    void aNodeThatIsBehindReleasesNothingEarlierForIt() {
        long due = now;
        isOffBy(-5 * SECOND);
        waitsFor("n2", "");

        assertThat(released(due + ClusterClock.GUARD_MICROS)).isEmpty();
        assertThat(released(due + SECOND / 2)).containsExactly("0");
    }

    @Test
    void whereNothingCanBeWrittenNothingIsSentRoundAndAllGoesOnWhenItCan() {
        for (int i = 0; i < 20; i++) {
            waits("ready");
        }
        Map<String, List<String>> went = run(now + 600 * SECOND, new KafkaException("no coordinator"), each -> true);
        assertThat(went).isEmpty();
        assertThat(run(now + 2 * SECOND, new IllegalStateException(), each -> false))
                .containsOnlyKeys("ready");
    }
}

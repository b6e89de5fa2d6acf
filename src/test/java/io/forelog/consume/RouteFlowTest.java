package io.forelog.consume;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.queue.DeadLetter;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RouteFlowTest {
    private final Documents document = new Documents();

    @Test
    void deliversAndSettlesWhatIsThere() {
        PumpRig rig = PumpRig.of(document.of(1));

        rig.append(rig.entries.immediate("a"), rig.entries.immediate("b"));

        assertThat(rig.target.payloads()).containsExactly("a", "b");
        assertThat(rig.tally(1).delivered()).isEqualTo(2);
        assertThat(rig.status(1).inFlight()).isZero();
    }

    @Test
    void neverSendsADelayedEntryEarly() {
        PumpRig rig = PumpRig.of(document.of(1));
        rig.append(rig.entries.delayed("later", Duration.ofSeconds(3)));

        rig.pass(Duration.ofMillis(2_999));
        assertThat(rig.target.arrivals).isEmpty();
        rig.pass(Duration.ofMillis(1));

        assertThat(rig.target.payloads()).containsExactly("later");
    }

    @Test
    void retriesWithGrowingPausesAndThenBuriesWithTheTargetsWords() {
        PumpRig rig = PumpRig.of(document.of(1));
        rig.target.script = delivery -> PumpRig.DOWN;
        rig.append(rig.entries.immediate("a"));

        rig.pass(Duration.ofSeconds(60));

        long first = rig.target.arrivals.get(0).atMicros();
        assertThat(rig.target.arrivals.stream().map(a -> (a.atMicros() - first) / 1_000L))
                .containsExactly(0L, 500L, 1_500L, 3_500L, 7_500L);
        assertThat(rig.target.arrivals.stream().map(a -> a.delivery().attempt()))
                .containsExactly(1, 2, 3, 4, 5);
        DeadLetter letter = rig.deadLetters().get(0);
        assertThat(letter.cause().code()).isEqualTo(ErrorCode.MAX_ATTEMPTS);
        assertThat(letter.cause().text()).isEqualTo("5 attempts, the last: TARGET_UNAVAILABLE: 503 down");
        assertThat(letter.firstFailure().text()).isEqualTo("503 down");
    }

    @Test
    void waitsAsLongAsTheTargetAsks() {
        PumpRig rig = PumpRig.of(document.of(1));
        rig.target.script = delivery -> delivery.attempt() == 1
                ? Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, "503", Duration.ofSeconds(7))
                : Outcome.applied();
        rig.append(rig.entries.immediate("a"));

        rig.pass(Duration.ofMillis(6_990));
        assertThat(rig.target.arrivals).hasSize(1);
        rig.pass(Duration.ofMillis(20));

        assertThat(rig.tally(1).delivered()).isEqualTo(1);
    }

    @Test
    void anOverdueEntryGetsOneAttemptBeforeItDiesOfAge() {
        document.maxAge = Duration.ofHours(1);
        PumpRig rig = PumpRig.of(document.of(1));
        rig.flows.drain();
        rig.append(rig.entries.immediate("old"));
        rig.ticker.turn(Duration.ofDays(2));
        rig.target.script = delivery -> PumpRig.DOWN;

        rig.crash(document.of(1));

        assertThat(rig.target.arrivals).hasSize(1);
        assertThat(rig.deadLetters().get(0).cause().code()).isEqualTo(ErrorCode.MAX_AGE);
    }

    @Test
    void whatItsWriterWantedDeliveredByNowExpiresUntried() {
        PumpRig rig = PumpRig.of(document.of(1));
        rig.flows.drain();
        rig.append(expiring(rig, Duration.ofSeconds(10)));
        rig.ticker.turn(Duration.ofSeconds(10));

        rig.crash(document.of(1));

        assertThat(rig.target.arrivals).isEmpty();
        assertThat(rig.tally(1).expired()).isEqualTo(1);
    }

    private static Entry expiring(PumpRig rig, Duration timeToLive) {
        Entry e = rig.entries.immediate("ttl");
        return new Entry(
                e.id(),
                e.namespace(),
                e.acceptedMicros(),
                e.dueMicros(),
                e.dueMicros() + RetrySchedule.micros(timeToLive),
                0,
                e.routes(),
                "",
                e.key(),
                e.operation(),
                e.priority(),
                e.attributes(),
                e.headers(),
                e.payload(),
                null);
    }

    @Test
    void aRejectedEntryIsBuriedAtOnceAndOthersGoOn() {
        PumpRig rig = PumpRig.of(document.of(1));
        rig.target.script =
                delivery -> delivery.entry().payload().toString().equals("bad") ? PumpRig.BAD : Outcome.applied();

        rig.append(rig.entries.immediate("bad"), rig.entries.immediate("good"));

        assertThat(rig.deadLetters().get(0).cause().text()).isEqualTo("400 bad");
        assertThat(rig.tally(1).delivered()).isEqualTo(1);
    }

    @Test
    void behindAnOpenBreakerNothingIsTakenAndNoAttemptIsSpent() {
        PumpRig rig = PumpRig.of(document.of(1));
        rig.target.script = delivery -> Outcome.deferred("the breaker is open", Duration.ofSeconds(1));
        IntStream.range(0, 2_000).forEach(i -> rig.append(rig.entries.immediate("e" + i)));

        rig.pass(Duration.ofMinutes(10));

        assertThat(rig.status(1).state()).isEqualTo(PumpStatus.State.BREAKER_OPEN);
        assertThat(rig.status(1).inFlight()).isLessThanOrEqualTo(256);
        assertThat(rig.target.arrivals.stream().mapToInt(a -> a.delivery().attempt()))
                .containsOnly(1);
        assertThat(rig.target.arrivals.size()).isLessThan(256 + 4 * 610);

        rig.target.script = delivery -> Outcome.applied();
        rig.pass(Duration.ofSeconds(2));
        assertThat(rig.tally(1).delivered()).isEqualTo(2_000);
    }

    @Test
    void keepsEntryWhenDlqWriteFails() {
        PumpRig rig = PumpRig.of(document.of(1));
        rig.target.script = delivery -> PumpRig.BAD;
        rig.queue.failSettles(true);
        rig.append(rig.entries.immediate("bad"));
        rig.append(rig.entries.immediate("next"));

        rig.pass(Duration.ofMinutes(1));

        assertThat(rig.status(1).state()).isEqualTo(PumpStatus.State.SETTLE_FAILING);
        assertThat(rig.target.payloads()).as("the route does not advance").containsExactly("bad");
        assertThat(rig.tally(1).pending()).isEqualTo(2);

        rig.queue.failSettles(false);
        rig.pass(Duration.ofSeconds(10));
        assertThat(rig.deadLetters()).hasSize(2);
        assertThat(rig.status(1).state()).isEqualTo(PumpStatus.State.RUNNING);
    }

    @Test
    void eachRouteRepeatsOnlyWhatFailedThere() {
        PumpRig rig = PumpRig.of(document.of(1, 2));
        rig.target.script =
                delivery -> delivery.route() == 2 && delivery.attempt() < 3 ? PumpRig.DOWN : Outcome.applied();

        rig.append(rig.entries.routed("both", 1, 2));
        rig.pass(Duration.ofSeconds(10));

        assertThat(rig.target.arrivals.stream().filter(a -> a.target().equals("t1")))
                .hasSize(1);
        assertThat(rig.target.arrivals.stream().filter(a -> a.target().equals("t2")))
                .hasSize(3);
    }

    @Test
    void aSickTargetLeavesOthersTheirShare() {
        PumpRig rig = PumpRig.of(document.of(1, 2));
        rig.target.stalls = true;
        IntStream.range(0, 2_000).forEach(i -> rig.append(rig.entries.routed("sick" + i, 1)));
        assertThat(rig.status(1).inFlight()).isLessThanOrEqualTo(256 - 64);

        rig.target.stalls = false;
        IntStream.range(0, 500).forEach(i -> rig.append(rig.entries.routed("well" + i, 2)));

        assertThat(rig.tally(2).delivered()).isEqualTo(500);
    }

    @Test
    void whatATargetThatLeftWasStillOwedIsBuried() {
        PumpRig rig = PumpRig.of(document.of(1, 2));
        rig.append(rig.entries.make("later", "", Duration.ofSeconds(5), null, 1, 2));

        rig.flows.update(document.of(1));
        rig.pass(Duration.ofSeconds(6));

        assertThat(rig.tally(1).delivered()).isEqualTo(1);
        assertThat(rig.deadLetters().get(0).cause().code()).isEqualTo(ErrorCode.TARGET_GONE);
        assertThat(rig.deadLetters().get(0).cause().text()).startsWith("t2: ");
    }

    @Test
    void aNewPolicyServesWhatIsAlreadyTaken() {
        PumpRig rig = PumpRig.of(document.of(1));
        rig.target.script = delivery -> PumpRig.DOWN;
        rig.append(rig.entries.immediate("a"));

        document.maxAttempts = 2;
        rig.flows.update(document.of(1));
        rig.pass(Duration.ofSeconds(5));

        assertThat(rig.target.arrivals).hasSize(2);
        assertThat(rig.deadLetters()).hasSize(1);
    }

    @Test
    void aWriterThatGivesBackForWantOfASlotIsAskedForLess() {
        PumpRig rig = PumpRig.of(document.of(1));
        rig.target.stalls = true;
        rig.append(IntStream.range(0, 1_000)
                .mapToObj(i -> rig.entries.immediate("e" + i))
                .toArray(Entry[]::new));
        int before = rig.target.waiting();
        int[] count = {0};
        rig.target.script = delivery -> count[0]++ % 16 < 8
                ? Outcome.applied()
                : Outcome.deferred("no slot within PT2S", Duration.ofMillis(50));

        rig.target.answer();
        rig.run();

        assertThat(rig.target.waiting()).isLessThanOrEqualTo(before / 2).isPositive();
        assertThat(rig.status(1).state()).isEqualTo(PumpStatus.State.RUNNING);
    }

    @Test
    void drainingWaitsForWhatIsAtTheTargetAndTakesNothingMore() {
        PumpRig rig = PumpRig.of(document.of(1));
        rig.target.stalls = true;
        rig.append(rig.entries.immediate("a"));

        rig.flows.drain();
        rig.append(rig.entries.immediate("b"));
        assertThat(rig.flows.drained()).isFalse();
        rig.target.answer();
        rig.run();

        assertThat(rig.flows.drained()).isTrue();
        assertThat(rig.target.payloads()).containsExactly("a");
        assertThat(rig.tally(1).delivered()).isEqualTo(1);
    }

    @Test
    void aReplyThatIsShortOfOutcomesProvesNothing() {
        boolean[] broken = {true};
        PumpRig[] world = new PumpRig[1];
        PumpRig rig = PumpRig.of(
                document.of(1),
                Lanes.PARKED_KEYS_MAX,
                (target, deliveries, limit) -> broken[0]
                        ? io.vertx.core.Future.succeededFuture(java.util.List.of(Outcome.applied()))
                        : world[0].target.deliver(target, deliveries, limit));
        world[0] = rig;
        rig.append(rig.entries.immediate("a"), rig.entries.immediate("b"));
        assertThat(rig.tally(1).delivered()).isZero();

        broken[0] = false;
        rig.pass(Duration.ofSeconds(1));

        assertThat(rig.target.payloads()).containsExactly("a", "b");
        assertThat(rig.tally(1).delivered()).isEqualTo(2);
    }

    @Test
    void whatIsAnothersByNowIsNotSentAnyMore() {
        document.order = io.forelog.config.NamespaceDocument.Order.KEY;
        PumpRig rig = PumpRig.of(document.of(1));
        rig.target.script = delivery -> PumpRig.DOWN;
        rig.append(rig.entries.keyed("k", "a"), rig.entries.keyed("k", "b"));
        assertThat(rig.target.payloads()).containsExactly("a");

        rig.queue.takenOver();
        rig.target.script = delivery -> Outcome.applied();
        rig.pass(Duration.ofSeconds(60));

        assertThat(rig.target.payloads()).containsExactly("a");
    }
}

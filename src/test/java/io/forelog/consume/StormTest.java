package io.forelog.consume;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Entry;
import io.forelog.model.Outcome;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StormTest {
    private final Documents document = new Documents();
    private final PumpRig rig = PumpRig.of(document.of(1, 2));

    private void append(int count, Integer... routes) {
        rig.append(IntStream.range(0, count)
                .mapToObj(i -> rig.entries.routed("e" + i, routes))
                .toArray(Entry[]::new));
    }

    @Test
    void aStormOfRejectionsPausesTheRouteBeforeItsBacklogIsBuried() {
        rig.target.script = delivery -> delivery.route() == 1 ? PumpRig.FORBIDDEN : Outcome.applied();
        append(5_000, 1, 2);
        rig.pass(Duration.ofMinutes(30));

        PumpStatus status = rig.status(1);
        assertThat(status.state()).isEqualTo(PumpStatus.State.STORM);
        assertThat(status.reason()).isEqualTo("403 forbidden");
        assertThat(rig.deadLetters()).hasSizeLessThan(StormWatch.LEAST);
        assertThat(rig.tally(2).delivered()).as("the other route goes on").isEqualTo(5_000);
        assertThat(rig.metrics
                        .get("forelog.route.paused")
                        .tags("target", "t1", "outcome", "storm")
                        .gauge()
                        .value())
                .isEqualTo(1);
    }

    @Test
    void anAcceptedProbeOpensTheRouteAgainAndNothingMoreIsBuried() {
        rig.target.script = delivery -> PumpRig.FORBIDDEN;
        append(1_000, 1);
        rig.pass(Duration.ofMinutes(1));
        int buried = rig.deadLetters().size();

        rig.target.script = delivery -> Outcome.applied();
        rig.pass(Duration.ofSeconds(61));

        assertThat(rig.status(1).state()).isEqualTo(PumpStatus.State.RUNNING);
        assertThat(rig.deadLetters()).hasSize(buried);
        assertThat(rig.tally(1).delivered()).isEqualTo(1_000 - buried);
    }

    @Test
    void probesComeEverMoreRarelyUpToOnceAMinute() {
        rig.target.script = delivery -> PumpRig.FORBIDDEN;
        append(1_000, 1);
        int before = rig.target.arrivals.size();

        rig.pass(Duration.ofHours(1));

        int probes = (rig.target.arrivals.size() - before) / RouteGate.PROBES;
        assertThat(probes).isBetween(60, 66);
    }

    @Test
    void aStormOutlivesTheProcessSoThatNothingIsBuriedAnew() {
        rig.target.script = delivery -> delivery.route() == 1 ? PumpRig.FORBIDDEN : Outcome.applied();
        append(1_000, 1);
        append(1, 2); // what was settled is flushed with it
        int buried = rig.deadLetters().size();
        assertThat(rig.kept).containsExactly(java.util.Map.entry("storm:t1", "403 forbidden"));

        rig.flows.close();
        rig.queue = rig.queue.crash();
        rig.start(document.of(1, 2), rig.kept);
        assertThat(rig.status(1).state()).isEqualTo(PumpStatus.State.STORM);
        assertThat(rig.status(1).reason()).isEqualTo("403 forbidden");
        rig.pass(Duration.ofMinutes(10));
        assertThat(rig.deadLetters()).hasSize(buried);

        rig.target.script = delivery -> Outcome.applied();
        rig.pass(Duration.ofSeconds(61));
        assertThat(rig.status(1).state()).isEqualTo(PumpStatus.State.RUNNING);
        assertThat(rig.kept).isEmpty();
        assertThat(rig.tally(1).delivered()).isEqualTo(1_000 - buried);
    }

    @Test
    void aHandEndsTheStormAtOnce() {
        rig.target.script = delivery -> PumpRig.FORBIDDEN;
        append(1_000, 1);
        rig.target.script = delivery -> Outcome.applied();

        rig.flows.applyPauses(rig.flows.pausesWithout("t1"), "t1");
        rig.run();

        assertThat(rig.status(1).state()).isEqualTo(PumpStatus.State.RUNNING);
        assertThat(rig.tally(1).pending()).isZero();
    }

    @Test
    void aFewRejectionsAmongSuccessesAreNoStorm() {
        int[] count = {0};
        rig.target.script = delivery -> count[0]++ % 4 == 0 ? PumpRig.FORBIDDEN : Outcome.applied();
        append(1_000, 1);

        assertThat(rig.status(1).state()).isEqualTo(PumpStatus.State.RUNNING);
        assertThat(rig.deadLetters()).hasSize(250);
    }

    @Test
    void theWindowForgetsWhatIsLongPast() {
        StormWatch watch = new StormWatch();
        IntStream.range(0, 19).forEach(i -> watch.record(true));
        assertThat(watch.reached(0.5)).as("too few to judge").isFalse();
        watch.record(true);
        assertThat(watch.reached(0.5)).isTrue();

        watch.recordCalm(21);
        assertThat(watch.reached(0.5)).isFalse();
        IntStream.range(0, 60).forEach(i -> watch.record(true));
        assertThat(watch.reached(0.6)).isTrue();
        watch.recordCalm(100);
        assertThat(watch.reached(0.01)).isFalse();
    }
}

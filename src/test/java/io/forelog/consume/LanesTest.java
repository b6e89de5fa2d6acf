package io.forelog.consume;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.config.NamespaceDocument.OnOrdered;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LanesTest {
    private final Documents document = new Documents();
    private final Set<String> sickKeys = new HashSet<>();
    /** Payloads that were applied, in order. */
    private final List<String> applied = new ArrayList<>();

    private PumpRig rig;

    @BeforeEach
    void start() {
        document.order = Order.KEY;
        document.maxAttempts = 1_000;
        rig = PumpRig.of(document.of(1));
        rig.target.script = this::answer;
    }

    private Outcome answer(Delivery delivery) {
        if (sickKeys.contains(delivery.entry().key().toString())) {
            return PumpRig.DOWN;
        }
        applied.add(delivery.entry().payload().toString());
        return Outcome.applied();
    }

    private void append(String key, int from, int to) {
        rig.append(IntStream.range(from, to)
                .mapToObj(i -> rig.entries.keyed(key, key + i))
                .toArray(Entry[]::new));
    }

    private List<String> appliedOf(String key) {
        return applied.stream().filter(payload -> payload.startsWith(key)).toList();
    }

    private static List<String> numbered(String key, int to) {
        return IntStream.range(0, to).mapToObj(i -> key + i).toList();
    }

    @Test
    void sendsOnlyOneOfAKeyAtATime() {
        rig.target.stalls = true;
        append("a", 0, 5);
        append("b", 0, 1);

        assertThat(rig.target.payloads()).containsExactly("a0", "b0");
        while (rig.target.waiting() > 0) {
            rig.target.answer();
            rig.run();
        }
        assertThat(appliedOf("a")).isEqualTo(numbered("a", 5));
    }

    @Test
    void aShortFailureIsRetriedInPlaceAndOrderIsKept() {
        int[] failures = {2};
        rig.target.script = delivery -> delivery.entry().payload().toString().equals("a0") && failures[0]-- > 0
                ? PumpRig.DOWN
                : answer(delivery);
        append("a", 0, 4);

        assertThat(rig.status(1).retryingKeys()).isEqualTo(1);
        rig.pass(Duration.ofSeconds(2));

        assertThat(appliedOf("a")).isEqualTo(numbered("a", 4));
        assertThat(rig.target.arrivals.stream().limit(3).map(a -> a.delivery().attempt()))
                .containsExactly(1, 2, 3);
        assertThat(rig.status(1).retryingKeys()).isZero();
        assertThat(rig.status(1).parkedKeys()).isZero();
    }

    @Test
    void aKeyWrittenFasterThanItIsTakenLeavesTheWindowToOthers() {
        rig.target.stalls = true;
        append("hot", 0, 2_000);
        append("b", 0, 30);
        assertThat(rig.target.payloads()).as("the window is the hot key's").containsExactly("hot0");

        rig.target.answer();
        rig.run();
        assertThat(rig.target.payloads()).contains("b0");
        assertThat(rig.status(1).inFlight()).isLessThan(128);

        while (rig.target.waiting() > 0) {
            rig.target.answer();
            rig.run();
        }
        rig.pass(Duration.ofSeconds(1));
        assertThat(appliedOf("hot")).isEqualTo(numbered("hot", 2_000));
        assertThat(appliedOf("b")).isEqualTo(numbered("b", 30));
        assertThat(rig.status(1).parkedKeys()).isZero();
        assertThat(rig.tally(1).pending()).isZero();
    }

    @Test
    void aFailingKeyIsParkedAndHoldsBackItselfAlone() {
        sickKeys.add("a");
        append("a", 0, 10);
        append("b", 0, 100);
        rig.pass(Duration.ofSeconds(5));

        assertThat(appliedOf("b")).isEqualTo(numbered("b", 100));
        assertThat(rig.status(1).parkedKeys()).isEqualTo(1);
        assertThat(rig.status(1).inFlight()).isZero();

        append("a", 10, 40);
        sickKeys.clear();
        rig.pass(Duration.ofMinutes(2));
        assertThat(appliedOf("a")).isEqualTo(numbered("a", 40));
        assertThat(rig.status(1).parkedKeys()).isZero();
        assertThat(rig.tally(1).pending()).isZero();
    }

    @Test
    void whatComesWhileAParkedLaneGoesWaitsBehindIt() {
        sickKeys.add("a");
        append("a", 0, 50);
        rig.pass(Duration.ofSeconds(3));
        sickKeys.clear();
        rig.target.stalls = true;
        for (int i = 50; i < 300; i++) {
            append("a", i, i + 1);
            rig.pass(Duration.ofMillis(20));
            rig.target.answer();
            rig.run();
        }
        rig.target.stalls = false;
        rig.target.answer();
        rig.pass(Duration.ofSeconds(5));

        assertThat(appliedOf("a")).isEqualTo(numbered("a", 300));
        assertThat(rig.status(1).parkedKeys()).isZero();
    }

    @Test
    void aFailingKeyWithManyBehindItIsParkedBeforeItFillsTheWindow() {
        sickKeys.add("sick");
        append("sick", 0, 500);
        append("b", 0, 1);

        assertThat(applied).containsExactly("b0");
        assertThat(rig.target.arrivals.stream().filter(a -> a.payload().startsWith("sick")))
                .as("no second attempt yet")
                .hasSize(1);
        sickKeys.clear();
        rig.pass(Duration.ofSeconds(10));
        assertThat(appliedOf("sick")).isEqualTo(numbered("sick", 500));
        assertThat(rig.status(1).parkedKeys()).isZero();
    }

    @Test
    void lanesGoOnAfterACrash() {
        sickKeys.add("a");
        append("a", 0, 20);
        rig.pass(Duration.ofSeconds(5));
        rig.queue.flush();
        sickKeys.clear();

        rig.crash(document.of(1));
        append("a", 20, 30);
        rig.pass(Duration.ofMinutes(2));

        assertThat(appliedOf("a")).isEqualTo(numbered("a", 30));
        assertThat(rig.tally(1).balanced()).isTrue();
    }

    @Test
    void afterADeadLetterTheKeyGoesOn() {
        document.maxAttempts = 3;
        rig.flows.update(document.of(1));
        rig.target.script =
                delivery -> delivery.entry().payload().toString().equals("a0") ? PumpRig.DOWN : answer(delivery);
        append("a", 0, 3);
        rig.pass(Duration.ofMinutes(1));

        assertThat(rig.deadLetters()).hasSize(1);
        assertThat(applied).containsExactly("a1", "a2");
    }

    @Test
    void whereItHoldsAKeyWaitsBehindWhatWouldBeDeadUntilAHandResumesIt() {
        document.onOrdered = OnOrdered.HOLD;
        rig.flows.update(document.of(1));
        boolean[] healed = {false};
        rig.target.script = delivery ->
                delivery.entry().payload().toString().equals("a0") && !healed[0] ? PumpRig.BAD : answer(delivery);
        append("a", 0, 3);
        append("b", 0, 1);
        rig.pass(Duration.ofDays(1));
        assertThat(applied).containsExactly("b0");
        assertThat(rig.deadLetters()).isEmpty();

        healed[0] = true;
        rig.flows.applyPauses(rig.flows.pausesWithout("t1"), "t1");
        rig.pass(Duration.ofSeconds(1));

        assertThat(applied).containsExactly("b0", "a0", "a1", "a2");
    }

    @Test
    void tooManyParkedKeysStopTheRouteUntilSomeAreGone() {
        rig = PumpRig.of(document.of(1), 50);
        rig.target.script = this::answer;
        for (int key = 0; key < 500; key++) {
            sickKeys.add("k" + key);
            append("k" + key, 0, 1);
        }
        rig.pass(Duration.ofSeconds(30));
        PumpStatus status = rig.status(1);
        assertThat(status.state()).isEqualTo(PumpStatus.State.PARKED_FULL);
        assertThat(status.parkedKeys()).isLessThanOrEqualTo(50 + 256);

        sickKeys.clear();
        rig.pass(Duration.ofMinutes(30));
        assertThat(rig.tally(1).delivered()).isEqualTo(500);
        assertThat(rig.status(1).state()).isEqualTo(PumpStatus.State.RUNNING);
    }

    @Test
    void entriesWithoutAKeyFlowPastAll() {
        sickKeys.add("a");
        append("a", 0, 10);
        rig.append(rig.entries.immediate("free"));

        assertThat(applied).containsExactly("free");
    }
}

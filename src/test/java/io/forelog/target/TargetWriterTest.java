package io.forelog.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.observe.MetricNames;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TargetWriterTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(2);
    private static final Outcome SICK =
            Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, "HTTP 500: out of order", Duration.ZERO);

    private final HandClock clock = new HandClock();
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();

    private TargetWriter writer(ScriptedAdapter adapter, TargetSpec.Limit limit) {
        return new TargetWriter(
                spec(limit),
                adapter,
                clock,
                clock,
                new TargetMeters(metrics, "shop", "hook"),
                new SplittableRandom(7),
                100);
    }

    private static TargetSpec spec(TargetSpec.Limit limit) {
        return new TargetSpec("shop", "hook", "http", 1, List.of(), Map.of(), limit);
    }

    private static TargetSpec.Limit limit(int concurrency, double rate, int batch) {
        return new TargetSpec.Limit(concurrency, rate, TIMEOUT, batch);
    }

    private static List<Outcome.Kind> kinds(Future<List<Outcome>> answer) {
        assertThat(answer.succeeded()).isTrue();
        return answer.result().stream().map(Outcome::kind).toList();
    }

    @Test
    void splitsByTheSmallerOfBothBatchSizesAndKeepsTheOrderOfOutcomes() {
        ScriptedAdapter adapter = new ScriptedAdapter(4);
        TargetWriter writer = writer(adapter, limit(10, 0, 3));
        Future<List<Outcome>> answer = writer.deliver(Deliveries.many(7));

        assertThat(adapter.calls).extracting(call -> call.batch().size()).containsExactly(3, 3, 1);
        adapter.calls.get(2).answer(SICK);
        adapter.calls.get(0).answer(Outcome.applied());
        assertThat(answer.isComplete()).isFalse();
        adapter.calls.get(1).answer(Outcome.rejected(ErrorCode.TARGET_REJECTED, "no", false));

        assertThat(kinds(answer))
                .containsExactly(
                        Outcome.Kind.APPLIED,
                        Outcome.Kind.APPLIED,
                        Outcome.Kind.APPLIED,
                        Outcome.Kind.REJECTED,
                        Outcome.Kind.REJECTED,
                        Outcome.Kind.REJECTED,
                        Outcome.Kind.RETRY);
    }

    @Test
    void neverHasMoreRequestsInFlightThanTheLimit() {
        ScriptedAdapter adapter = new ScriptedAdapter(1);
        TargetWriter writer = writer(adapter, limit(2, 0, 1));
        Future<List<Outcome>> answer = writer.deliver(Deliveries.many(5));

        assertThat(adapter.calls).hasSize(2);
        assertThat(writer.status().waiting()).isEqualTo(3);
        for (int done = 0; done < 5; done++) {
            adapter.calls.get(done).answer(Outcome.applied());
            assertThat(adapter.calls).hasSize(Math.min(5, done + 3));
        }
        assertThat(answer.isComplete()).isTrue();
        assertThat(writer.status().inFlight()).isZero();
    }

    @Test
    void answersTimeoutAndIgnoresTheLateResult() {
        ScriptedAdapter adapter = new ScriptedAdapter(1);
        TargetWriter writer = writer(adapter, limit(1, 0, 1));
        Future<List<Outcome>> first = writer.deliver(Deliveries.many(1));
        clock.advance(TIMEOUT.plusMillis(100));

        assertThat(first.result().get(0)).isInstanceOfSatisfying(Outcome.Retry.class, retry -> {
            assertThat(retry.code()).isEqualTo(ErrorCode.TARGET_TIMEOUT);
            assertThat(retry.text()).contains("PT2S");
        });
        Future<List<Outcome>> second = writer.deliver(Deliveries.many(1));
        adapter.calls.get(0).answer(Outcome.applied());
        assertThat(second.isComplete()).isFalse();
        adapter.calls.get(1).answer(Outcome.applied());
        assertThat(kinds(second)).containsExactly(Outcome.Kind.APPLIED);
        assertThat(writer.status().inFlight()).isZero();
    }

    @Test
    void givesBackWithoutAnAttemptWhatFindsNoSlotInTime() {
        ScriptedAdapter adapter = new ScriptedAdapter(1);
        TargetWriter writer = writer(adapter, limit(1, 0, 1));
        Future<List<Outcome>> answer = writer.deliver(Deliveries.many(3));
        clock.advance(Duration.ofMillis(1_900));
        adapter.calls.get(0).answer(Outcome.applied());
        clock.advance(Duration.ofMillis(300));
        adapter.calls.get(1).answer(Outcome.applied());

        assertThat(kinds(answer)).containsExactly(Outcome.Kind.APPLIED, Outcome.Kind.APPLIED, Outcome.Kind.DEFERRED);
    }

    @Test
    void defersWhatDoesNotFitInItsQueue() {
        ScriptedAdapter adapter = new ScriptedAdapter(1);
        TargetWriter writer = writer(adapter, limit(1, 0, 1));
        writer.deliver(Deliveries.many(100));

        assertThat(kinds(writer.deliver(Deliveries.many(2))))
                .containsExactly(Outcome.Kind.DEFERRED, Outcome.Kind.DEFERRED);
        assertThat(adapter.calls).hasSize(1);
    }

    @Test
    void keepsTheRateOverASecond() {
        ScriptedAdapter adapter = new ScriptedAdapter(1);
        adapter.always = Outcome.applied();
        TargetWriter writer = writer(adapter, limit(50, 20, 1));
        writer.deliver(Deliveries.many(90));
        clock.advance(Duration.ofSeconds(1));

        assertThat(adapter.calls).hasSizeBetween(19, 22);
    }

    @Test
    void opensOnFailuresDefersWithoutAttemptsAndTriesOneBatchFirst() {
        ScriptedAdapter adapter = new ScriptedAdapter(1);
        adapter.always = SICK;
        adapter.probe = Future.failedFuture("connection refused");
        TargetWriter writer = writer(adapter, limit(1, 0, 1));
        assertThat(kinds(writer.deliver(Deliveries.many(15))))
                .containsSequence(Outcome.Kind.RETRY, Outcome.Kind.DEFERRED);
        assertThat(adapter.calls).hasSize(10);
        assertThat(writer.status().breaker()).isEqualTo("open");
        assertThat(writer.status().reason()).contains("out of order");
        assertThat(metrics.get(MetricNames.BREAKER).gauge().value()).isEqualTo(2.0);

        clock.advance(Duration.ofSeconds(20));
        assertThat(adapter.probes).isGreaterThan(3);
        assertThat(kinds(writer.deliver(Deliveries.many(2))))
                .containsExactly(Outcome.Kind.DEFERRED, Outcome.Kind.DEFERRED);
        assertThat(adapter.calls).hasSize(10);

        adapter.probe = Future.succeededFuture();
        adapter.always = null;
        clock.advance(Duration.ofSeconds(6));
        Future<List<Outcome>> trial = writer.deliver(Deliveries.many(3));
        assertThat(writer.status().breaker()).isEqualTo("half_open");
        assertThat(adapter.calls).hasSize(11);
        adapter.always = Outcome.applied();
        adapter.calls.get(10).answer(Outcome.applied());
        assertThat(kinds(trial)).containsOnly(Outcome.Kind.APPLIED);
        assertThat(writer.status().breaker()).isEqualTo("closed");
    }

    @Test
    void opensAgainWhenTheTrialFails() {
        ScriptedAdapter adapter = new ScriptedAdapter(1);
        adapter.always = SICK;
        TargetWriter writer = writer(adapter, limit(1, 0, 1));
        writer.deliver(Deliveries.many(10));
        clock.advance(Duration.ofSeconds(1));
        assertThat(writer.status().breaker()).isEqualTo("half_open");

        assertThat(kinds(writer.deliver(Deliveries.many(3))))
                .containsExactly(Outcome.Kind.RETRY, Outcome.Kind.DEFERRED, Outcome.Kind.DEFERRED);
        assertThat(writer.status().breaker()).isEqualTo("open");
    }

    @Test
    void staysClosedForEntriesThatFailAgainAndAgainWhileOthersGoWell() {
        ScriptedAdapter adapter = new ScriptedAdapter(1);
        TargetWriter writer = writer(adapter, limit(1, 0, 1));
        for (int second = 0; second < 30; second++) {
            adapter.always = Outcome.applied();
            assertThat(kinds(writer.deliver(Deliveries.many(1)))).containsOnly(Outcome.Kind.APPLIED);
            adapter.always = SICK;
            assertThat(kinds(writer.deliver(Deliveries.failedBefore(25)))).containsOnly(Outcome.Kind.RETRY);
            clock.advance(Duration.ofSeconds(1));
        }
        assertThat(writer.status().breaker()).isEqualTo("closed");
        assertThat(kinds(writer.deliver(Deliveries.many(20)))).contains(Outcome.Kind.RETRY);
        assertThat(writer.status().breaker())
                .as("first attempts tell of an outage")
                .isEqualTo("open");
    }

    @Test
    void opensWhereNothingGoesWellThoughAllHadFailedBefore() {
        ScriptedAdapter adapter = new ScriptedAdapter(1);
        adapter.always = SICK;
        TargetWriter writer = writer(adapter, limit(1, 0, 1));
        writer.deliver(Deliveries.failedBefore(10));
        assertThat(writer.status().breaker()).isEqualTo("open");
    }

    @Test
    void staysClosedForATargetThatRejects() {
        ScriptedAdapter adapter = new ScriptedAdapter(1);
        adapter.always = Outcome.rejected(ErrorCode.TARGET_REJECTED, "HTTP 400", false);
        TargetWriter writer = writer(adapter, limit(5, 0, 1));
        assertThat(kinds(writer.deliver(Deliveries.many(50)))).containsOnly(Outcome.Kind.REJECTED);
        assertThat(writer.status().breaker()).isEqualTo("closed");
        assertThat(writer.status().lastError()).isNotNull();
    }

    @Test
    void forgetsFailuresOlderThanItsWindow() {
        ScriptedAdapter adapter = new ScriptedAdapter(1);
        adapter.always = SICK;
        TargetWriter writer = writer(adapter, limit(5, 0, 1));
        for (int second = 0; second < 60; second += 2) {
            assertThat(kinds(writer.deliver(Deliveries.many(1)))).containsExactly(Outcome.Kind.RETRY);
            clock.advance(Duration.ofSeconds(2));
        }
        assertThat(writer.status().breaker()).isEqualTo("closed");
    }

    @Test
    void keepsSilentForAsLongAsTheTargetAsked() {
        ScriptedAdapter adapter = new ScriptedAdapter(1);
        TargetWriter writer = writer(adapter, limit(2, 0, 1));
        Future<List<Outcome>> answer = writer.deliver(Deliveries.many(4));
        adapter.calls
                .get(0)
                .answer(Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, "HTTP 503: later", Duration.ofSeconds(5)));
        adapter.calls.get(1).answer(Outcome.applied());

        assertThat(kinds(answer))
                .containsExactly(
                        Outcome.Kind.RETRY, Outcome.Kind.APPLIED, Outcome.Kind.DEFERRED, Outcome.Kind.DEFERRED);
        assertThat(((Outcome.Retry) answer.result().get(0)).after()).isEqualTo(Duration.ofSeconds(5));
        assertThat(((Outcome.Deferred) answer.result().get(2)).after()).isGreaterThanOrEqualTo(Duration.ofSeconds(5));
        clock.advance(Duration.ofMillis(4_990));
        assertThat(kinds(writer.deliver(Deliveries.many(1)))).containsExactly(Outcome.Kind.DEFERRED);
        assertThat(adapter.probes).isZero();
        clock.advance(Duration.ofMillis(11));
        adapter.always = Outcome.applied();
        assertThat(kinds(writer.deliver(Deliveries.many(3)))).containsOnly(Outcome.Kind.APPLIED);
    }

    @Test
    void lowersTheAdaptiveLimitWhenTheTargetSlowsDown() {
        ScriptedAdapter adapter = new ScriptedAdapter(1);
        TargetWriter writer = writer(adapter, limit(0, 0, 1));
        for (int i = 0; i < 200; i++) {
            answerAllAfter(adapter, writer, Duration.ofMillis(2));
        }
        int well = writer.status().limit();
        int lowest = well;
        for (int i = 0; i < 5; i++) {
            answerAllAfter(adapter, writer, Duration.ofMillis(60));
            lowest = Math.min(lowest, writer.status().limit());
        }
        assertThat(well).isGreaterThan(ConcurrencyLimit.ADAPTIVE_INITIAL);
        assertThat(lowest).isLessThan(well / 2).isGreaterThanOrEqualTo(ConcurrencyLimit.ADAPTIVE_MIN);
    }

    private void answerAllAfter(ScriptedAdapter adapter, TargetWriter writer, Duration latency) {
        int begun = adapter.calls.size();
        writer.deliver(Deliveries.many(writer.status().limit()));
        clock.advance(latency);
        for (int i = begun; i < adapter.calls.size(); i++) {
            adapter.calls.get(i).answer(Outcome.applied());
        }
    }

    @Test
    void turnsWhatBreaksTheContractIntoRetries() {
        ScriptedAdapter adapter = new ScriptedAdapter(2);
        TargetWriter writer = writer(adapter, limit(5, 0, 2));
        Future<List<Outcome>> failed = writer.deliver(Deliveries.many(2));
        adapter.calls.get(0).promise().fail(new IllegalStateException("bug"));
        Future<List<Outcome>> tooFew = writer.deliver(Deliveries.many(2));
        adapter.calls.get(1).promise().complete(List.of(Outcome.applied()));

        assertThat(kinds(failed)).containsOnly(Outcome.Kind.RETRY).hasSize(2);
        assertThat(kinds(tooFew)).containsOnly(Outcome.Kind.RETRY).hasSize(2);
    }

    @Test
    void takesOverANewLimitWhileItRuns() {
        ScriptedAdapter adapter = new ScriptedAdapter(1);
        TargetWriter writer = writer(adapter, limit(1, 0, 1));
        writer.deliver(Deliveries.many(6));
        writer.update(spec(limit(4, 0, 1)), adapter);
        assertThat(adapter.calls).hasSize(4);
    }

    @Test
    void closeGivesBackWhatWaitsAndEndsWithWhatIsInFlight() {
        ScriptedAdapter adapter = new ScriptedAdapter(1);
        TargetWriter writer = writer(adapter, limit(1, 0, 1));
        Future<List<Outcome>> answer = writer.deliver(Deliveries.many(2));
        Future<Void> closed = writer.close();
        assertThat(closed.isComplete()).isFalse();
        clock.advance(TIMEOUT.plusMillis(100));

        assertThat(closed.succeeded()).isTrue();
        assertThat(kinds(answer)).containsExactly(Outcome.Kind.RETRY, Outcome.Kind.DEFERRED);
        assertThat(kinds(writer.deliver(Deliveries.many(1)))).containsExactly(Outcome.Kind.DEFERRED);
    }
}

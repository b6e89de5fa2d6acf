package io.forelog.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.access.Admission;
import io.forelog.bus.AppendBatch;
import io.forelog.bus.AppendReply;
import io.forelog.config.Namespace;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Durable;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import io.forelog.model.Receipt;
import io.forelog.model.WalException;
import io.forelog.observe.MetricNames;
import io.forelog.wire.Bytes;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AppendCoalescerTest implements AppendCoalescer.Loop, AppendCoalescer.Sender, Admission {
    private static final long SECOND = 1_000_000;
    private static final EdgeLimits LIMITS = new EdgeLimits(
            10, 1_000, 4, 100, Duration.ofSeconds(5), Duration.ofMinutes(5), 1_000, 10_000, 1_000, 10, 2);

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Inlet one = new Inlet(Samples.namespace("one"), LIMITS, registry);
    private final Inlet two = new Inlet(Samples.namespace("two"), LIMITS, registry);
    private final Deque<Runnable> soon = new ArrayDeque<>();
    private final Deque<Runnable> later = new ArrayDeque<>();
    private final List<AppendBatch> sent = new ArrayList<>();
    private final List<Promise<AppendReply>> replies = new ArrayList<>();
    private final List<Duration> limits = new ArrayList<>();
    private final List<Duration> patience = new ArrayList<>();
    private final EntryId.Source ids = new EntryId.Source();
    private final Answers answers = new Answers();
    private long now = SECOND;
    private int released;
    private final AppendCoalescer coalescer = new AppendCoalescer(this, () -> now, LIMITS, this, this);

    @Test
    void oneTickIsOneMessageForEachNamespace() {
        add(one, 0, 10);
        add(two, 1, 10);
        add(one, 2, 10);
        assertThat(sent).isEmpty();
        tick();
        assertThat(sent).extracting(AppendBatch::namespace).containsExactly("one", "two");
        assertThat(sent.get(0).entries()).hasSize(2);
        add(one, 3, 10);
        tick();
        assertThat(sent).hasSize(3);
    }

    @Test
    void aFullMessageDoesNotWaitForTheTick() {
        for (int i = 0; i < LIMITS.batchEntries(); i++) {
            add(one, i, 10);
        }
        assertThat(sent).hasSize(1);
        add(one, 4, LIMITS.batchBytes());
        assertThat(sent).hasSize(2);
        tick();
        assertThat(sent).hasSize(2);
    }

    @Test
    void outcomesReachTheirCallersAndCreditsComeBack() {
        add(one, 0, 10);
        add(one, 1, 10);
        tick();
        assertThat(one.taken()).isEqualTo(2);
        Entry first = sent.get(0).entries().get(0);
        Entry second = sent.get(0).entries().get(1);
        replies.get(0)
                .complete(new AppendReply(List.of(
                        AppendOutcome.appended(first.id(), new Receipt("one", 0, 0)),
                        AppendOutcome.refused(second.id(), ErrorCode.LOW_DISK, "full"))));
        assertThat(answers.durable).containsExactly(Durable.TRUE, Durable.FALSE);
        assertThat(one.taken()).isZero();
        assertThat(released).isEqualTo(2);
        assertThat(coalescer.unanswered()).isZero();
        assertThat(registry.get(MetricNames.WRITE_LATENCY)
                        .tag(MetricNames.NAMESPACE, "one")
                        .timer()
                        .count())
                .as("a sample a batch")
                .isEqualTo(1);
        assertThat(writes("one", "true")).isEqualTo(1);
        assertThat(writes("one", "false")).isEqualTo(1);
    }

    @Test
    void anEntryThatTheReplyForgetsIsUnknown() {
        add(one, 0, 10);
        tick();
        replies.get(0).complete(new AppendReply(List.of()));
        assertThat(answers.durable).containsExactly(Durable.UNKNOWN);
    }

    @Test
    void aTimedOutWriteIsUnknownAndKeepsItsCreditUntilTheReply() {
        add(one, 0, 10);
        tick();
        now += 5 * SECOND - Intake.margin(5 * SECOND) - 6_000;
        sweep();
        assertThat(answers.durable).as("not yet: the next sweep is in time").isEmpty();
        now += 2_000;
        sweep();
        assertThat(answers.durable).containsExactly(Durable.UNKNOWN);
        assertThat(one.taken()).isEqualTo(1);
        assertThat(released).isEqualTo(1);
        Entry entry = sent.get(0).entries().get(0);
        replies.get(0).complete(new AppendReply(List.of(AppendOutcome.appended(entry.id(), new Receipt("one", 0, 0)))));
        assertThat(answers.durable).as("a late TRUE changes nothing").containsExactly(Durable.UNKNOWN);
        assertThat(one.taken()).isZero();
        assertThat(writes("one", "true")).isZero();
    }

    @Test
    void aCallerWhoCanNotBeAnsweredKeepsNobodyElseFromAnAnswer() {
        Reply throwing = new Answers() {
            @Override
            public void decided(int index, AppendOutcome outcome) {
                throw new IllegalStateException("The stream has been closed");
            }
        };
        assertThat(one.tryTake(10)).isTrue();
        coalescer.add(
                one, new PendingWrite(entry("one", 10), throwing, 1, now + SECOND, Priority.DEGRADED, 10), 5 * SECOND);
        add(one, 0, 10);
        tick();
        now += 6 * SECOND;
        sweep();
        assertThat(answers.durable).containsExactly(Durable.UNKNOWN);
        assertThat(coalescer.unanswered()).isZero();
        assertThat(released).isEqualTo(2);
        sweep();
    }

    @Test
    void thePumpIsToldTheLimitAndWaitedForTwiceAsLong() {
        add(one, 0, 10);
        tick();
        assertThat(limits).containsExactly(Duration.ofSeconds(5));
        assertThat(patience).containsExactly(Duration.ofSeconds(10));
    }

    @Test
    void theSweepEndsWhenNothingIsInFlight() {
        add(one, 0, 10);
        tick();
        replies.get(0).fail(new WalException(ErrorCode.UNAVAILABLE, "nobody"));
        sweep();
        assertThat(later).isEmpty();
    }

    @Test
    void givingUpAnswersEverybody() {
        add(one, 0, 10);
        tick();
        add(one, 1, 10);
        coalescer.giveUp("going down");
        assertThat(answers.durable).containsExactly(Durable.UNKNOWN, Durable.UNKNOWN);
        assertThat(coalescer.unanswered()).isZero();
        assertThat(sent)
                .as("what was not handed off yet is, for it was admitted")
                .hasSize(2);
    }

    @ParameterizedTest
    @EnumSource(
            value = ErrorCode.class,
            names = {"UNAVAILABLE", "OVERLOADED", "DRAINING", "QUOTA_EXCEEDED", "WRONG_SHARD", "EXPIRED", "CORRUPT"})
    void aRequestThatProvablyReachedNoQueueIsFalse(ErrorCode code) {
        assertThat(failedWith(code)).isEqualTo(Durable.FALSE);
    }

    @ParameterizedTest
    @EnumSource(
            value = ErrorCode.class,
            names = {"UNKNOWN_DURABILITY", "INTERNAL", "TARGET_TIMEOUT"})
    void anyOtherFailureIsUnknown(ErrorCode code) {
        assertThat(failedWith(code)).isEqualTo(Durable.UNKNOWN);
    }

    private Durable failedWith(ErrorCode code) {
        add(one, 0, 10);
        tick();
        replies.get(0).fail(new WalException(code, "x"));
        assertThat(one.taken()).isZero();
        return answers.durable.get(0);
    }

    @Test
    void creditsAreBoundedInEntriesAndBytes() {
        for (int i = 0; i < LIMITS.credits(); i++) {
            assertThat(one.tryTake(1)).isTrue();
        }
        assertThat(one.tryTake(1)).isFalse();
        assertThat(two.tryTake(5_000)).as("one always passes").isTrue();
        assertThat(two.tryTake(1)).isFalse();
        two.give(1, 5_000);
        assertThat(two.tryTake(1)).isTrue();
    }

    private void add(Inlet inlet, int index, int bytes) {
        assertThat(inlet.tryTake(bytes)).isTrue();
        long limit = 5 * SECOND;
        coalescer.add(
                inlet,
                new PendingWrite(
                        entry(inlet.name(), bytes),
                        answers,
                        index,
                        now + limit - Intake.margin(limit),
                        Priority.DEGRADED,
                        bytes),
                limit);
    }

    private Entry entry(String namespace, int bytes) {
        return new Entry(
                ids.next(now / 1_000),
                namespace,
                now,
                now,
                0,
                0,
                List.of(1),
                "",
                Bytes.EMPTY,
                Operation.PUT,
                Priority.DEGRADED,
                Map.of(),
                Map.of(),
                Bytes.view(new byte[bytes]),
                null);
    }

    private void tick() {
        for (Runnable task = soon.poll(); task != null; task = soon.poll()) {
            task.run();
        }
    }

    private void sweep() {
        Runnable task = later.poll();
        assertThat(task).as("a sweep is asked for").isNotNull();
        task.run();
    }

    private double writes(String namespace, String outcome) {
        return registry.counter("forelog.writes", "namespace", namespace, "outcome", outcome)
                .count();
    }

    @Override
    public void soon(Runnable task) {
        soon.add(task);
    }

    @Override
    public void after(Duration delay, Runnable task) {
        later.add(task);
    }

    @Override
    public Future<AppendReply> send(AppendBatch batch, Duration limit, Duration waits) {
        Promise<AppendReply> reply = Promise.promise();
        sent.add(batch);
        replies.add(reply);
        limits.add(limit);
        patience.add(waits);
        return reply.future();
    }

    @Override
    public Decision tryAdmit(Namespace namespace, Priority priority, int entries, long bytes) {
        return Decision.ADMITTED;
    }

    @Override
    public void release(Namespace namespace, Priority priority, int entries, long bytes, long micros) {
        released += entries;
    }

    /** Keeps what was answered, and that nobody was answered twice. */
    private static class Answers implements Reply {
        private final boolean[] seen = new boolean[100];
        private final List<Durable> durable = new ArrayList<>();

        @Override
        public void decided(int index, AppendOutcome outcome) {
            assertThat(seen[index])
                    .as("answered twice: " + index + Arrays.toString(seen))
                    .isFalse();
            seen[index] = true;
            durable.add(outcome.durable());
        }

        @Override
        public void refused(int index, Refusal refusal) {
            throw new AssertionError(refusal);
        }

        @Override
        public io.forelog.access.Identity caller() {
            return io.forelog.access.Identity.ANONYMOUS;
        }

        @Override
        public boolean abandoned() {
            return false;
        }
    }
}

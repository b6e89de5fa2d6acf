package io.forelog.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.admin.Job.State;
import io.forelog.config.Namespace;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.WalException;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.LogRange;
import io.forelog.queue.Settlement;
import io.forelog.queue.Tally;
import io.forelog.queue.Verdict;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Redrive, purge and replay in time turned by hand. */
class JobsTest {
    @TempDir
    private Path data;

    private final Vertx vertx = Vertx.vertx();
    private final HandTicker ticker = new HandTicker();
    private final HandLater later = new HandLater(ticker);
    private final Entries entries = new Entries(ticker, "ns");
    private final Namespace namespace = FakeNode.namespace("ns", List.of(), 1, 2);
    private final Map<Integer, Future<List<Delivery>>> open = new HashMap<>();
    private InMemoryQueue queue;
    private JobRunner jobs;

    @BeforeEach
    void begin() {
        queue = new InMemoryQueue(InMemoryQueue.spec("ns", 1, 2), ticker);
        jobs = new JobRunner(ticker, new AuditLog(vertx, data, ticker));
    }

    @AfterEach
    void close() {
        vertx.close().await();
    }

    private Entry append(String key, String payload, Integer... routes) {
        Entry entry = entries.make(payload, key, Duration.ZERO, null, routes);
        queue.append(List.of(entry));
        return entry;
    }

    private List<Delivery> take(int route) {
        Future<List<Delivery>> waiting = open.remove(route);
        Future<List<Delivery>> taken = waiting == null ? queue.take(route, 1000, 1 << 30) : waiting;
        if (taken.isComplete()) {
            return taken.result();
        }
        open.put(route, taken);
        return List.of();
    }

    private void settle(Verdict verdict) {
        queue.settle(take(1).stream()
                .map(delivery -> new Settlement(delivery, verdict))
                .toList());
    }

    private void dead(int count) {
        for (int i = 0; i < count; i++) {
            append("k" + i, "p" + i, 1);
        }
        settle(new Verdict.Dead(new Failure(ticker.micros(), ErrorCode.MAX_ATTEMPTS, "HTTP 503")));
        ticker.turn(Duration.ofSeconds(1));
    }

    private Job redrive(JsonObject filter, boolean dryRun, long limit, double rate, int first) {
        DeadLetterWork.Plan plan = new DeadLetterWork.Plan(false, dryRun, limit, rate, first, Duration.ofSeconds(30));
        DeadLetterWork work = new DeadLetterWork(
                queue, namespace, EntryFilter.ofDeadLetters(filter, ticker.micros()), plan, ticker, later);
        return jobs.start("redrive", "ns", "anonymous", dryRun, new JsonObject(), work::run);
    }

    private Job replay(ReplayWork.Plan plan) {
        ReplayWork work = new ReplayWork(queue, namespace, plan, ticker, later);
        return jobs.start("replay", "ns", "anonymous", plan.dryRun(), new JsonObject(), work::run);
    }

    private ReplayWork.Plan everything(String target, JsonObject omit, boolean dryRun) {
        return new ReplayWork.Plan(
                new LogRange(0, ticker.micros() + 1),
                target,
                EntryFilter.ofEntries("filter", null, ticker.micros()),
                EntryFilter.ofEntries("omit", omit, ticker.micros()),
                dryRun,
                Long.MAX_VALUE,
                Double.POSITIVE_INFINITY,
                "");
    }

    private void assertBalanced() {
        assertThat(queue.tally().result().routes()).allMatch(Tally.RouteTally::balanced);
    }

    @Test
    void redrivesAtTheRateAskedFor() {
        dead(500);
        Job job = redrive(null, false, Long.MAX_VALUE, 100, 0);
        later.turn(Duration.ofSeconds(2));
        assertThat(job.done()).isBetween(200L, 212L);
        assertThat(job.state()).isEqualTo(State.RUNNING);
        later.turn(Duration.ofSeconds(4));
        assertThat(job.state()).isEqualTo(State.DONE);
        assertThat(job.done()).isEqualTo(500);
        assertThat(take(1)).hasSize(500);
        assertBalanced();
    }

    @Test
    void redrivesNoMoreThanTheLimitAndOnlyWhatMatches() {
        dead(50);
        Job limited = redrive(null, false, 7, Double.POSITIVE_INFINITY, 0);
        later.turn(Duration.ofSeconds(1));
        assertThat(limited.done()).isEqualTo(7);
        Job filtered = redrive(
                new JsonObject()
                        .put("key", new JsonArray().add("k30").add("k31").add("k0")),
                false,
                Long.MAX_VALUE,
                Double.POSITIVE_INFINITY,
                0);
        later.turn(Duration.ofSeconds(1));
        assertThat(filtered.done()).isEqualTo(2);
    }

    @Test
    void leavesAloneWhatDiesAfterTheStart() {
        dead(300);
        Job job = redrive(null, false, Long.MAX_VALUE, 100, 0);
        for (int i = 0; i < 100; i++) {
            later.turn(Duration.ofMillis(100));
            settle(new Verdict.Dead(new Failure(ticker.micros(), ErrorCode.MAX_ATTEMPTS, "HTTP 503")));
        }
        assertThat(job.state()).isEqualTo(State.DONE);
        assertThat(job.done()).isEqualTo(300);
        assertBalanced();
    }

    @Test
    void goesOnAfterTheFirstWasDelivered() {
        dead(10);
        Job job = redrive(null, false, Long.MAX_VALUE, Double.POSITIVE_INFINITY, 1);
        later.turn(Duration.ofSeconds(2));
        assertThat(job.done()).isEqualTo(1);
        settle(new Verdict.Delivered(ticker.micros()));
        later.turn(Duration.ofSeconds(5));
        assertThat(job.state()).isEqualTo(State.DONE);
        assertThat(job.done()).isEqualTo(10);
    }

    @Test
    void stopsWhereTheFirstDiesAgain() {
        dead(10);
        Job job = redrive(null, false, Long.MAX_VALUE, Double.POSITIVE_INFINITY, 1);
        later.turn(Duration.ofSeconds(1));
        settle(new Verdict.Dead(new Failure(ticker.micros(), ErrorCode.TARGET_REJECTED, "HTTP 422")));
        later.turn(Duration.ofSeconds(5));
        assertThat(job.state()).isEqualTo(State.FAILED);
        assertThat(job.done()).isEqualTo(1);
        assertThat(job.toJson().getString("text")).contains("DEAD").contains("the rest stays");
        assertThat(queue.tally().result().routes().get(0).deadStored()).isEqualTo(10);
    }

    @Test
    void stopsWhereTheFirstHasNoOutcomeInTime() {
        dead(3);
        Job job = redrive(null, false, Long.MAX_VALUE, Double.POSITIVE_INFINITY, 1);
        later.turn(Duration.ofSeconds(60));
        assertThat(job.state()).isEqualTo(State.FAILED);
        assertThat(job.toJson().getString("text")).contains("PT30S");
        assertThat(job.done()).isEqualTo(1);
    }

    @Test
    void aDryRunCountsShowsTwentyAndChangesNothing() {
        dead(250);
        Job job = redrive(null, true, Long.MAX_VALUE, 1, 0);
        later.turn(Duration.ofSeconds(1));
        assertThat(job.state()).isEqualTo(State.DONE);
        assertThat(job.matched()).isEqualTo(250);
        assertThat(job.toJson().getJsonArray("sample")).hasSize(20);
        assertThat(take(1)).isEmpty();
    }

    @Test
    void endsAtItsNextStepWhenCancelled() {
        dead(500);
        Job job = redrive(null, false, Long.MAX_VALUE, 100, 0);
        later.turn(Duration.ofSeconds(1));
        job.cancel();
        later.turn(Duration.ofSeconds(1));
        assertThat(job.state()).isEqualTo(State.CANCELLED);
        assertThat(job.done()).isLessThan(150);
        assertBalanced();
    }

    @Test
    void losesNothingWhenTheProcessDiesInTheMiddle() {
        dead(500);
        redrive(null, false, Long.MAX_VALUE, 100, 0);
        later.turn(Duration.ofSeconds(2));
        queue = queue.crash();
        long pending = queue.tally().result().routes().get(0).pending();
        assertThat(pending).isBetween(200L, 212L);
        assertBalanced();
        jobs = new JobRunner(ticker, new AuditLog(vertx, data, ticker));
        Job again = redrive(null, false, Long.MAX_VALUE, Double.POSITIVE_INFINITY, 0);
        later.turn(Duration.ofSeconds(1));
        assertThat(again.done()).isEqualTo(500 - pending);
        assertThat(take(1)).hasSize(500);
    }

    @Test
    void replaysToTheTargetsThatEachEntryWasWrittenFor() {
        append("a", "p", 1);
        append("b", "p", 1, 2);
        settle(new Verdict.Delivered(ticker.micros()));
        int second = take(2).size();
        ticker.turn(Duration.ofSeconds(1));
        Job job = replay(everything("", new JsonObject(), false));
        later.turn(Duration.ofSeconds(1));
        assertThat(job.done()).isEqualTo(2);
        assertThat(take(1)).hasSize(2);
        assertThat(take(2)).hasSize(second);
    }

    @Test
    void backfillsANamedTargetWithWhatWasNotWrittenForIt() {
        append("a", "p", 1);
        settle(new Verdict.Delivered(ticker.micros()));
        Job job = replay(everything("t2", new JsonObject(), false));
        later.turn(Duration.ofSeconds(1));
        assertThat(job.done()).isEqualTo(1);
        assertThat(take(2)).hasSize(1);
        assertThat(take(1)).isEmpty();
        assertThatThrownBy(() -> replay(everything("t9", new JsonObject(), false)))
                .isInstanceOf(WalException.class)
                .hasMessageContaining("t9");
    }

    @Test
    void leavesOutWhatTheOmissionMatches() {
        append("a", "fine", 1);
        append("b", "DROP TABLE", 1);
        settle(new Verdict.Delivered(ticker.micros()));
        Job job = replay(everything("", new JsonObject().put("payload_contains", "DROP"), false));
        later.turn(Duration.ofSeconds(1));
        assertThat(job.toJson().getLong("omitted")).isEqualTo(1);
        List<Delivery> again = take(1);
        assertThat(again).hasSize(1);
        assertThat(again.get(0).entry().payload().toString()).isEqualTo("fine");
    }

    @Test
    void runsOneOfAKindANamespaceAndKeepsSixteen() {
        List<Promise<Void>> ends = new ArrayList<>();
        for (int i = 0; i < JobRunner.JOBS_MAX; i++) {
            Promise<Void> end = Promise.promise();
            ends.add(end);
            jobs.start("redrive", "ns" + i, "anonymous", false, new JsonObject(), job -> end.future());
        }
        assertThatThrownBy(() -> jobs.start(
                        "redrive", "ns1", "anonymous", false, new JsonObject(), job -> Future.succeededFuture()))
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT));
        assertThatThrownBy(() -> jobs.start(
                        "purge", "ns1", "anonymous", false, new JsonObject(), job -> Future.succeededFuture()))
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OVERLOADED));
        ends.get(3).complete();
        Job next = jobs.start("purge", "ns1", "anonymous", false, new JsonObject(), job -> Future.succeededFuture());
        assertThat(next.state()).isEqualTo(State.DONE);
        assertThat(jobs.all("ns3")).isEmpty();
    }

    @Test
    void aFailingQueueFailsTheJobWithItsCode() {
        Job job = jobs.start(
                "purge",
                "ns",
                "anonymous",
                false,
                new JsonObject(),
                started -> Future.failedFuture(new WalException(ErrorCode.UNAVAILABLE, "closed")));
        assertThat(job.state()).isEqualTo(State.FAILED);
        assertThat(job.toJson().getString("code")).isEqualTo("UNAVAILABLE");
    }
}

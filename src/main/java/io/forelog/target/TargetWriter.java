package io.forelog.target;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.observe.LogKeys;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies deliveries to one target through its adapter: in batches, at most so many at once and a second, each with a
 * time limit, and not at all while the breaker is open. Every delivery gets an outcome within twice the target's time-out:
 * once to wait for a slot, once for the attempt. All methods are called on one context; waiting deliveries are bounded
 * by the capacity, requests by the concurrency limit, late requests by {@link #LATE_MAX}.
 */
public final class TargetWriter {
    private static final Logger LOG = LoggerFactory.getLogger(TargetWriter.class);
    /** Timed-out requests that the adapter still works on; with more, nothing new is begun. */
    private static final int LATE_MAX = 1_000;

    private static final Duration SOON = Duration.ofMillis(50);

    private final Ticker ticker;
    private final Alarm alarm;
    private final TargetMeters meters;
    private final Breaker breaker;
    private final TokenBucket bucket;
    private final int waitingMax;
    private final ArrayDeque<Work> queue = new ArrayDeque<>();
    /** In the order in which they began; answered ones leave when those before them have. */
    private final ArrayDeque<Attempt> attempts = new ArrayDeque<>();

    private TargetSpec spec;
    private TargetAdapter adapter;
    private ConcurrencyLimit limit;
    private long timeoutMicros;
    private int waiting;
    private int inFlight;
    private int late;
    private boolean running;
    private boolean sweeping;
    private boolean runPlanned;
    private @Nullable Failure lastError;
    private @Nullable Promise<Void> closing;

    TargetWriter(
            TargetSpec spec,
            TargetAdapter adapter,
            Ticker ticker,
            Alarm alarm,
            TargetMeters meters,
            RandomGenerator random,
            int waitingMax) {
        this.spec = spec;
        this.adapter = adapter;
        this.ticker = ticker;
        this.alarm = alarm;
        this.meters = meters;
        this.breaker = new Breaker(ticker, random);
        this.bucket = new TokenBucket(ticker, spec.limit().ratePerSecond());
        this.limit = new ConcurrencyLimit(spec.limit().concurrency());
        this.timeoutMicros = micros(spec.limit().timeout());
        this.waitingMax = waitingMax;
        show();
    }

    /** Outcomes in the order of {@code deliveries}, one each. Never fails. */
    public Future<List<Outcome>> deliver(List<Delivery> deliveries) {
        int count = deliveries.size();
        if (closing != null) {
            return given(count, Outcome.deferred("the target's writer is closing", SOON));
        }
        if (breaker.state() == Breaker.State.OPEN) {
            return given(count, notNow());
        }
        if (waiting > 0 && waiting + count > waitingMax) {
            return given(count, Outcome.deferred(waiting + " deliveries wait for the target already", SOON));
        }
        if (count == 0) {
            return Future.succeededFuture(List.of());
        }
        Work work = new Work(deliveries, ticker.micros() + timeoutMicros);
        queue.add(work);
        waiting += count;
        run();
        return work.future();
    }

    /** Takes over a new limit, and a new adapter where it is not the one in use; what is in flight ends with the old. */
    public void update(TargetSpec newSpec, TargetAdapter newAdapter) {
        if (newSpec.limit().concurrency() != limit.fixed()) {
            limit = new ConcurrencyLimit(newSpec.limit().concurrency());
        }
        bucket.set(newSpec.limit().ratePerSecond());
        timeoutMicros = micros(newSpec.limit().timeout());
        spec = newSpec;
        adapter = newAdapter;
        run();
    }

    /** Gives back what waits; ends when what is in flight has an outcome, at the latest after its time-out. */
    public Future<Void> close() {
        if (closing == null) {
            closing = Promise.promise();
            giveBackAll(Outcome.deferred("the target's writer is closing", SOON));
            endIfIdle();
        }
        return closing.future();
    }

    public TargetStatus status() {
        boolean open = breaker.state() == Breaker.State.OPEN;
        return new TargetStatus(
                spec.namespace(),
                spec.name(),
                spec.type(),
                breaker.state().name().toLowerCase(java.util.Locale.ROOT),
                breaker.reason(),
                open ? Math.max(0L, (breaker.lookAtMicros() - ticker.micros()) / 1_000L) : 0L,
                limit.current(),
                inFlight,
                waiting,
                lastError);
    }

    private void run() {
        if (running) {
            return;
        }
        running = true;
        for (Work work = queue.peek(); work != null; work = queue.peek()) {
            if (work.left() == 0) {
                queue.poll();
                continue;
            }
            if (!breaker.permits() || inFlight >= limit.current() || late >= LATE_MAX) {
                break;
            }
            int count = bucket.take(Math.min(work.left(), batchMax()));
            if (count == 0) {
                planRun(bucket.waitMicros());
                break;
            }
            begin(work, count);
        }
        running = false;
        show();
        keepSweeping();
        endIfIdle();
    }

    private int batchMax() {
        int wanted = spec.limit().batch();
        return Math.max(1, wanted > 0 ? Math.min(wanted, adapter.batchMax()) : adapter.batchMax());
    }

    private void begin(Work work, int count) {
        long now = ticker.micros();
        int from = work.next();
        inFlight++;
        waiting -= count;
        Attempt attempt =
                new Attempt(work, from, work.begin(count), now, now + timeoutMicros, breaker.begin(), inFlight);
        attempts.add(attempt);
        Future<List<Outcome>> answer;
        try {
            answer = adapter.apply(attempt.deliveries);
        } catch (RuntimeException e) {
            answer = Future.failedFuture(e);
        }
        answer.onComplete(
                outcomes -> ended(attempt, outcomes, null), failure -> ended(attempt, List.of(), broken(failure)));
    }

    /** {@code all} is the outcome of each where the adapter gave none. */
    private void ended(Attempt attempt, List<Outcome> outcomes, @Nullable Outcome all) {
        if (attempt.done) {
            late--;
            run();
            return;
        }
        attempt.done = true;
        inFlight--;
        Outcome missing = all;
        if (missing == null && outcomes.size() != attempt.deliveries.size()) {
            missing = broken(new IllegalStateException(
                    outcomes.size() + " outcomes for " + attempt.deliveries.size() + " deliveries"));
        }
        long nanos = (ticker.micros() - attempt.startedMicros) * 1_000L;
        meters.answered(nanos);
        judge(attempt, outcomes, missing, nanos);
        run();
    }

    private void judge(Attempt attempt, List<Outcome> outcomes, @Nullable Outcome missing, long nanos) {
        int failed = 0;
        boolean again = true;
        boolean pushedBack = false;
        Outcome.@Nullable Retry loudest = null;
        int count = attempt.deliveries.size();
        for (int i = 0; i < count; i++) {
            Outcome outcome = missing != null ? missing : outcomes.get(i);
            attempt.work.set(attempt.from + i, outcome);
            if (outcome instanceof Outcome.Retry retry) {
                if (sick(retry.code())) {
                    failed++;
                    again &= attempt.deliveries.get(i).firstFailure() != null;
                }
                pushedBack |= retry.code() == ErrorCode.TARGET_TIMEOUT || retry.code() == ErrorCode.RATE_LIMITED;
                loudest = loudest == null || retry.after().compareTo(loudest.after()) > 0 ? retry : loudest;
            } else if (outcome instanceof Outcome.Rejected rejected) {
                lastError = new Failure(ticker.micros(), rejected.code(), rejected.text());
            }
        }
        if (loudest != null) {
            lastError = new Failure(ticker.micros(), loudest.code(), loudest.text());
        }
        boolean sick = failed * 2 > count;
        if (pushedBack) {
            limit.sample(Math.max(nanos, timeoutMicros * 1_000L), attempt.inFlight);
        } else if (!sick) {
            limit.sample(nanos, attempt.inFlight);
        }
        long before = breaker.epoch();
        if (loudest != null && !loudest.after().isZero()) {
            breaker.silence(ticker.micros() + micros(loudest.after()), loudest.text());
        } else {
            breaker.ended(attempt.epoch, sick, sick && again, loudest == null ? "" : loudest.text());
        }
        attempt.work.settled(count);
        if (breaker.epoch() != before) {
            turned();
        }
    }

    private static boolean sick(ErrorCode code) {
        return code == ErrorCode.TARGET_UNAVAILABLE || code == ErrorCode.TARGET_TIMEOUT;
    }

    /** The breaker has changed. */
    private void turned() {
        LOG.atInfo()
                .addKeyValue(LogKeys.NAMESPACE, spec.namespace())
                .addKeyValue(LogKeys.TARGET, spec.name())
                .addKeyValue(LogKeys.STATE, breaker.state())
                .addKeyValue(LogKeys.REASON, breaker.reason())
                .log("Circuit breaker of the target has turned");
        if (breaker.state() == Breaker.State.OPEN) {
            giveBackAll(notNow());
            planLook();
        }
        show();
    }

    private void planLook() {
        long epoch = breaker.epoch();
        alarm.after(Math.max(1L, breaker.lookAtMicros() - ticker.micros()), () -> look(epoch));
    }

    private void look(long epoch) {
        if (epoch != breaker.epoch() || closing != null) {
            return;
        }
        if (breaker.silenced()) {
            looked(epoch, true, "");
            return;
        }
        Future<Void> answer;
        try {
            answer = adapter.probe();
        } catch (RuntimeException e) {
            answer = Future.failedFuture(e);
        }
        answer.onComplete(
                ok -> looked(epoch, true, ""), failure -> looked(epoch, false, String.valueOf(failure.getMessage())));
        alarm.after(timeoutMicros, () -> looked(epoch, false, "the probe got no answer in time"));
    }

    private void looked(long epoch, boolean answers, String why) {
        if (epoch != breaker.epoch() || closing != null) {
            return;
        }
        breaker.looked(epoch, answers, why);
        if (breaker.state() == Breaker.State.OPEN) {
            planLook();
        } else {
            turned();
        }
    }

    private Outcome notNow() {
        long left = breaker.lookAtMicros() - ticker.micros();
        String text = breaker.silenced() ? "the target asked for silence: " : "the breaker is open: ";
        return Outcome.deferred(
                text + breaker.reason(), Duration.ofMillis(Math.max(SOON.toMillis(), left / 1_000L + 1)));
    }

    private void giveBackAll(Outcome outcome) {
        for (Work work = queue.poll(); work != null; work = queue.poll()) {
            waiting -= work.giveBack(outcome);
        }
    }

    private void planRun(long micros) {
        if (!runPlanned) {
            runPlanned = true;
            alarm.after(micros, () -> {
                runPlanned = false;
                run();
            });
        }
    }

    private void keepSweeping() {
        if (!sweeping && (!attempts.isEmpty() || !queue.isEmpty())) {
            sweeping = true;
            alarm.after(Math.max(5_000L, Math.min(100_000L, timeoutMicros / 10)), this::sweep);
        }
    }

    /** Ends what has run out of time. One timer for all: an attempt costs no timer of its own. */
    private void sweep() {
        sweeping = false;
        long now = ticker.micros();
        for (Attempt attempt = attempts.peek();
                attempt != null && (attempt.done || attempt.deadlineMicros <= now);
                attempt = attempts.peek()) {
            attempts.poll();
            if (!attempt.done) {
                timedOut(attempt);
            }
        }
        for (Iterator<Work> works = queue.iterator(); works.hasNext(); ) {
            Work work = works.next();
            if (work.waitUntilMicros <= now) {
                works.remove();
                waiting -= work.giveBack(tooLong(work.left()));
            }
        }
        run();
    }

    private void timedOut(Attempt attempt) {
        ended(
                attempt,
                List.of(),
                Outcome.retry(
                        ErrorCode.TARGET_TIMEOUT,
                        "no answer within " + spec.limit().timeout(),
                        Duration.ZERO));
        late++;
    }

    private Outcome tooLong(int count) {
        long after = Math.min(timeoutMicros, Math.max(micros(SOON), bucket.costMicros(count)));
        return Outcome.deferred("no slot within " + spec.limit().timeout(), Duration.ofMillis(after / 1_000L));
    }

    private Outcome broken(Throwable failure) {
        LOG.atError()
                .addKeyValue(LogKeys.NAMESPACE, spec.namespace())
                .addKeyValue(LogKeys.TARGET, spec.name())
                .setCause(failure)
                .log("target adapter broke its contract");
        return Outcome.retry(ErrorCode.INTERNAL, "target adapter: " + failure, Duration.ZERO);
    }

    private static Future<List<Outcome>> given(int count, Outcome outcome) {
        return Future.succeededFuture(Collections.nCopies(count, outcome));
    }

    private void show() {
        meters.show(breaker.state(), limit.current(), inFlight);
    }

    private void endIfIdle() {
        if (closing != null && inFlight == 0) {
            closing.tryComplete();
        }
    }

    private static long micros(Duration duration) {
        return duration.toNanos() / 1_000L;
    }
}

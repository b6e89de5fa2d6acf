package io.forelog.consume;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.queue.ParkedKey;
import io.forelog.queue.Queue;
import io.forelog.queue.Verdict;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One route's way from the queue to its target and back: takes on demand, sends, judges what the target answers, settles.
 * Its progress is its own; other routes share only the {@link FairWindow}, which bounds what it holds. Owned by the
 * pump's thread: events note what happened, {@link #turn} does the work.
 */
final class RouteFlow implements Lanes.Track, Settler.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(RouteFlow.class);
    private static final long TAKE_AGAIN_MIN = 100_000L;
    private static final long TAKE_AGAIN_MAX = 5_000_000L;
    private static final long NEXT_LOOK_MIN = 5_000L;
    private static final int TAKE_MAX = 1_024;
    private static final Duration NOBODY_WRITES = Duration.ofMillis(200);

    private final String namespace;
    private final Queue queue;
    private final Courier courier;
    private final FairWindow window;
    private final FairWindow.Share share;
    private final RouteMetrics metrics;
    private final Ticker ticker;
    private final Turns turns;
    private final RandomGenerator random;
    private final Settler settler;
    private final Lanes lanes;
    private final RouteGate gate = new RouteGate();
    private final StormWatch storms = new StormWatch();
    /** To be sent, in order; of an ordered key only its head. */
    private final ArrayDeque<Flight> ready = new ArrayDeque<>();

    private volatile RoutePolicy policy;
    private Judge judge;
    private @Nullable String pausedBy;
    private boolean draining;
    private int outstanding;
    /** Falls by half when the writer gives deliveries back for want of a slot, grows while it answers all. */
    private int atTargetMax = Integer.MAX_VALUE;

    private boolean taking;
    private boolean lastTakeFull;
    private long takeBackoff;
    private long takeAgainMicros;
    private boolean restored;
    private boolean restoring;
    private boolean parkedFull;
    private long sinceMicros;
    private volatile Seen seen = new Seen(PumpStatus.State.RUNNING, "", 0, 0, 0, 0, 0, 0);

    /** What others see of this route. */
    private record Seen(
            PumpStatus.State state,
            String reason,
            long sinceMicros,
            int inFlight,
            int atTarget,
            int held,
            int retryingKeys,
            int parkedKeys) {}

    RouteFlow(
            String namespace,
            RoutePolicy policy,
            Queue queue,
            Courier courier,
            FairWindow window,
            RouteMetrics metrics,
            Ticker ticker,
            Turns turns,
            RandomGenerator random,
            int parkedKeysMax) {
        this.namespace = namespace;
        this.policy = policy;
        this.judge = new Judge(new RetrySchedule(policy.retry(), random));
        this.queue = queue;
        this.courier = courier;
        this.window = window;
        this.share = window.share();
        this.metrics = metrics;
        this.ticker = ticker;
        this.turns = turns;
        this.random = random;
        this.settler = new Settler(queue, turns, ticker, this);
        this.lanes = new Lanes(this, Math.max(8, window.capacity() / 16), parkedKeysMax);
    }

    int route() {
        return policy.route();
    }

    RoutePolicy policy() {
        return policy;
    }

    void policy(RoutePolicy newPolicy) {
        boolean goesNow = newPolicy.gone() && !policy.gone();
        policy = newPolicy;
        judge = new Judge(new RetrySchedule(newPolicy.retry(), random));
        if (goesNow) {
            gate.open();
            lanes.tryAllNow();
        }
        turns.soon();
    }

    /** By hand: what is at the target comes back, nothing more is sent. */
    void pause(String reason) {
        pausedBy = reason;
        turns.soon();
    }

    /** By hand: ends a pause of any kind; parked and held keys are tried again now. */
    void resume() {
        pausedBy = null;
        if (gate.state() == RouteGate.State.STORM) {
            gate.open();
            storms.reset();
        }
        lanes.tryAllNow();
        turns.soon();
    }

    /** From now on nothing is taken or sent; what is at the target is awaited and settled. */
    void drain() {
        draining = true;
        turns.soon();
    }

    /** Nothing is at the target, and all that came back is settled. */
    boolean drained() {
        return outstanding == 0 && settler.idle();
    }

    /** Answers when it wants its next turn at the latest. */
    long turn(long now) {
        boolean moving = !draining && pausedBy == null && !settler.failing();
        restore();
        lanes.wake(now, moving && mayTake(now));
        if (moving) {
            send(now);
        }
        settler.flush(now);
        if (moving && mayTake(now)) {
            take();
        }
        see(now);
        return nextMicros(now, moving);
    }

    private long nextMicros(long now, boolean moving) {
        long next = Math.min(settler.nextMicros(), lanes.nextMicros(moving && mayTake(now)));
        if (moving) {
            next = Math.min(next, gate.nextMicros());
            next = Math.min(next, takeAgainMicros > now ? takeAgainMicros : Long.MAX_VALUE);
        }
        return next == Long.MAX_VALUE ? next : Math.max(next, now + NEXT_LOOK_MIN);
    }

    // ---- restoring what a former process left parked

    private void restore() {
        if (restored || restoring || draining || ticker.micros() < takeAgainMicros) {
            return;
        }
        restoring = true;
        int most = Lanes.PARKED_KEYS_MAX + window.capacity() + 1;
        queue.parked(policy.route(), most)
                .onComplete(
                        keys -> {
                            restoring = false;
                            restored = true;
                            takeWorked();
                            restored(keys);
                        },
                        failure -> {
                            restoring = false;
                            takeFailed(failure);
                        });
    }

    private void restored(List<ParkedKey> keys) {
        lanes.restore(keys);
        if (policy.gone()) {
            lanes.tryAllNow();
        }
        turns.soon();
    }

    // ---- taking

    private boolean mayTake(long now) {
        if (!restored || settler.failing() || now < takeAgainMicros) {
            return false;
        }
        if (gate.state() != RouteGate.State.OPEN) {
            return ready.isEmpty() && gate.allowance(now) > 0;
        }
        return true;
    }

    private boolean keysFull() {
        if (parkedFull != (parkedFull ? !lanes.roomAgain() : lanes.full())) {
            parkedFull = !parkedFull;
            LOG.atLevel(parkedFull ? org.slf4j.event.Level.ERROR : org.slf4j.event.Level.INFO)
                    .addKeyValue(LogKeys.NAMESPACE, namespace)
                    .addKeyValue(LogKeys.TARGET, policy.target())
                    .addKeyValue(LogKeys.COUNT, lanes.parkedKeys())
                    .log(parkedFull ? "Route paused: too many keys are parked" : "Route goes on: parked keys went");
        }
        return parkedFull;
    }

    private void take() {
        if (taking || keysFull()) {
            return;
        }
        int own = share.ownRoom();
        int room = Math.min(TAKE_MAX, lastTakeFull || own == 0 ? share.room() : own);
        if (gate.state() != RouteGate.State.OPEN) {
            room = Math.min(room, RouteGate.PROBES);
        } else if (share.inFlight() > 0 && room < window.capacity() / 32) {
            return; // a few at a time is dear: more are settled soon
        }
        if (room <= 0) {
            return;
        }
        int max = room;
        taking = true;
        share.reserve(max);
        queue.take(policy.route(), max, Math.max(1, share.roomBytes()))
                .onComplete(deliveries -> taken(deliveries, max), failure -> {
                    taking = false;
                    share.unreserve(max);
                    takeFailed(failure);
                });
    }

    private void taken(List<Delivery> deliveries, int max) {
        taking = false;
        share.unreserve(max);
        takeWorked();
        lastTakeFull = deliveries.size() >= max;
        for (int i = 0; i < deliveries.size(); i++) {
            Delivery delivery = deliveries.get(i);
            Flight flight;
            if (policy.ordered() && delivery.entry().key().length() > 0) {
                flight = lanes.admit(delivery);
            } else {
                flight = new Flight(delivery, null, false);
                ready.add(flight);
            }
            share.taken(flight);
        }
        turns.soon();
    }

    private void takeWorked() {
        takeBackoff = 0;
        takeAgainMicros = 0;
    }

    private void takeFailed(Throwable failure) {
        if (takeBackoff == 0 && !draining) {
            LOG.atWarn()
                    .addKeyValue(LogKeys.NAMESPACE, namespace)
                    .addKeyValue(LogKeys.TARGET, policy.target())
                    .addKeyValue(LogKeys.REASON, failure.getMessage())
                    .log("Queue can't be taken from; tried again");
        }
        takeBackoff = Math.min(TAKE_AGAIN_MAX, Math.max(TAKE_AGAIN_MIN, takeBackoff * 2));
        takeAgainMicros = ticker.micros() + takeBackoff;
        turns.soon();
    }

    // ---- Lanes.Track

    @Override
    public void ready(Flight flight) {
        ready.add(flight);
    }

    @Override
    public void settle(Flight flight, Verdict verdict) {
        settler.add(flight, verdict);
    }

    @Override
    public int roomForParked() {
        return share.room();
    }

    @Override
    public void takeParked(Lane lane, int max) {
        share.reserve(max);
        queue.takeParked(policy.route(), lane.key, max)
                .onComplete(
                        deliveries -> {
                            share.unreserve(max);
                            List<Flight> run = new ArrayList<>(deliveries.size());
                            for (Delivery delivery : deliveries) {
                                Flight flight = new Flight(delivery, lane, true);
                                share.taken(flight);
                                run.add(flight);
                            }
                            lanes.ran(lane, run);
                            turns.soon();
                        },
                        failure -> {
                            share.unreserve(max);
                            takeFailed(failure);
                            lanes.notTaken(lane, takeAgainMicros);
                        });
    }

    // ---- sending

    private void send(long now) {
        while (!ready.isEmpty()) {
            int most = Math.min(gate.allowance(now), atTargetMax - outstanding);
            if (policy.gone()) {
                most = policy.chunk();
            }
            if (most <= 0) {
                return;
            }
            List<Flight> batch = collect(Math.min(most, policy.chunk()), now);
            if (!batch.isEmpty()) {
                dispatch(batch, now);
            }
        }
    }

    private List<Flight> collect(int most, long now) {
        List<Flight> batch = new ArrayList<>(Math.min(most, ready.size()));
        while (batch.size() < most) {
            Flight flight = ready.poll();
            if (flight == null) {
                break;
            }
            Verdict verdict =
                    policy.gone() ? Judge.gone(namespace, policy.target(), now) : Judge.expired(flight.delivery(), now);
            if (verdict == null) {
                batch.add(flight);
            } else {
                finish(flight, verdict);
            }
        }
        return batch;
    }

    private void dispatch(List<Flight> batch, long now) {
        List<Delivery> deliveries = new ArrayList<>(batch.size());
        for (int i = 0; i < batch.size(); i++) {
            Delivery delivery = batch.get(i).delivery();
            if (delivery.attempt() == 1) {
                metrics.late(now - delivery.dueMicros());
            }
            deliveries.add(delivery);
        }
        boolean probe = gate.sent();
        outstanding += batch.size();
        courier.deliver(policy.target(), deliveries, policy.requestLimit())
                .onComplete(
                        outcomes -> answered(batch, probe, outcomes),
                        failure -> answered(batch, probe, List.of(undelivered(failure))));
    }

    /** What a request that brought no outcome means for every delivery in it. */
    private Outcome undelivered(Throwable failure) {
        WalException told = WalException.of(failure);
        String text = String.valueOf(told.getMessage());
        return switch (told.code()) {
            case UNAVAILABLE, OVERLOADED, DRAINING -> Outcome.deferred(text, NOBODY_WRITES);
            case UNKNOWN_DURABILITY -> Outcome.retry(ErrorCode.TARGET_TIMEOUT, text, Duration.ZERO);
            default -> Outcome.retry(told.code(), text, Duration.ZERO);
        };
    }

    // ---- judging

    private void answered(List<Flight> batch, boolean probe, List<Outcome> outcomes) {
        outstanding -= batch.size();
        if (probe) {
            gate.probeEnded();
        }
        boolean one = outcomes.size() == 1;
        if (!one && outcomes.size() != batch.size()) {
            outcomes = List.of(Outcome.retry(
                    ErrorCode.INTERNAL,
                    policy.target() + ": " + outcomes.size() + " outcomes (expected: " + batch.size() + ")",
                    Duration.ZERO));
            one = true;
        }
        Reply reply = new Reply(ticker.micros());
        for (int i = 0; i < batch.size(); i++) {
            reply.judge(batch.get(i), outcomes.get(one ? 0 : i));
        }
        reply.end(probe);
        turns.soon();
    }

    /** One reply of a target, delivery by delivery; then what it says about the route. */
    private final class Reply {
        private final long now;
        private final Verdict delivered;
        private @Nullable List<Flight> deferred;
        private Outcome.@Nullable Deferred silence;
        private int applied;
        private int tried;
        private @Nullable String stormWords;

        Reply(long now) {
            this.now = now;
            this.delivered = new Verdict.Delivered(now);
        }

        void judge(Flight flight, Outcome outcome) {
            switch (outcome.kind()) {
                case APPLIED -> {
                    applied++;
                    finish(flight, delivered);
                }
                case RETRY -> {
                    tried++;
                    storms.record(false);
                    retry(flight, (Outcome.Retry) outcome);
                }
                case REJECTED -> reject(flight, (Outcome.Rejected) outcome);
                case DEFERRED -> {
                    List<Flight> back = deferred == null ? new ArrayList<>() : deferred;
                    back.add(flight);
                    deferred = back;
                    silence = (Outcome.Deferred) outcome;
                }
            }
        }

        private void retry(Flight flight, Outcome.Retry retry) {
            Verdict verdict = judge.retry(flight.delivery(), retry, now);
            Lane lane = flight.lane;
            if (verdict instanceof Verdict.Retry again && lane != null) {
                lanes.failed(flight, lane, again.failure(), now, again.dueMicros());
            } else if (verdict instanceof Verdict.Dead dead) {
                dead(flight, dead);
            } else {
                finish(flight, verdict);
            }
        }

        private void reject(Flight flight, Outcome.Rejected rejected) {
            if (rejected.storm()) {
                storms.record(true);
                stormWords = rejected.text();
                if (gate.state() == RouteGate.State.STORM || storms.reached(policy.pauseOnRejectRatio())) {
                    if (gate.state() != RouteGate.State.STORM) {
                        gate.storm(rejected.text(), now);
                        stormBegins(rejected);
                    }
                    ready.add(flight);
                    return;
                }
            } else {
                storms.record(false);
            }
            tried++;
            dead(flight, new Verdict.Dead(new Failure(now, rejected.code(), rejected.text())));
        }

        void end(boolean probe) {
            storms.recordCalm(applied);
            List<Flight> back = deferred;
            Outcome.Deferred last = silence;
            if (back != null && last != null) {
                for (int i = back.size() - 1; i >= 0; i--) {
                    ready.addFirst(back.get(i));
                }
                atTargetMax = Math.max(policy.chunk(), Math.min(atTargetMax, outstanding + back.size()) / 2);
                if (applied + tried == 0) {
                    gate.deferred(last.after(), last.text(), now);
                }
            } else {
                atTargetMax = Math.min(window.capacity(), atTargetMax) + 1 + applied / 4;
                gate.attempted();
            }
            if (probe && gate.state() == RouteGate.State.STORM) {
                if (applied > 0) {
                    gate.open();
                    storms.reset();
                    stormEnds();
                } else if (stormWords != null) {
                    gate.stormGoesOn(stormWords, now);
                } else if (tried > 0) {
                    gate.probeAgain(now);
                }
            }
        }
    }

    private void dead(Flight flight, Verdict.Dead dead) {
        Lane lane = flight.lane;
        if (lane != null && policy.hold()) {
            lanes.hold(flight, lane, dead.failure());
        } else {
            finish(flight, dead);
        }
    }

    /** Settled for good, or by the queue's timers: its lane, if it has one, goes on. */
    private void finish(Flight flight, Verdict verdict) {
        settler.add(flight, verdict);
        if (flight.lane != null) {
            lanes.finished(flight.lane);
        }
    }

    private void stormBegins(Outcome.Rejected rejected) {
        LOG.atError()
                .addKeyValue(LogKeys.NAMESPACE, namespace)
                .addKeyValue(LogKeys.TARGET, policy.target())
                .addKeyValue(LogKeys.CODE, rejected.code())
                .addKeyValue(LogKeys.REASON, rejected.text())
                .log("Route paused: its target rejects in a storm");
    }

    private void stormEnds() {
        LOG.atInfo()
                .addKeyValue(LogKeys.NAMESPACE, namespace)
                .addKeyValue(LogKeys.TARGET, policy.target())
                .log("Route goes on: its target accepted a probe");
    }

    // ---- Settler.Listener

    @Override
    public void confirmed(List<Settler.Settled> settled) {
        for (int i = 0; i < settled.size(); i++) {
            Settler.Settled one = settled.get(i);
            Flight flight = one.flight();
            share.release(flight);
            if (flight.lane != null) {
                lanes.settled(flight.lane, one.verdict());
            }
        }
        metrics.settled(settled);
    }

    @Override
    public void alarm(Throwable failure) {
        LOG.atError()
                .addKeyValue(LogKeys.NAMESPACE, namespace)
                .addKeyValue(LogKeys.TARGET, policy.target())
                .addKeyValue(LogKeys.REASON, failure.getMessage())
                .log("Route stops: what became of deliveries can't be written; kept and tried again");
    }

    @Override
    public void alarmEnded() {
        LOG.atInfo()
                .addKeyValue(LogKeys.NAMESPACE, namespace)
                .addKeyValue(LogKeys.TARGET, policy.target())
                .log("Route goes on: deliveries are settled again");
    }

    // ---- being seen

    PumpStatus.State state() {
        if (draining) {
            return PumpStatus.State.DRAINING;
        }
        if (settler.failing()) {
            return PumpStatus.State.SETTLE_FAILING;
        }
        if (pausedBy != null) {
            return PumpStatus.State.PAUSED;
        }
        if (gate.state() != RouteGate.State.OPEN) {
            return gate.state() == RouteGate.State.STORM ? PumpStatus.State.PAUSED_STORM : PumpStatus.State.DEFERRED;
        }
        if (parkedFull) {
            return PumpStatus.State.PARKED_FULL;
        }
        return policy.gone() ? PumpStatus.State.TARGET_GONE : PumpStatus.State.RUNNING;
    }

    /** As its last turn left it. Any thread. */
    PumpStatus status() {
        Seen now = seen;
        return new PumpStatus(
                namespace,
                policy.route(),
                policy.target(),
                now.state(),
                now.reason(),
                now.sinceMicros(),
                now.inFlight(),
                now.atTarget(),
                now.held(),
                now.retryingKeys(),
                now.parkedKeys(),
                queue.depth(policy.route()));
    }

    private void see(long now) {
        PumpStatus.State state = state();
        if (state != seen.state()) {
            sinceMicros = now;
            metrics.state(state);
        }
        String by = pausedBy;
        seen = new Seen(
                state,
                by == null ? gate.words() : by,
                sinceMicros,
                share.inFlight(),
                outstanding,
                ready.size(),
                lanes.retryingKeys(),
                lanes.parkedKeys());
    }

    void close() {
        window.close(share);
        metrics.close();
    }
}

package io.forelog.consume;

import io.forelog.model.Delivery;
import io.forelog.model.Failure;
import io.forelog.model.Ticker;
import io.forelog.observe.LogKeys;
import io.forelog.queue.ParkedKey;
import io.forelog.queue.Queue;
import io.forelog.queue.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One route: what {@link Intake} takes goes through its {@link Lanes} where order binds it, to the target and back by
 * {@link Sender}, and to the queue by {@link Settler}. Its progress is its own; other routes share only the {@link FairWindow}, which bounds what it holds. Owned by the
 * pump's thread: events note what happened, {@link #turn} does the work.
 */
final class RouteFlow implements Intake.Taker, Lanes.Track, Sender.Ends, Settler.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(RouteFlow.class);
    private static final long NEXT_LOOK_MIN = 5_000L;

    private final String namespace;
    private final Queue queue;
    private final FairWindow window;
    private final FairWindow.Share share;
    private final RouteMetrics metrics;
    private final Turns turns;
    private final Runnable stormsChanged;
    private final RandomGenerator random;
    private final Settler settler;
    private final Lanes lanes;
    private final Sender sender;
    private final Intake intake;

    private volatile RoutePolicy policy;
    private @Nullable String pausedBy;
    private boolean draining;
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
            int parkedKeysMax,
            Runnable stormsChanged) {
        this.namespace = namespace;
        this.policy = policy;
        this.queue = queue;
        this.window = window;
        this.share = window.share();
        this.metrics = metrics;
        this.turns = turns;
        this.stormsChanged = stormsChanged;
        this.random = random;
        this.settler = new Settler(queue, turns, ticker, this);
        this.lanes = new Lanes(this, Math.max(8, window.capacity() / 16), parkedKeysMax);
        this.sender = new Sender(
                namespace,
                policy,
                judge(policy),
                courier,
                metrics,
                ticker,
                turns,
                this,
                queue::holds,
                window.capacity());
        this.intake = new Intake(
                namespace, policy.route(), policy.target(), queue, window, share, lanes, ticker, turns, this);
    }

    private Judge judge(RoutePolicy of) {
        return new Judge(new RetrySchedule(of.retry(), random));
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
        sender.policy(newPolicy, judge(newPolicy));
        if (goesNow) {
            lanes.tryAllNow();
        }
        turns.soon();
    }

    /** By hand: what is at the target comes back, nothing more is sent. */
    void pause(String reason) {
        pausedBy = reason;
        turns.soon();
    }

    /** As a former process left it, before the first turn. */
    void beginInStorm(String words, long now) {
        if (!policy.gone()) {
            sender.beginInStorm(words, now);
        }
    }

    /** What the target says in a storm; null where there is none. */
    @Nullable
    String storm() {
        return sender.gate().state() == RouteGate.State.STORM ? sender.gate().words() : null;
    }

    /** By hand: ends a pause of any kind; parked and held keys are tried again now. */
    void resume() {
        pausedBy = null;
        sender.endStorm();
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
        return sender.outstanding() == 0 && settler.idle();
    }

    /** Answers when it wants its next turn at the latest. */
    long turn(long now) {
        boolean moving = !draining && pausedBy == null && !settler.failing();
        if (!draining) {
            intake.restore(now);
        }
        lanes.wake(now, moving && wants(now) > 0);
        if (moving) {
            sender.send(now);
        }
        settler.flush(now);
        int wanted = wants(now);
        if (moving && !settler.failing() && wanted > 0) {
            intake.take(wanted);
        }
        see(now);
        return nextMicros(now, moving);
    }

    private int wants(long now) {
        return intake.may(now) ? sender.wants(now) : 0;
    }

    private long nextMicros(long now, boolean moving) {
        long next = Math.min(settler.nextMicros(), lanes.nextMicros(moving && wants(now) > 0));
        if (!draining) {
            next = Math.min(next, intake.nextMicros(now));
        }
        if (moving) {
            next = Math.min(next, sender.gate().nextMicros());
        }
        return next == Long.MAX_VALUE ? next : Math.max(next, now + NEXT_LOOK_MIN);
    }

    // ---- Intake.Taker

    @Override
    public void restored(List<ParkedKey> keys) {
        lanes.restore(keys);
        if (policy.gone()) {
            lanes.tryAllNow();
        }
    }

    @Override
    public void taken(List<Delivery> deliveries) {
        for (int i = 0; i < deliveries.size(); i++) {
            Delivery delivery = deliveries.get(i);
            Flight flight;
            if (policy.ordered() && delivery.entry().key().length() > 0) {
                flight = lanes.admit(delivery);
            } else {
                flight = new Flight(delivery, null, false);
                sender.ready(flight);
            }
            share.taken(flight);
        }
    }

    // ---- Lanes.Track

    @Override
    public void ready(Flight flight) {
        sender.ready(flight);
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
                            intake.failed(failure);
                            lanes.notTaken(lane, intake.againMicros());
                        });
    }

    // ---- Sender.Ends

    @Override
    public void finish(Flight flight, Verdict verdict) {
        settler.add(flight, verdict);
        if (flight.lane != null) {
            lanes.finished(flight.lane);
        }
    }

    @Override
    public void failed(Flight flight, Lane lane, Failure failure, long now, long dueMicros) {
        lanes.failed(flight, lane, failure, now, dueMicros);
    }

    @Override
    public void dead(Flight flight, Verdict.Dead dead) {
        Lane lane = flight.lane;
        if (lane != null && policy.hold()) {
            lanes.hold(flight, lane, dead.failure());
        } else {
            finish(flight, dead);
        }
    }

    @Override
    public void stormChanged() {
        stormsChanged.run();
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
        RouteGate.State gate = sender.gate().state();
        if (gate != RouteGate.State.OPEN) {
            return gate == RouteGate.State.STORM ? PumpStatus.State.STORM : PumpStatus.State.BREAKER_OPEN;
        }
        if (intake.keysFull()) {
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
                by == null ? sender.gate().words() : by,
                sinceMicros,
                share.inFlight(),
                sender.outstanding(),
                sender.held(),
                lanes.retryingKeys(),
                lanes.parkedKeys());
    }

    void close() {
        window.close(share);
        metrics.close();
    }
}

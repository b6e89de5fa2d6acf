package io.forelog.consume;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.queue.Verdict;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One route's way to its target and back: sends what is ready in batches, several at once, and judges what comes back.
 * Owned by the pump's thread; what is ready or at the target is bounded by the route's window.
 */
final class Sender {
    /** What becomes of deliveries. */
    interface Ends {
        /** Settled for good, or left to the queue's timers. */
        void finish(Flight flight, Verdict verdict);

        /** Failed; of an ordered key, whose lane decides where it is tried again. */
        void failed(Flight flight, Lane lane, Failure failure, long now, long dueMicros);

        void dead(Flight flight, Verdict.Dead dead);

        /** A storm began or ended. */
        void stormChanged();
    }

    private static final Logger LOG = LoggerFactory.getLogger(Sender.class);
    private static final Duration NOBODY_WRITES = Duration.ofMillis(200);

    private final String namespace;
    private final Courier courier;
    private final RouteMetrics metrics;
    private final Ticker ticker;
    private final Turns turns;
    private final Ends ends;
    private final Predicate<Delivery> ours;
    private final int windowMax;
    private final RouteGate gate = new RouteGate();
    private final StormWatch storms = new StormWatch();
    /** To be sent, in order; of an ordered key only its head. */
    private final ArrayDeque<Flight> ready = new ArrayDeque<>();

    private RoutePolicy policy;
    private Judge judge;
    private int outstanding;
    /** Falls by half when the writer gives deliveries back for want of a slot, grows while it answers all. */
    private int atTargetMax = Integer.MAX_VALUE;

    /** {@code ours}: false where another has a delivery by now. */
    Sender(
            String namespace,
            RoutePolicy policy,
            Judge judge,
            Courier courier,
            RouteMetrics metrics,
            Ticker ticker,
            Turns turns,
            Ends ends,
            Predicate<Delivery> ours,
            int windowMax) {
        this.namespace = namespace;
        this.policy = policy;
        this.judge = judge;
        this.courier = courier;
        this.metrics = metrics;
        this.ticker = ticker;
        this.turns = turns;
        this.ends = ends;
        this.ours = ours;
        this.windowMax = windowMax;
    }

    void policy(RoutePolicy newPolicy, Judge newJudge) {
        boolean goesNow = newPolicy.gone() && !policy.gone();
        policy = newPolicy;
        judge = newJudge;
        if (goesNow) {
            boolean stormed = gate.state() == RouteGate.State.STORM;
            gate.open();
            if (stormed) {
                ends.stormChanged();
            }
        }
    }

    /** As a former process left it: nothing is sent but probes. */
    void beginInStorm(String text, long now) {
        gate.storm(text, now);
    }

    RouteGate gate() {
        return gate;
    }

    /** By hand. */
    void endStorm() {
        if (gate.state() == RouteGate.State.STORM) {
            gate.open();
            storms.reset();
        }
    }

    void ready(Flight flight) {
        ready.add(flight);
    }

    /** In memory, to be sent. */
    int held() {
        return ready.size();
    }

    /** At the target. */
    int outstanding() {
        return outstanding;
    }

    /** How many may be taken beside what is held: a closed gate wants its probes, and no more. */
    int wants(long now) {
        if (gate.state() == RouteGate.State.OPEN) {
            return Integer.MAX_VALUE;
        }
        return ready.isEmpty() ? gate.allowance(now) : 0;
    }

    void send(long now) {
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
            if (flight.lane != null && !ours.test(flight.delivery())) {
                ends.finish(
                        flight,
                        new Verdict.Moved(now)); // its new owner sends it: here it would come behind what that one sent
                continue;
            }
            Verdict verdict =
                    policy.gone() ? Judge.gone(namespace, policy.target(), now) : Judge.expired(flight.delivery(), now);
            if (verdict == null) {
                batch.add(flight);
            } else {
                ends.finish(flight, verdict);
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
                        outcomes -> answered(batch, probe, outcomes, null),
                        failure -> answered(batch, probe, List.of(), undelivered(failure)));
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

    /** {@code all}: the outcome of each where there is no reply. */
    private void answered(List<Flight> batch, boolean probe, List<Outcome> outcomes, @Nullable Outcome all) {
        outstanding -= batch.size();
        if (probe) {
            gate.probeEnded();
        }
        Outcome same = all;
        if (same == null && outcomes.size() != batch.size()) {
            String text = policy.target() + ": " + outcomes.size() + " outcomes (expected: " + batch.size() + ")";
            same = Outcome.retry(ErrorCode.INTERNAL, text, Duration.ZERO);
        }
        Reply reply = new Reply(ticker.micros());
        for (int i = 0; i < batch.size(); i++) {
            reply.judge(batch.get(i), same == null ? outcomes.get(i) : same);
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
                    ends.finish(flight, delivered);
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
                ends.failed(flight, lane, again.failure(), now, again.dueMicros());
            } else if (verdict instanceof Verdict.Dead dead) {
                ends.dead(flight, dead);
            } else {
                ends.finish(flight, verdict);
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
            ends.dead(flight, new Verdict.Dead(new Failure(now, rejected.code(), rejected.text())));
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
                atTargetMax = Math.min(windowMax, atTargetMax) + 1 + applied / 4;
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

    private void stormBegins(Outcome.Rejected rejected) {
        LOG.atError()
                .addKeyValue(LogKeys.NAMESPACE, namespace)
                .addKeyValue(LogKeys.TARGET, policy.target())
                .addKeyValue(LogKeys.CODE, rejected.code())
                .addKeyValue(LogKeys.REASON, rejected.text())
                .log("Route paused: its target rejects in a storm");
        ends.stormChanged();
    }

    private void stormEnds() {
        LOG.atInfo()
                .addKeyValue(LogKeys.NAMESPACE, namespace)
                .addKeyValue(LogKeys.TARGET, policy.target())
                .log("Route goes on: its target accepted a probe");
        ends.stormChanged();
    }
}

package io.forelog.consume;

import io.forelog.bus.Address;
import io.forelog.bus.Bus;
import io.forelog.bus.DeliveryBatch;
import io.forelog.bus.DeliveryReply;
import io.forelog.config.Namespace;
import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.queue.Queue;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one consumer of one namespace's queue on this node. It holds lifecycle and wiring; the work is in
 * {@link RouteFlows}. Its context owns all state; the public methods may be called from any context, once it is deployed,
 * and end on the caller's. Bounded by {@code delivery.max_in_flight} and 16 MiB of deliveries in memory.
 *
 * <p>Its queue must be closed when it is undeployed: what it had taken is taken again when the queue is opened anew.
 */
public final class ConsumerPump extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(ConsumerPump.class);

    private final Bus bus;
    private final String namespace;
    private final Ticker ticker;
    private final PauseRegister register;
    private final RouteFlows flows;

    private boolean turnSoon;
    /** Resumes that are kept already and not applied yet: what the routes say now is older. */
    private int resuming;

    private long timer = -1;
    private long timerMicros = Long.MAX_VALUE;
    private @Nullable Promise<Boolean> drained;

    public ConsumerPump(
            Queue queue, Bus bus, Namespace namespace, Ticker ticker, MeterRegistry metrics, PauseRegister register) {
        this.bus = bus;
        this.namespace = namespace.name();
        this.ticker = ticker;
        this.register = register;
        this.flows = new RouteFlows(
                namespace,
                queue,
                this::deliver,
                ticker,
                metrics,
                this::soon,
                new SplittableRandom(),
                Lanes.PARKED_KEYS_MAX,
                this::keepStorms);
    }

    @Override
    public Future<?> start() {
        return register.load(namespace).recover(this::pauseAll).onSuccess(pauses -> {
            flows.start(pauses);
            soon();
        });
    }

    /** Nobody knows what was paused: to deliver what somebody stopped is worse than to wait for him. */
    private Future<Map<String, String>> pauseAll(Throwable failure) {
        LOG.atError()
                .addKeyValue(LogKeys.NAMESPACE, namespace)
                .addKeyValue(LogKeys.REASON, failure.getMessage())
                .log("Paused: what was paused by hand can't be read; resume by hand");
        return Future.succeededFuture(Map.of(PauseRegister.ALL, "pauses unreadable: " + failure.getMessage()));
    }

    @Override
    public Future<?> stop() {
        vertx.cancelTimer(timer);
        flows.drain();
        flows.close();
        return Future.succeededFuture();
    }

    private Future<List<Outcome>> deliver(String target, List<Delivery> deliveries, Duration limit) {
        return bus.request(
                        Address.DELIVER,
                        Address.target(namespace, target),
                        new DeliveryBatch(namespace, target, deliveries),
                        limit)
                .map(DeliveryReply::outcomes);
    }

    // ---- turns

    private void soon() {
        if (!turnSoon) {
            turnSoon = true;
            context.runOnContext(run -> turn());
        }
    }

    private void turn() {
        turnSoon = false;
        long next = flows.turn();
        Promise<Boolean> waiting = drained;
        if (waiting != null && flows.drained()) {
            waiting.tryComplete(true);
        }
        wakeAt(next);
    }

    /** One timer, for the earliest wish; one that comes too early only looks. */
    private void wakeAt(long micros) {
        if (micros >= timerMicros) {
            return;
        }
        vertx.cancelTimer(timer);
        timerMicros = micros;
        long millis = Math.max(1, (micros - ticker.micros() + 999) / 1_000);
        timer = vertx.setTimer(Math.min(millis, 60_000L), run -> {
            timerMicros = Long.MAX_VALUE;
            turn();
        });
    }

    // ---- from any context

    /** Applies a new document to what runs: policies, limits, routes. The order of a namespace is not changed live. */
    public Future<Void> update(Namespace newNamespace) {
        return here(() -> {
            flows.update(newNamespace);
            return Future.succeededFuture();
        });
    }

    /** Stops delivery to {@code target}, or to all where null, until {@link #resume}; durable when it ends. */
    public Future<Void> pause(@Nullable String target, String reason) {
        String what = target == null ? PauseRegister.ALL : target;
        return here(() -> known(what).compose(known -> {
            Map<String, String> after = flows.pausesWith(what, reason);
            flows.applyPauses(after, null);
            return register.store(namespace, flows.kept(after, null));
        }));
    }

    /** Ends a pause by hand or by a storm, and tries parked and held keys now; durable when it ends. */
    public Future<Void> resume(@Nullable String target) {
        String what = target == null ? PauseRegister.ALL : target;
        return here(() -> known(what).compose(known -> {
            Map<String, String> after = flows.pausesWithout(what);
            resuming++;
            return register.store(namespace, flows.kept(after, what))
                    .onSuccess(stored -> flows.applyPauses(after, what))
                    .onComplete(stored -> {
                        resuming--;
                        keepStorms();
                    });
        }));
    }

    /** A storm that can't be kept costs a few rejections after the next start, no more. */
    private void keepStorms() {
        if (resuming == 0) {
            register.store(namespace, flows.kept())
                    .onFailure(failure -> LOG.atWarn()
                            .addKeyValue(LogKeys.NAMESPACE, namespace)
                            .addKeyValue(LogKeys.REASON, failure.getMessage())
                            .log("A storm of rejections can't be kept for the next start"));
        }
    }

    private Future<Void> known(String target) {
        return flows.knows(target)
                ? Future.succeededFuture()
                : Future.failedFuture(new WalException(
                        ErrorCode.NOT_FOUND, "target: '" + target + "' (expected: a target of " + namespace + ")"));
    }

    /** One a route, by route id, as its last turn left it. Any thread, at once. */
    public List<PumpStatus> status() {
        return flows.status();
    }

    /**
     * Takes and sends no more, and ends when all that is at a target has come back and is settled, or after
     * {@code limit}: whether all had. What is not settled then is delivered again after the next start.
     */
    public Future<Boolean> drain(Duration limit) {
        return here(() -> {
            Promise<Boolean> done = drained == null ? Promise.promise() : drained;
            drained = done;
            flows.drain();
            soon();
            vertx.setTimer(Math.max(1, limit.toMillis()), late -> done.tryComplete(false));
            return done.future();
        });
    }

    private <T> Future<T> here(Supplier<Future<T>> action) {
        Context caller = vertx.getOrCreateContext();
        Promise<T> promise = Promise.promise();
        context.runOnContext(run -> action.get()
                .onComplete((value, failure) -> caller.runOnContext(back -> promise.complete(value, failure))));
        return promise.future();
    }
}

package io.forelog.produce;

import io.forelog.bus.Address;
import io.forelog.bus.AppendBatch;
import io.forelog.bus.AppendReply;
import io.forelog.bus.Bus;
import io.forelog.observe.MetricNames;
import io.forelog.queue.Queue;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The one producer of one namespace's queue on this node: serves {@link Address#APPEND}, answers after the append. It
 * holds lifecycle and wiring; the work is in {@link AppendDesk}, which its context owns and {@link AppendLimits} bounds.
 */
public final class QueuePump extends VerticleBase {
    private final Bus bus;
    private final String namespace;
    private final MeterRegistry registry;
    private final AppendDesk desk;
    private final Tags tags;
    private final List<Meter> meters = new ArrayList<>();
    private Bus.@Nullable Served served;

    public QueuePump(Queue queue, Bus bus, String namespace, MeterRegistry registry, AppendLimits limits) {
        this.bus = bus;
        this.namespace = namespace;
        this.registry = registry;
        this.tags = Tags.of(MetricNames.NAMESPACE, namespace);
        this.desk = new AppendDesk(
                queue,
                namespace,
                limits,
                (why, entries) -> registry.counter(
                                MetricNames.APPEND_REFUSED,
                                tags.and(MetricNames.OUTCOME, why.name().toLowerCase(Locale.ROOT)))
                        .increment(entries));
    }

    @Override
    public Future<?> start() {
        meters.add(Gauge.builder(MetricNames.APPEND_IN_FLIGHT, desk, AppendDesk::entriesInFlight)
                .tags(tags)
                .register(registry));
        meters.add(Gauge.builder(MetricNames.APPEND_IN_FLIGHT_BYTES, desk, AppendDesk::bytesInFlight)
                .tags(tags)
                .register(registry));
        served = bus.serveTimed(Address.APPEND, namespace, this::append);
        return Future.succeededFuture();
    }

    private Future<AppendReply> append(AppendBatch batch, Duration left) {
        return desk.append(batch.entries(), left).map(AppendReply::new);
    }

    /**
     * Refuses what comes from now on (DRAINING, FALSE) and ends when all that was handed to the queue is answered, or after
     * {@code limit}. From any context; ends on the caller's.
     */
    public Future<Void> drain(Duration limit) {
        Context caller = vertx.getOrCreateContext();
        Promise<Void> promise = Promise.promise();
        context.runOnContext(run -> {
            vertx.setTimer(Math.max(1, limit.toMillis()), late -> caller.runOnContext(back -> promise.tryComplete()));
            desk.drain().onComplete(done -> caller.runOnContext(back -> promise.tryComplete()));
        });
        return promise.future();
    }

    /** Serves no more: whoever asks learns that nobody took his write. */
    @Override
    public Future<?> stop() {
        meters.forEach(registry::remove);
        return served == null ? Future.succeededFuture() : served.close();
    }
}

package io.forelog.produce;

import io.forelog.bus.Address;
import io.forelog.bus.AppendBatch;
import io.forelog.bus.AppendReply;
import io.forelog.bus.Bus;
import io.forelog.model.Entry;
import io.forelog.model.Ticker;
import io.forelog.observe.MetricNames;
import io.forelog.queue.Queue;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The one producer of one namespace's queue on this node: serves {@link Address#APPEND}, answers after the append. Deployed
 * once an event loop ({@link #arm}), so that a write need not change loops on its way to the queue and back; all its arms
 * share one {@link AppendDesk}, which {@link AppendLimits} bounds.
 */
public final class QueuePump {
    private final Bus bus;
    private final String namespace;
    private final MeterRegistry registry;
    private final AppendDesk desk;
    private final Tags tags;
    private final List<Meter> meters = new ArrayList<>();

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
        meters.add(Gauge.builder(MetricNames.APPEND_IN_FLIGHT, desk, AppendDesk::entriesInFlight)
                .tags(tags)
                .register(registry));
        meters.add(Gauge.builder(MetricNames.APPEND_IN_FLIGHT_BYTES, desk, AppendDesk::bytesInFlight)
                .tags(tags)
                .register(registry));
    }

    /** One to deploy on each event loop. When it is undeployed, whoever asks learns that nobody took his write. */
    public Deployable arm() {
        return new Arm();
    }

    /** One to deploy once, where other nodes write to this queue too; {@code ticker}: this node's, by which their entries go. */
    public Deployable across(Ticker ticker) {
        return new Across(ticker);
    }

    /** Serves other nodes. */
    private final class Across extends VerticleBase {
        private final Ticker ticker;
        private Bus.@Nullable Served served;

        Across(Ticker ticker) {
            this.ticker = ticker;
        }

        @Override
        public Future<?> start() {
            return bus.serveAcross(Address.APPEND_ACROSS, namespace, this::append)
                    .onSuccess(known -> served = known);
        }

        @Override
        public Future<?> stop() {
            return served == null ? Future.succeededFuture() : served.close();
        }

        private Future<AppendReply> append(AppendBatch batch, Duration left) {
            return QueuePump.this.append(batch.entriesAt(ticker.micros()), left);
        }
    }

    /** Serves one event loop, and those that have no arm of their own. */
    private final class Arm extends VerticleBase {
        private Bus.@Nullable Served served;

        @Override
        public Future<?> start() {
            served = bus.serveTimed(Address.APPEND, namespace, QueuePump.this::append);
            return Future.succeededFuture();
        }

        @Override
        public Future<?> stop() {
            return served == null ? Future.succeededFuture() : served.close();
        }
    }

    /** Entries handed to the queue and not answered. Any thread. */
    public int inFlight() {
        return desk.entriesInFlight();
    }

    /** Entries that the queue has answered so far. Any thread. */
    public long answered() {
        return desk.answered();
    }

    private Future<AppendReply> append(AppendBatch batch, Duration left) {
        return append(batch.entries(), left);
    }

    private Future<AppendReply> append(List<Entry> entries, Duration left) {
        return desk.append(entries, left).map(AppendReply::new);
    }

    /**
     * Refuses what comes from now on (DRAINING, FALSE) and ends when all that was handed to the queue is answered, or after
     * {@code limit}. From any context; ends on the caller's. Never fails.
     */
    public Future<Void> drain(Vertx vertx, Duration limit) {
        Promise<Void> promise = ((ContextInternal) vertx.getOrCreateContext()).promise();
        vertx.setTimer(Math.max(1, limit.toMillis()), late -> promise.tryComplete());
        desk.drain().onComplete(done -> promise.tryComplete());
        return promise.future();
    }

    /** Forgets its metrics. Its arms are undeployed. */
    public void close() {
        meters.forEach(registry::remove);
    }
}

package io.forelog.consume;

import io.forelog.model.Ticker;
import io.forelog.observe.MetricNames;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueDepth;
import io.forelog.queue.Verdict;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * The meters of one route, looked up once. Counted on the pump's thread, read by any. A few meters a route; gone with it.
 */
final class RouteMetrics {
    private final MeterRegistry registry;
    private final List<Meter> meters = new ArrayList<>();
    private final Counter[] settled = new Counter[Verdict.Kind.values().length];
    private final Timer lateness;
    private final int[] counts = new int[settled.length];
    private volatile PumpStatus.State state = PumpStatus.State.RUNNING;

    RouteMetrics(MeterRegistry registry, String namespace, String target, int route, Queue queue, Ticker ticker) {
        this.registry = registry;
        Tags tags = Tags.of(MetricNames.NAMESPACE, namespace, MetricNames.TARGET, target);
        for (Verdict.Kind kind : Verdict.Kind.values()) {
            settled[kind.ordinal()] = keep(Counter.builder(MetricNames.SETTLED)
                    .tags(tags.and(MetricNames.OUTCOME, kind.name().toLowerCase(Locale.ROOT)))
                    .register(registry));
        }
        lateness = keep(Timer.builder(MetricNames.LATENESS).tags(tags).register(registry));
        gauge(MetricNames.READY, tags, queue, q -> q.depth(route).ready());
        gauge(MetricNames.SCHEDULED, tags, queue, q -> q.depth(route).scheduled());
        gauge(MetricNames.PARKED, tags, queue, q -> q.depth(route).parked());
        gauge(MetricNames.DEAD, tags, queue, q -> q.depth(route).dead());
        gauge(MetricNames.OLDEST_DUE_AGE, tags, queue, q -> age(q.depth(route), ticker));
        for (PumpStatus.State why : PumpStatus.State.values()) {
            if (why != PumpStatus.State.RUNNING) {
                Tags tagged = tags.and(MetricNames.OUTCOME, why.name().toLowerCase(Locale.ROOT));
                gauge(MetricNames.PAUSED, tagged, this, m -> m.state == why ? 1 : 0);
            }
        }
    }

    private <T> void gauge(String name, Tags tags, T of, ToDoubleFunction<T> value) {
        keep(Gauge.builder(name, of, value).tags(tags).register(registry));
    }

    private <M extends Meter> M keep(M meter) {
        meters.add(meter);
        return meter;
    }

    private static double age(QueueDepth depth, Ticker ticker) {
        return depth.oldestDueMicros() == 0 ? 0 : Math.max(0, ticker.micros() - depth.oldestDueMicros()) / 1e6;
    }

    void state(PumpStatus.State now) {
        state = now;
    }

    void late(long micros) {
        lateness.record(Math.max(0, micros), TimeUnit.MICROSECONDS);
    }

    /** Counted together: a counter is touched once a batch. */
    void settled(List<Settler.Settled> batch) {
        for (Settler.Settled one : batch) {
            counts[one.verdict().kind().ordinal()]++;
        }
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0) {
                settled[i].increment(counts[i]);
                counts[i] = 0;
            }
        }
    }

    void close() {
        meters.forEach(registry::remove);
    }
}

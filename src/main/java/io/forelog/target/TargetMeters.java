package io.forelog.target;

import io.forelog.observe.MetricNames;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The meters of one target writer, looked up once. Written by the writer's thread, read by whoever scrapes; removed from
 * the registry at close, so that a successor's gauges are its own.
 */
final class TargetMeters {
    private final MeterRegistry registry;
    private final List<Meter> meters = new ArrayList<>();
    private final Timer latency;
    private final AtomicInteger breaker = new AtomicInteger();
    private final AtomicInteger limit = new AtomicInteger();
    private final AtomicInteger inFlight = new AtomicInteger();

    TargetMeters(MeterRegistry registry, String namespace, String target) {
        this.registry = registry;
        Tags tags = Tags.of(MetricNames.NAMESPACE, namespace, MetricNames.TARGET, target);
        latency = Timer.builder(MetricNames.TARGET_LATENCY).tags(tags).register(registry);
        meters.add(latency);
        gauge(MetricNames.BREAKER, tags, breaker);
        gauge(MetricNames.TARGET_LIMIT, tags, limit);
        gauge(MetricNames.TARGET_IN_FLIGHT, tags, inFlight);
    }

    private void gauge(String name, Tags tags, AtomicInteger value) {
        meters.add(Gauge.builder(name, value, AtomicInteger::get).tags(tags).register(registry));
    }

    void answered(long nanos) {
        latency.record(nanos, TimeUnit.NANOSECONDS);
    }

    void show(Breaker.State state, int limitNow, int inFlightNow) {
        breaker.lazySet(state.ordinal());
        limit.lazySet(limitNow);
        inFlight.lazySet(inFlightNow);
    }

    void close() {
        meters.forEach(registry::remove);
        meters.clear();
    }
}

package io.forelog.app;

import io.forelog.admin.NodeLoad;
import io.forelog.consume.ConsumerPump;
import io.forelog.consume.PumpStatus;
import io.forelog.model.Ticker;
import io.forelog.observe.MachineLoad;
import io.forelog.observe.MetricNames;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayDeque;
import java.util.function.DoubleSupplier;
import java.util.function.ToDoubleFunction;

/**
 * Samples {@link NodeLoad} once a second, on a worker thread, one sample at a time; read by any thread. Holds what was
 * handed to the queues for the last {@value #KEPT} samples.
 */
final class LoadSampler {
    static final long PERIOD_MILLIS = 1_000;
    private static final int KEPT = 120;

    private final Ticker ticker;
    private final MachineLoad machine;
    private final DoubleSupplier loopLagSeconds;
    private final NamespaceRuntimes runtimes;
    private final ArrayDeque<Handed> handed = new ArrayDeque<>();
    private long answeredBefore;
    private long nanosBefore = System.nanoTime();
    private volatile NodeLoad load = NodeLoad.NONE;

    /** So many entries had been handed to queues by then. */
    private record Handed(long nanos, long entries) {}

    LoadSampler(Ticker ticker, MachineLoad machine, DoubleSupplier loopLagSeconds, NamespaceRuntimes runtimes) {
        this.ticker = ticker;
        this.machine = machine;
        this.loopLagSeconds = loopLagSeconds;
        this.runtimes = runtimes;
    }

    NodeLoad load() {
        return load;
    }

    void register(MeterRegistry registry) {
        gauge(
                registry,
                MetricNames.UTILISATION,
                "cpu",
                sampled -> sampled.machine().processor());
        gauge(
                registry,
                MetricNames.UTILISATION,
                "network",
                sampled -> known(sampled.machine().network()));
        gauge(
                registry,
                MetricNames.ROLE_LAG,
                "producer",
                sampled -> sampled.producing().lag());
        gauge(
                registry,
                MetricNames.ROLE_LAG,
                "consumer",
                sampled -> sampled.consuming().lag());
        gauge(
                registry,
                MetricNames.ROLE_OLDEST_AGE,
                "producer",
                sampled -> sampled.producing().oldestAgeSeconds());
        gauge(
                registry,
                MetricNames.ROLE_OLDEST_AGE,
                "consumer",
                sampled -> sampled.consuming().oldestAgeSeconds());
    }

    private void gauge(MeterRegistry registry, String name, String outcome, ToDoubleFunction<NodeLoad> value) {
        Gauge.builder(name, this, sampler -> value.applyAsDouble(sampler.load))
                .tag(MetricNames.OUTCOME, outcome)
                .register(registry);
    }

    private static double known(double value) {
        return value < 0 ? Double.NaN : value;
    }

    synchronized void sample() {
        load = new NodeLoad(ticker.micros(), machine.sample(), loopLagSeconds.getAsDouble(), producing(), consuming());
    }

    private NodeLoad.Producing producing() {
        long now = System.nanoTime();
        long answered = 0;
        long lag = 0;
        for (NamespaceRuntime runtime : runtimes.all()) {
            answered += runtime.appendsAnswered();
            lag += runtime.appendsInFlight();
        }
        if (answered < answeredBefore) {
            // A namespace is gone or has been started anew: its count with it.
            handed.clear();
        }
        handed.addLast(new Handed(now, answered + lag));
        // What is older than the oldest unanswered is of no use; queues answer about in the order that they are asked.
        while (handed.size() > KEPT || (!handed.isEmpty() && handed.getFirst().entries() <= answered)) {
            handed.removeFirst();
        }
        double oldest = handed.isEmpty() ? 0 : (now - handed.getFirst().nanos()) / 1e9;
        double rate = Math.max(0, answered - answeredBefore) * 1e9 / Math.max(1, now - nanosBefore);
        answeredBefore = answered;
        nanosBefore = now;
        return new NodeLoad.Producing(lag, oldest, rate);
    }

    private NodeLoad.Consuming consuming() {
        long now = ticker.micros();
        long lag = 0;
        long scheduled = 0;
        long stopped = 0;
        long oldest = Long.MAX_VALUE;
        String namespace = "";
        String target = "";
        for (NamespaceRuntime runtime : runtimes.all()) {
            ConsumerPump pump = runtime.consumer().orElse(null);
            if (pump == null) {
                continue;
            }
            for (PumpStatus route : pump.status()) {
                long due = route.depth().ready() + route.inFlight();
                scheduled += route.depth().scheduled();
                if (route.state() != PumpStatus.State.RUNNING) {
                    stopped += due;
                    continue;
                }
                lag += due;
                long since = route.depth().oldestDueMicros();
                if (since > 0 && since < Math.min(oldest, now)) {
                    oldest = since;
                    namespace = route.namespace();
                    target = route.target();
                }
            }
        }
        double age = namespace.isEmpty() ? 0 : (now - oldest) / 1e6;
        return new NodeLoad.Consuming(lag, age, scheduled, stopped, namespace, target);
    }
}

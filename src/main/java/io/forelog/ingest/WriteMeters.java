package io.forelog.ingest;

import io.forelog.model.Durable;
import io.forelog.model.ErrorCode;
import io.forelog.observe.MetricNames;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The meters of one namespace's writes, resolved once. Owned by one event loop; the meters behind are shared. */
final class WriteMeters {
    private final MeterRegistry registry;
    private final String namespace;
    private final Map<Durable, Counter> decided = new EnumMap<>(Durable.class);
    private final Map<ErrorCode, Counter> refused = new EnumMap<>(ErrorCode.class);
    private final Map<ErrorCode, Counter> shed = new EnumMap<>(ErrorCode.class);
    private final Counter bytes;
    private final Counter abandoned;
    private final Timer latency;

    WriteMeters(MeterRegistry registry, String namespace) {
        this.registry = registry;
        this.namespace = namespace;
        for (Durable durable : Durable.values()) {
            decided.put(durable, writes(durable.name().toLowerCase(Locale.ROOT)));
        }
        bytes = registry.counter(MetricNames.WRITE_BYTES, MetricNames.NAMESPACE, namespace);
        abandoned = registry.counter(MetricNames.ABANDONED, MetricNames.NAMESPACE, namespace);
        latency = Timer.builder(MetricNames.WRITE_LATENCY)
                .tag(MetricNames.NAMESPACE, namespace)
                .register(registry);
    }

    void decided(Durable durable, int count) {
        Counter counter = decided.get(durable);
        if (counter != null && count > 0) {
            counter.increment(count);
        }
    }

    void bytes(long count) {
        bytes.increment(count);
    }

    void latency(long micros) {
        latency.record(micros, TimeUnit.MICROSECONDS);
    }

    void abandoned() {
        abandoned.increment();
    }

    void refused(ErrorCode code) {
        refused.computeIfAbsent(code, each -> writes(each.name().toLowerCase(Locale.ROOT)))
                .increment();
        if (code.disposition() == ErrorCode.Disposition.SHED) {
            shed.computeIfAbsent(code, this::shedCounter).increment();
        }
    }

    private Counter writes(String outcome) {
        return registry.counter(MetricNames.WRITES, MetricNames.NAMESPACE, namespace, MetricNames.OUTCOME, outcome);
    }

    private Counter shedCounter(ErrorCode code) {
        return registry.counter(
                MetricNames.SHED,
                MetricNames.NAMESPACE,
                namespace,
                MetricNames.OUTCOME,
                code.name().toLowerCase(Locale.ROOT));
    }
}

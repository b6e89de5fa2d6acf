package io.forelog.observe;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The node's one meter registry, for Prometheus, with what the JVM and the process tell of themselves. Any thread.
 * Bounded: {@value #LABELS_MAX} values of a label a metric; what is over it is not counted apart. Latencies are
 * histograms of fixed buckets.
 */
public final class Metrics implements AutoCloseable {
    private static final int LABELS_MAX = 2_000;
    private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";
    private static final String OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    private static final double[] BUCKETS_SECONDS = {
        0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300
    };

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics gc = new JvmGcMetrics();

    /** What a scraper gets. */
    public record Scraped(String contentType, String text) {}

    /** {@code process}: bind what the JVM and the process tell; not wanted in most tests. */
    public Metrics(boolean process) {
        registry.config()
                .meterFilter(new MetricTexts())
                .meterFilter(buckets())
                .meterFilter(bounded(MetricNames.NAMESPACE))
                .meterFilter(bounded(MetricNames.TARGET))
                .meterFilter(bounded(MetricNames.OUTCOME));
        if (process) {
            new ClassLoaderMetrics().bindTo(registry);
            new JvmMemoryMetrics().bindTo(registry);
            new JvmThreadMetrics().bindTo(registry);
            new ProcessorMetrics().bindTo(registry);
            new FileDescriptorMetrics().bindTo(registry);
            new UptimeMetrics().bindTo(registry);
            gc.bindTo(registry);
        }
    }

    public MeterRegistry registry() {
        return registry;
    }

    /** Takes milliseconds: not for an event loop. {@code accept} as the scraper's header says. */
    public Scraped scrape(@Nullable String accept) {
        String type = accept != null && accept.contains("application/openmetrics-text") ? OPEN_METRICS : TEXT;
        return new Scraped(type, registry.scrape(type));
    }

    @Override
    public void close() {
        gc.close();
        registry.close();
    }

    private static MeterFilter bounded(String label) {
        return MeterFilter.maximumAllowableTags("forelog", label, LABELS_MAX, MeterFilter.deny());
    }

    private static MeterFilter buckets() {
        double[] nanos = new double[BUCKETS_SECONDS.length];
        for (int i = 0; i < nanos.length; i++) {
            nanos[i] = BUCKETS_SECONDS[i] * Duration.ofSeconds(1).toNanos();
        }
        return new MeterFilter() {
            @Override
            public DistributionStatisticConfig configure(
                    io.micrometer.core.instrument.Meter.Id id, DistributionStatisticConfig config) {
                boolean timer = id.getType() == io.micrometer.core.instrument.Meter.Type.TIMER;
                return timer && id.getName().startsWith("forelog.")
                        ? DistributionStatisticConfig.builder()
                                .serviceLevelObjectives(nanos)
                                .build()
                                .merge(config)
                        : config;
            }
        };
    }
}

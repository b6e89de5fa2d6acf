package io.forelog.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Tags;
import java.lang.reflect.Field;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private static Tags namespace(String name) {
        return Tags.of(MetricNames.NAMESPACE, name);
    }

    @Test
    void showsLatenciesAsHistogramsInSeconds() {
        try (Metrics metrics = new Metrics(false)) {
            metrics.registry().timer(MetricNames.LATENESS, namespace("ns")).record(Duration.ofMillis(3));
            String text = metrics.scrape(null).text();
            assertThat(text).contains("forelog_delivery_lateness_seconds_bucket{namespace=\"ns\",le=\"0.005\"} 1");
            assertThat(text).contains("forelog_delivery_lateness_seconds_bucket{namespace=\"ns\",le=\"0.002\"} 0");
        }
    }

    @Test
    void everyMetricHasAHelpThatSaysSomething() throws IllegalAccessException {
        try (Metrics metrics = new Metrics(true)) {
            for (Field field : MetricNames.class.getDeclaredFields()) {
                String name = String.valueOf(field.get(null));
                if (name.startsWith("forelog.")) {
                    metrics.registry().gauge(name, 1);
                }
            }
            assertThat(metrics.scrape(null).text().lines().filter(line -> line.startsWith("# HELP")))
                    .hasSizeGreaterThan(40)
                    .allMatch(line -> line.matches("# HELP \\S+ .{6,}"), "a text behind the name");
            assertThat(metrics.scrape(null).text())
                    .contains("\nforelog_loop_lag_seconds 1.0", "\nforelog_queue_oldest_due_age_seconds 1.0");
        }
    }

    @Test
    void countsNoMoreLabelsThanItsBound() {
        try (Metrics metrics = new Metrics(false)) {
            for (int i = 0; i < 2_500; i++) {
                metrics.registry()
                        .counter(MetricNames.WRITES, namespace("ns" + i))
                        .increment();
            }
            long lines = metrics.scrape(null)
                    .text()
                    .lines()
                    .filter(line -> line.startsWith("forelog_writes_total{"))
                    .count();
            assertThat(lines).isEqualTo(2_000);
        }
    }

    @Test
    void answersTheFormatThatTheScraperAsksFor() {
        try (Metrics metrics = new Metrics(false)) {
            metrics.registry().counter(MetricNames.WRITES, namespace("ns")).increment();
            assertThat(metrics.scrape("application/openmetrics-text;version=1.0.0")
                            .text())
                    .endsWith("# EOF\n");
            assertThat(metrics.scrape("text/plain").contentType()).startsWith("text/plain");
        }
    }
}

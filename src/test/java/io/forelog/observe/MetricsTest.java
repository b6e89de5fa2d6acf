package io.forelog.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Tags;
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

package io.forelog.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.observe.MetricNames;
import io.forelog.queue.Tally;
import io.forelog.queue.Tally.RouteTally;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class AuditorTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final FakeNode node = new FakeNode();
    private final Auditor auditor = new Auditor(node, registry, Duration.ofSeconds(10));

    private double balanced() {
        return registry.get(MetricNames.BALANCED)
                .tag(MetricNames.NAMESPACE, "ns")
                .gauge()
                .value();
    }

    @Test
    void thePageSaysWhenItWasCounted() {
        Tally counted = new Tally(1, List.of(), true, 5_000_000);
        assertThat(AuditApi.view("ns", counted, null, 12_000_000).getLong("age_seconds"))
                .isEqualTo(7);
        assertThat(AuditApi.view("ns", counted, null, 12_000_000).getString("counted_at"))
                .isEqualTo("1970-01-01T00:00:05Z");
        assertThat(AuditApi.view("ns", tally(1, 0, 0), null, 12_000_000).getLong("age_seconds"))
                .isZero();
    }

    private static Tally tally(long accepted, long lost, long pending) {
        return new Tally(accepted, List.of(new RouteTally(1, accepted, 1, 0, 0, 0, 0, 0, 0, lost, pending, 0)), true);
    }

    @Test
    void showsWhetherTheBooksBalanceAndWhatWasLost() {
        node.namespaces.put("ns", FakeNode.namespace("ns", List.of(), 1));
        auditor.found("ns", tally(2, 0, 1));
        assertThat(balanced()).isEqualTo(1);
        auditor.found("ns", tally(3, 0, 1));
        assertThat(balanced()).isZero();
        auditor.found("ns", tally(3, 1, 1));
        assertThat(balanced()).isEqualTo(1);
        assertThat(registry.get(MetricNames.LOST)
                        .tag(MetricNames.TARGET, "t1")
                        .functionCounter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void showsWhatWasLostWhereAllWait() {
        node.namespaces.put("ns", FakeNode.namespace("ns", List.of(), 1));
        Tally lost = new Tally(1, tally(2, 0, 1).routes(), true, 5_000_000, 4);
        auditor.found("ns", lost);
        assertThat(registry.get(MetricNames.LOST)
                        .tag(MetricNames.TARGET, Auditor.WAITING)
                        .functionCounter()
                        .count())
                .isEqualTo(4);
        assertThat(AuditApi.view("ns", lost, null, 12_000_000).getLong("lost_waiting"))
                .isEqualTo(4);
    }
}

package io.forelog.consume;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.observe.MetricNames;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RouteMetricsTest {
    @Test
    void measuresHowLateADeliveryGoesOut() {
        PumpRig rig = PumpRig.of(new Documents().of(1));
        rig.append(rig.entries.delayed("later", Duration.ofSeconds(3)));
        rig.flows.applyPauses(rig.flows.pausesWith(PauseRegister.ALL, "by hand"), null);

        rig.pass(Duration.ofSeconds(10));
        assertThat(rig.metrics.get(MetricNames.LATENESS).timer().count()).isZero();
        rig.flows.applyPauses(rig.flows.pausesWithout(PauseRegister.ALL), PauseRegister.ALL);
        rig.pass(Duration.ofMillis(10));

        assertThat(rig.target.payloads()).containsExactly("later");
        assertThat(rig.metrics.get(MetricNames.LATENESS).timer().max(TimeUnit.SECONDS))
                .isBetween(7.0, 7.1);
    }
}

package io.forelog.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.queue.HandTicker;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PaceTest {
    private final HandTicker ticker = new HandTicker();

    @Test
    void readsRatesInAllTheirForms() {
        assertThat(Pace.parse("rate", "100/s")).isEqualTo(100);
        assertThat(Pace.parse("rate", "30/m")).isEqualTo(0.5);
        assertThat(Pace.parse("rate", 20)).isEqualTo(20);
        assertThat(Pace.parse("rate", "max")).isInfinite();
        assertThatThrownBy(() -> Pace.parse("rate", "0/s")).hasMessageContaining("100/s");
        assertThatThrownBy(() -> Pace.parse("rate", "fast")).hasMessageContaining("fast");
    }

    @Test
    void neverGivesMoreThanItsRate() {
        Pace pace = new Pace(50, ticker);
        int spent = 0;
        for (int i = 0; i < 1000; i++) {
            spent += pace.spend(100);
            ticker.turn(Duration.ofMillis(10));
        }
        assertThat(spent).isBetween(495, 505);
    }

    @Test
    void waitsLongEnoughForOneAtASlowRate() {
        Pace pace = new Pace(0.5, ticker);
        assertThat(pace.spend(10)).isEqualTo(1);
        long wait = pace.waitMillis();
        ticker.turn(Duration.ofMillis(wait));
        assertThat(pace.spend(10)).isEqualTo(1);
    }
}

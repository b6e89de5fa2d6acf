package io.forelog.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

class TableTest {
    @Test
    void alignsColumnsWithNumbersFlushRight() {
        String text = new Table("name", "ready", "reason")
                .row("hook", 7, "")
                .row("catalogue", 12345, "breaker open")
                .render();
        assertThat(text.lines())
                .containsExactly("NAME       READY  REASON", "hook           7  -", "catalogue  12345  breaker open");
    }

    @Test
    void keepsARowOnOneLineAndACellWithinBounds() {
        String text = new Table("text", "reason")
                .row("a\nb", "c")
                .row("x".repeat(200), "y".repeat(500))
                .render();
        assertThat(text.lines()).hasSize(3).allMatch(line -> line.length() <= 80 + 2 + 300);
        assertThat(text).contains("x".repeat(79) + "…  " + "y".repeat(299) + "…");
        assertThat(text).contains("a b");
    }

    @Test
    void showsTimesAsIsoAndRelative() {
        Instant now = Instant.parse("2026-11-03T10:00:00Z");
        ZoneId zone = ZoneOffset.ofHours(1);
        assertThat(When.text("2026-11-03T09:59:57Z", now, zone)).isEqualTo("2026-11-03T10:59:57.000+01:00 (3 s ago)");
        assertThat(When.text("2026-11-03T12:00:00Z", now, zone)).endsWith("(in 2 h)");
        assertThat(When.text(null, now, zone)).isEqualTo("-");
        assertThat(When.text("soon", now, zone)).isEqualTo("soon");
        assertThat(When.span(Duration.ofMillis(1500))).isEqualTo("1500 ms");
        assertThat(When.span(Duration.ofSeconds(90))).isEqualTo("90 s");
        assertThat(When.span(Duration.ofDays(3))).isEqualTo("3 d");
    }

    @Test
    void drawsAProgressBarWithRateAndWhatIsLeft() {
        assertThat(Progress.line("redrive", 50, 100, Duration.ofSeconds(5), ""))
                .isEqualTo("redrive [###############···············]  50 % 50/100  10/s  5 s left");
        assertThat(Progress.line("replay", 50, 0, Duration.ofSeconds(5), "at k1"))
                .isEqualTo("replay 50  10/s  at k1");
    }
}

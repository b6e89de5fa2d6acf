package io.forelog.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The node's time over restarts on a machine whose clocks are set by hand. */
class NodeClockTest {
    private static final long NOON = 1_700_000_000_000_000L;
    private static final long DAY = Duration.ofDays(1).toNanos() / 1_000;
    private static final long HALF_A_SECOND = 500_000;

    @TempDir
    private Path data;

    private final Machine machine = new Machine();

    /** Runs on by hand; its wall clock may be set apart. */
    private static final class Machine implements ClockSource {
        private long wall = NOON;
        private long nanos = 77;
        private long uptime = 1_000_000_000L;
        private String boot = "one";
        private Duration read = Duration.ZERO;
        private int slowReadings;

        private void runs(Duration time) {
            wall += time.toNanos() / 1_000;
            nanos += time.toNanos();
            uptime += time.toNanos() / 1_000;
        }

        private void sleeps(Duration time) {
            runs(time);
            nanos -= time.toNanos();
        }

        private void boots(String id) {
            boot = id;
            uptime = 20_000_000;
        }

        /** Time passes while its clocks are read. */
        @Override
        public long wallMicros() {
            runs(read);
            return wall - read.toNanos() / 1_000;
        }

        @Override
        public long nanos() {
            runs(read);
            return nanos - read.toNanos();
        }

        @Override
        public long uptimeMicros() {
            runs(slowReadings-- > 0 ? Duration.ofMillis(300) : read);
            return uptime < 0 ? -1 : uptime / UPTIME_RESOLUTION_MICROS * UPTIME_RESOLUTION_MICROS;
        }

        @Override
        public String boot() {
            runs(read);
            return boot;
        }
    }

    private NodeClock open() {
        return NodeClock.open(data, machine);
    }

    @Test
    void beginsWithTheWallClock() {
        assertThat(open().ticker().micros()).isEqualTo(NOON);
    }

    @Test
    void aWallClockSetWhileItRunsChangesNothingAndIsShown() {
        NodeClock clock = open();
        machine.runs(Duration.ofSeconds(10));
        machine.wall += DAY;
        assertThat(clock.ticker().micros()).isEqualTo(NOON + 10_000_000);
        assertThat(clock.offsetSeconds()).isEqualTo(-86_400);
        machine.wall -= 2 * DAY;
        assertThat(clock.ticker().micros()).isEqualTo(NOON + 10_000_000);
        assertThat(clock.offsetSeconds()).isEqualTo(86_400);
    }

    @Test
    void aWallClockSetAheadBetweenTwoLivesHastensNothing() {
        long due = open().ticker().micros() + 3_600_000_000L;
        machine.wall += DAY;
        machine.runs(Duration.ofMinutes(59));
        NodeClock clock = open();
        assertThat(clock.ticker().micros()).isLessThan(due);
        assertThat(clock.ticker().micros()).isBetween(due - 60_000_000 - HALF_A_SECOND, due - 60_000_000);
        machine.runs(Duration.ofSeconds(61));
        assertThat(clock.ticker().micros()).isGreaterThanOrEqualTo(due);
    }

    @Test
    void aWallClockSetBackBetweenTwoLivesMovesNoTimeBackAndDelaysNothing() {
        NodeClock first = open();
        machine.runs(Duration.ofSeconds(100));
        first.write();
        long reached = first.ticker().micros();
        machine.wall -= DAY;
        machine.runs(Duration.ofSeconds(3));
        assertThat(open().ticker().micros()).isBetween(reached + 3_000_000 - HALF_A_SECOND, reached + 3_000_000);
    }

    @Test
    void restartsOfOneBootLeaveTheTimeAsExactAsItWas() {
        open();
        for (int i = 0; i < 100; i++) {
            machine.runs(Duration.ofNanos(1_003_456_000L + i * 1_000L));
            assertThat(open().ticker().micros()).isEqualTo(machine.wall);
        }
    }

    @Test
    void aMonotonicClockThatBeginsAnewWithEveryProcessHastensNothing() {
        open();
        long behind = 0;
        for (int i = 0; i < 100; i++) {
            machine.runs(Duration.ofNanos(1_003_456_000L + i * 1_000L));
            machine.nanos = i;
            long now = machine.wall - open().ticker().micros();
            // Never less behind than the life before: what that one called an hour is not over sooner in this one.
            assertThat(now).isBetween(behind, behind + HALF_A_SECOND);
            behind = now;
        }
    }

    @Test
    void timeThatPassesWhileTheClocksAreReadMakesItLateAndNeverEarly() {
        machine.read = Duration.ofMillis(3);
        for (int life = 0; life < 10; life++) {
            NodeClock clock = open();
            for (int i = 0; i < 3; i++) {
                assertThat(clock.offsetSeconds()).isBetween(-0.1, 0.0);
                machine.runs(Duration.ofSeconds(1));
            }
        }
    }

    @Test
    void aSlowFirstReadingDoesNotMakeTheWholeLifeLate() {
        machine.slowReadings = 3;
        assertThat(open().offsetSeconds()).isZero();
    }

    @Test
    void sleepWhileItRanHastensNothingInTheNextLifeAndSleepBetweenTwoLivesCounts() {
        NodeClock first = open();
        machine.sleeps(Duration.ofHours(1));
        first.write();
        machine.runs(Duration.ofSeconds(1));
        assertThat(open().ticker().micros()).isEqualTo(NOON + 1_000_000);
        machine.sleeps(Duration.ofHours(1));
        assertThat(open().ticker().micros()).isBetween(NOON + 3_601_000_000L - HALF_A_SECOND, NOON + 3_601_000_000L);
    }

    @Test
    void afterABootTheWallClockIsBelievedButNeverBackwards() {
        NodeClock first = open();
        machine.runs(Duration.ofSeconds(100));
        first.write();
        long reached = first.ticker().micros();
        machine.boots("two");
        machine.wall -= DAY;
        NodeClock second = open();
        assertThat(second.ticker().micros()).isEqualTo(reached);
        machine.boots("three");
        machine.wall += 2 * DAY;
        assertThat(open().ticker().micros()).isEqualTo(machine.wall);
    }

    @Test
    void anUptimeThatIsCountedAnewWithinOneBootIsNotBelieved() {
        NodeClock first = open();
        machine.runs(Duration.ofHours(5));
        first.write();
        machine.uptime = 1_200_000_000L;
        machine.wall += DAY;
        assertThat(open().ticker().micros()).isEqualTo(machine.wall);
    }

    @Test
    void whereTheMachineTellsNothingTheWallClockIsBelievedButNeverBackwards() {
        machine.boot = "";
        machine.uptime = -1;
        long reached = open().ticker().micros();
        machine.wall -= DAY;
        assertThat(open().ticker().micros()).isEqualTo(reached);
        machine.wall += 3 * DAY;
        assertThat(open().ticker().micros()).isEqualTo(machine.wall);
    }

    @Test
    void aFileThatCantBeReadOrWasRemovedMeansTheWallClock() throws IOException {
        open();
        machine.wall -= DAY;
        Files.writeString(data.resolve("clock"), "boot=one\nmicros=12x\n");
        assertThat(open().ticker().micros()).isEqualTo(machine.wall);
        machine.wall -= DAY;
        Files.delete(data.resolve("clock"));
        assertThat(open().ticker().micros()).isEqualTo(machine.wall);
    }

    @Test
    void thisMachineTellsItsUptimeAndItsBoot() {
        ClockSource source = ClockSource.machine();
        if (Files.exists(Path.of("/proc/uptime"))) {
            assertThat(source.uptimeMicros()).isPositive();
            assertThat(source.boot()).hasSize(36);
        } else {
            assertThat(source.uptimeMicros()).isEqualTo(-1);
        }
    }
}

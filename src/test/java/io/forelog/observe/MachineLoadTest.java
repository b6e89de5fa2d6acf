package io.forelog.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.observe.MachineLoad.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineLoadTest {
    @TempDir
    Path directory;

    private Path counters;

    @BeforeEach
    void quiet() throws IOException {
        counters = directory.resolve("dev");
        traffic(1_000, 2_000);
    }

    private void traffic(long received, long sent) throws IOException {
        Files.writeString(counters, """
                Inter-|   Receive                                                |  Transmit
                 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls
                    lo: 999999999 5 0 0 0 0 0 0 999999999 5 0 0 0 0 0 0
                  eth0: %d 5 0 0 0 0 0 0 %d 5 0 0 0 0 0 0
                """.formatted(received, sent));
    }

    private void speed(String megabits) throws IOException {
        Files.writeString(Files.createDirectories(directory.resolve("net/eth0")).resolve("speed"), megabits + "\n");
    }

    @Test
    void tellsTheBusierDirectionAsAShareOfWhatTheNetworkCarries() throws IOException {
        MachineLoad load = new MachineLoad(1e12, counters, directory.resolve("net"));
        traffic(1_000, 500_002_000);
        Sample sample = load.sample();
        assertThat(sample.receivedPerSecond()).isZero();
        assertThat(sample.sentPerSecond()).isGreaterThan(500_000_000 / 60.0);
        assertThat(sample.network()).isEqualTo(Math.min(1, sample.sentPerSecond() / 1e12));
        assertThat(sample.processor()).isBetween(0.0, 1.0);
    }

    @Test
    void takesTheSpeedThatTheInterfaceTells() throws IOException {
        speed("10000");
        MachineLoad load = new MachineLoad(0, counters, directory.resolve("net"));
        traffic(4_001_000, 2_000);
        Sample sample = load.sample();
        assertThat(sample.network()).isEqualTo(Math.min(1, sample.receivedPerSecond() / 1.25e9));
    }

    @Test
    void aSpeedThatNobodyTellsIsNoGuess() throws IOException {
        speed("-1");
        MachineLoad load = new MachineLoad(0, counters, directory.resolve("net"));
        traffic(4_001_000, 2_000);
        assertThat(load.sample().network()).isNegative();
        assertThat(load.sample().receivedPerSecond()).isNotNegative();
    }

    @Test
    void withoutCountersOnlyTheProcessorIsKnown() {
        MachineLoad load = new MachineLoad(0, directory.resolve("none"), directory.resolve("net"));
        assertThat(load.sample().network()).isNegative();
        assertThat(load.sample().receivedPerSecond()).isNegative();
    }
}

package io.forelog.observe;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What this process takes of its processors, and what passes over the machine's (the container's) network. One caller; reads
 * files below {@code /proc} and {@code /sys}: not for an event loop. Where there are none the network is unknown.
 */
public final class MachineLoad {
    private static final double BITS_PER_MEGABIT = 1e6;

    private final OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private final Path counters;
    private final Path interfaces;
    private final double bytesPerSecond;
    private long nanos = System.nanoTime();
    private long processorNanos = system.getProcessCpuTime();
    private Traffic traffic;

    /**
     * Between two samples.
     *
     * @param processor share of the processors that the process may use, 0 to 1
     * @param network share of what the network can carry in its busier direction, 0 to 1; negative = unknown
     * @param receivedPerSecond bytes; negative = unknown
     * @param sentPerSecond bytes; negative = unknown
     */
    public record Sample(double processor, double network, double receivedPerSecond, double sentPerSecond) {
        public static final Sample NONE = new Sample(0, -1, -1, -1);
    }

    /** What the interfaces have counted so far; the loopback carries nothing for others. */
    private record Traffic(long received, long sent, List<String> names) {
        private static final Traffic NONE = new Traffic(-1, -1, List.of());
    }

    /** {@code bytesPerSecond}: what the network carries in one direction; 0 = as the interfaces say, where they do. */
    public MachineLoad(double bytesPerSecond) {
        this(bytesPerSecond, Path.of("/proc/net/dev"), Path.of("/sys/class/net"));
    }

    MachineLoad(double bytesPerSecond, Path counters, Path interfaces) {
        this.bytesPerSecond = bytesPerSecond;
        this.counters = counters;
        this.interfaces = interfaces;
        this.traffic = traffic();
    }

    /** Since the last call, or since this was made. */
    public Sample sample() {
        long nanosNow = System.nanoTime();
        long processorNow = system.getProcessCpuTime();
        Traffic trafficNow = traffic();
        double seconds = Math.max(1, nanosNow - nanos) / 1e9;
        double processor = (processorNow - processorNanos)
                / (seconds * 1e9 * Runtime.getRuntime().availableProcessors());
        boolean known = traffic.received >= 0 && trafficNow.received >= 0;
        double received = known ? Math.max(0, trafficNow.received - traffic.received) / seconds : -1;
        double sent = known ? Math.max(0, trafficNow.sent - traffic.sent) / seconds : -1;
        double carries = bytesPerSecond > 0 ? bytesPerSecond : speed(trafficNow.names);
        nanos = nanosNow;
        processorNanos = processorNow;
        traffic = trafficNow;
        return new Sample(
                Math.min(1, Math.max(0, processor)),
                known && carries > 0 ? Math.min(1, Math.max(received, sent) / carries) : -1,
                received,
                sent);
    }

    /** Lines of {@code name: received and seven more, sent and seven more}, behind two lines of heading. */
    private Traffic traffic() {
        long received = 0;
        long sent = 0;
        List<String> names = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(counters)) {
                int colon = line.indexOf(':');
                String name = colon < 0 ? "lo" : line.substring(0, colon).trim();
                if (!name.equals("lo")) {
                    String[] counts = line.substring(colon + 1).trim().split("\\s+");
                    received += Long.parseLong(counts[0]);
                    sent += Long.parseLong(counts[8]);
                    names.add(name);
                }
            }
            return new Traffic(received, sent, names);
        } catch (IOException | RuntimeException e) {
            return Traffic.NONE;
        }
    }

    /** Bytes per second of the fastest; 0 where none says (virtual ones don't). */
    private double speed(List<String> names) {
        double fastest = 0;
        for (String name : names) {
            try {
                String megabits = Files.readString(interfaces.resolve(name).resolve("speed"))
                        .trim();
                fastest = Math.max(fastest, Long.parseLong(megabits) * BITS_PER_MEGABIT / 8);
            } catch (IOException | RuntimeException e) {
                // it does not say
            }
        }
        return fastest;
    }
}

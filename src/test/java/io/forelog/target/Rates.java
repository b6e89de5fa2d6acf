package io.forelog.target;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/**
 * Prints a target's rate beside that of its bare client, in turns, after rounds that warm up. The processor time is this process's, with what
 * makes the deliveries in it, and without the server's: it says more than a rate where others use the machine. One thread.
 */
public final class Rates {
    private static final OperatingSystemMXBean MACHINE =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private static final int WARM_UP = 2;
    private static final int ROUNDS = 7;

    private Rates() {}

    /** Works for some seconds; answers how many a second were applied. */
    public interface Form {
        double perSecond() throws Exception;
    }

    private record Rate(double perSecond, double cpuMicros) {}

    public static void compare(String what, int seconds, Form bare, Form target) throws Exception {
        List<Double> ratios = new ArrayList<>();
        for (int round = -WARM_UP; round < ROUNDS; round++) {
            Rate ofBare = measure(bare, seconds);
            Rate ofTarget = measure(target, seconds);
            if (round < 0) {
                continue;
            }
            double ratio = ofTarget.perSecond / ofBare.perSecond;
            ratios.add(ratio);
            System.out.printf(
                    "%-28s %,.0f/s, %.2f us; bare client %,.0f/s, %.2f us; ratio %.2f%n",
                    what, ofTarget.perSecond, ofTarget.cpuMicros, ofBare.perSecond, ofBare.cpuMicros, ratio);
        }
        ratios.sort(Double::compare);
        System.out.printf(
                "%-28s ratio: median %.2f, %.2f to %.2f%n",
                what, ratios.get(ROUNDS / 2), ratios.get(0), ratios.get(ROUNDS - 1));
    }

    private static Rate measure(Form form, int seconds) throws Exception {
        long cpu = MACHINE.getProcessCpuTime();
        double perSecond = form.perSecond();
        double count = Math.max(1.0, perSecond * seconds);
        return new Rate(perSecond, (MACHINE.getProcessCpuTime() - cpu) / 1_000.0 / count);
    }
}

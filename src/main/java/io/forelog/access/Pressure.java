package io.forelog.access;

/**
 * How the node feels, from signals that the limit on entries in flight does not see. Written by one sampler, read by
 * any thread.
 */
public final class Pressure {
    private static final double LAG_HIGH_SECONDS = 0.1;
    private static final double LAG_EXTREME_SECONDS = 0.5;
    private static final double HEAP_HIGH = 0.92;
    private static final double CPU_HIGH = 0.97;
    private static final double LAG_WITH_CPU_SECONDS = 0.03;

    private volatile double factor = 1.0;
    private volatile String reason = "";

    /**
     * Takes a sample.
     *
     * @param loopLagSeconds the worst event loop's
     * @param cpu share of the process's cores in use, 0 to 1; negative = unknown
     * @param heap share of the heap that lives after the last collection, 0 to 1
     */
    public void sample(double loopLagSeconds, double cpu, double heap) {
        if (loopLagSeconds > LAG_EXTREME_SECONDS) {
            set(0.25, "event loop late by " + Math.round(loopLagSeconds * 1_000) + " ms");
        } else if (heap > HEAP_HIGH) {
            set(0.5, "heap " + Math.round(heap * 100) + " % full");
        } else if (loopLagSeconds > LAG_HIGH_SECONDS) {
            set(0.6, "event loop late by " + Math.round(loopLagSeconds * 1_000) + " ms");
        } else if (cpu > CPU_HIGH && loopLagSeconds > LAG_WITH_CPU_SECONDS) {
            set(0.8, "processor " + Math.round(cpu * 100) + " % busy");
        } else {
            set(1.0, "");
        }
    }

    private void set(double newFactor, String newReason) {
        factor = newFactor;
        reason = newReason;
    }

    /** What is left of the limit: 1 = all. */
    double factor() {
        return factor;
    }

    String reason() {
        return reason;
    }
}

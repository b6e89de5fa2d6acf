package io.forelog.access;

/**
 * How many entries may be in flight: additive increase, multiplicative decrease against a latency target that is
 * learned. The target is a multiple of the latency seen while the queue was not congested: with little in flight, or
 * with as little as the limit ever allows. Gradient and Vegas limits take group commit for congestion, since its latency
 * grows with what is in flight while its throughput grows too (ADR 0011).
 *
 * <p>Fed with windows, not entries. Owned by whoever holds {@link AdaptiveAdmission}'s window lock; {@link #current} by any thread.
 */
final class LatencyLimit {
    static final int MIN = 16;
    static final int MAX = 16_384;
    private static final int INITIAL = 1_024;
    private static final double TOLERANCE = 2.0;
    private static final double BASELINE_START_MICROS = 4_000;
    private static final double TARGET_MIN_MICROS = 5_000;
    private static final double TARGET_MAX_MICROS = 500_000;
    private static final double CUT_MOST = 0.3;
    private static final double CUT_LEAST = 0.9;
    private static final double GROWTH = 0.05;
    private static final long FORGET_MICROS = 60_000_000;

    private double limit = INITIAL;
    private double baselineMicros = BASELINE_START_MICROS;
    private long heldUntilMicros;
    private long congestedMicros;
    private volatile int current = INITIAL;
    /** Up to here the limit gives way at once while latency is good; where it was last cut, for a minute. */
    private volatile int knownGood = MAX;

    private volatile boolean calm = true;

    int current() {
        return current;
    }

    double targetMicros() {
        return Math.min(TARGET_MAX_MICROS, Math.max(TARGET_MIN_MICROS, baselineMicros * TOLERANCE));
    }

    /** Whether {@code needed} entries in flight are no reason to refuse: the queue has answered fast so far. */
    boolean givesWayTo(double needed) {
        return calm && needed <= knownGood;
    }

    /**
     * One window.
     *
     * @param meanMicros from admission to answer of what was answered in it
     * @param inFlightMax most entries in flight during it
     */
    void window(double meanMicros, int inFlightMax, long nowMicros) {
        learn(meanMicros, inFlightMax);
        double target = targetMicros();
        calm = meanMicros < target / 2;
        if (meanMicros > target) {
            cut(meanMicros, target, inFlightMax, nowMicros);
        } else if (inFlightMax > limit * 0.7) {
            double faster = calm && limit < knownGood ? limit : limit * GROWTH;
            limit = Math.min(MAX, limit + Math.max(1, faster));
        }
        if (nowMicros - congestedMicros > FORGET_MICROS) {
            knownGood = MAX;
        }
        current = (int) limit;
    }

    private void learn(double meanMicros, int inFlightMax) {
        if (inFlightMax < limit * 0.25 || limit <= MIN) {
            // Up slowly and down fast: one slow flush teaches nothing.
            double weight = meanMicros < baselineMicros ? 0.2 : 0.01;
            baselineMicros += (meanMicros - baselineMicros) * weight;
        }
    }

    /** By Little's law what is in flight is too much by as much as the latency is; then wait until that shows. */
    private void cut(double meanMicros, double target, int inFlightMax, long nowMicros) {
        if (nowMicros < heldUntilMicros) {
            return;
        }
        double ratio = Math.min(CUT_LEAST, Math.max(CUT_MOST, target / meanMicros));
        limit = Math.max(MIN, Math.min(limit, inFlightMax + 1.0) * ratio);
        knownGood = (int) limit;
        congestedMicros = nowMicros;
        heldUntilMicros = nowMicros + (long) meanMicros;
    }
}

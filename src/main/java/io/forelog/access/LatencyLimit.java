package io.forelog.access;

import java.time.Duration;
import java.util.Arrays;

/**
 * How many entries may be in flight. The limit follows a latency target, a multiple of the lowest latency seen lately:
 * group commit's own latency, whatever the disk, is no congestion, a queue that grows before it is. While it sheds, it
 * dips now and then to half, to see whether less in flight would be served as fast; so the lowest latency stays an honest
 * one. Gradient and Vegas limits compare with an unloaded queue, and would shed what group commit needs (ADR 0011).
 *
 * <p>Fed with windows, not entries. {@link #window} by one thread at a time; the getters by any.
 */
final class LatencyLimit {
    static final int MIN = 24;
    private static final int INITIAL = 1_024;
    private static final double TOLERANCE = 1.8;
    private static final double TARGET_MIN_MICROS = 5_000;
    private static final int WINDOWS_OVER = 3;
    private static final double CUT_MOST = 0.3;
    private static final double CUT_LEAST = 0.9;
    private static final double GROWTH = 0.05;
    private static final long BUCKET_MICROS = 5_000_000;
    private static final int BUCKETS = 6;
    private static final long DIP_EVERY_MICROS = 2_000_000;
    private static final long DIP_LEAST_MICROS = 60_000;
    private static final long FORGET_MICROS = 60_000_000;

    private final int ceiling;
    private final double targetMaxMicros;
    /** The lowest mean latency of each of the last five-second spans. */
    private final double[] lowest = new double[BUCKETS];

    private long bucket;
    private double limit = INITIAL;
    private int windowsOver;
    private long heldUntilMicros;
    private long dippedMicros;
    private long dipEndsMicros;
    private long congestedMicros;
    private volatile int current = INITIAL;
    /** Up to here the limit gives way at once while latency is good; where it was last cut, for a minute. */
    private volatile int knownGood;

    private volatile boolean calm = true;

    LatencyLimit(int ceiling, Duration targetMax) {
        this.ceiling = ceiling;
        this.targetMaxMicros = targetMax.toNanos() / 1e3;
        this.knownGood = ceiling;
        Arrays.fill(lowest, Double.MAX_VALUE);
    }

    int current() {
        return current;
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
     * @param shed whether anything was refused in it
     */
    void window(double meanMicros, int inFlightMax, boolean shed, long nowMicros) {
        learn(meanMicros, nowMicros);
        double target = targetMicros();
        calm = meanMicros < target * 0.7;
        windowsOver = meanMicros > target ? windowsOver + 1 : 0;
        boolean dipping = nowMicros < dipEndsMicros;
        if (windowsOver >= WINDOWS_OVER && nowMicros >= heldUntilMicros) {
            cut(meanMicros, target, inFlightMax, nowMicros);
        } else if (!dipping && windowsOver == 0 && inFlightMax > limit * 0.7) {
            double faster = calm && limit < knownGood ? limit : limit * GROWTH;
            limit = Math.min(ceiling, limit + Math.max(1, faster));
        }
        if (shed && nowMicros - dippedMicros > DIP_EVERY_MICROS) {
            dippedMicros = nowMicros;
            dipEndsMicros = nowMicros + Math.max(DIP_LEAST_MICROS, (long) (2 * meanMicros));
            dipping = true;
        }
        if (nowMicros - congestedMicros > FORGET_MICROS) {
            knownGood = ceiling;
        }
        current = (int) Math.max(MIN, dipping ? limit / 2 : limit);
    }

    private void learn(double meanMicros, long nowMicros) {
        long now = nowMicros / BUCKET_MICROS;
        for (; bucket < now; bucket = Math.max(bucket + 1, now - BUCKETS)) {
            lowest[(int) ((bucket + 1) % BUCKETS)] = Double.MAX_VALUE;
        }
        int slot = (int) (now % BUCKETS);
        lowest[slot] = Math.min(lowest[slot], meanMicros);
    }

    double targetMicros() {
        double least = Arrays.stream(lowest).min().orElse(TARGET_MIN_MICROS);
        double target = Math.min(targetMaxMicros, Math.max(TARGET_MIN_MICROS, least * TOLERANCE));
        return Math.max(target, least * 1.2);
    }

    /** By Little's law what is in flight is too much by as much as the latency is; then wait until that shows. */
    private void cut(double meanMicros, double target, int inFlightMax, long nowMicros) {
        double ratio = Math.min(CUT_LEAST, Math.max(CUT_MOST, target / meanMicros));
        limit = Math.max(MIN, Math.min(limit, inFlightMax + 1.0) * ratio);
        knownGood = (int) limit;
        congestedMicros = nowMicros;
        heldUntilMicros = nowMicros + (long) meanMicros;
        windowsOver = 0;
    }
}

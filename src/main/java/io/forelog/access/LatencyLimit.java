package io.forelog.access;

import java.time.Duration;
import java.util.Arrays;

/**
 * How many entries may be in flight. The limit follows a latency target, a multiple of the lowest latency seen lately. It cuts
 * where more is in flight than was answered fast lately: as many who wait longer are no queue that grows. It tries each cut:
 * where less in flight means less done, latency is the disk's, or group commit's own; then the cut is taken back and that
 * latency tolerated for a while. While it sheds, it dips now and then, so that the lowest latency stays an honest one.
 * Gradient and Vegas limits compare with an unloaded queue, and would shed what group commit needs (ADR 0018).
 *
 * <pre>
 * STEADY --three windows over the target, more in flight than proven--> TRIAL
 * TRIAL --as much is done--> STEADY (cut)
 *       \--less is done-----> STEADY (as before, latency tolerated: shortly; for long where it is so twice in a row)
 * </pre>
 *
 * <p>Fed with windows, not entries. {@link #window} by one thread at a time; the getters by any.
 */
final class LatencyLimit {
    static final int MIN = 24;
    private static final int INITIAL = 4_096;
    /** More than the largest legal batch, whatever its priority. */
    private static final int BURST = 2_048;

    private static final double TOLERANCE = 1.8;
    private static final double TARGET_MIN_MICROS = 5_000;
    private static final int WINDOWS_OVER = 3;
    private static final int WINDOWS_CALM = 3;
    private static final double PROVEN_TOLERANCE = 1.25;
    private static final double CUT_MOST = 0.3;
    private static final double CUT_LEAST = 0.9;
    private static final double GROWTH = 0.05;
    private static final long BUCKET_MICROS = 5_000_000;
    private static final int BUCKETS = 6;
    private static final long DIP_EVERY_MICROS = 2_000_000;
    private static final long DIP_LEAST_MICROS = 60_000;
    private static final double GIVES_WAY_SECONDS = 0.05;
    private static final double DECAY = 0.98;
    private static final double RATE_WEIGHT = 0.2;
    private static final double AS_MUCH = 0.85;
    private static final long TRIAL_LEAST_MICROS = 100_000;
    private static final long DOUBTED_MICROS = 400_000;
    private static final long TOLERATED_MICROS = 20_000_000;
    private static final long FORGET_MICROS = 60_000_000;

    private final int ceiling;
    private final double targetMaxMicros;
    /** The lowest mean latency of each of the last five-second spans. */
    private final double[] lowest = new double[BUCKETS];
    /** What was in flight at least for three windows in a row with good latency, at most in each of those spans. */
    private final double[] proven = new double[BUCKETS];

    private long bucket;
    private double limit = INITIAL;
    private int windowsOver;
    private int windowsCalm;
    private double calmInFlight;
    private long lastMicros;
    private double rate;

    // the trial of a cut
    private boolean trying;
    private long trialFromMicros;
    private double rateBefore;
    private double limitBefore;
    private double meanBefore;
    private long trialAnswered;
    private long trialMicros;
    private boolean failedBefore;

    private double toleratedMicros;
    private long toleratedUntilMicros;
    private long dippedMicros;
    private long dipEndsMicros;
    private long congestedMicros;
    private volatile int current = INITIAL;
    /** Up to here the limit gives way at once while latency is good; where it was last cut, for a minute. */
    private volatile int knownGood;

    private volatile boolean calm = true;
    private volatile int ratePerSecond;

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
        return calm && needed <= Math.min(knownGood, burst());
    }

    /**
     * One window.
     *
     * @param meanMicros from admission to answer of what was answered in it
     * @param inFlightMax most entries in flight during it
     * @param shed whether anything was refused in it
     */
    void window(double meanMicros, long answered, int inFlightMax, boolean shed, long nowMicros) {
        long elapsed = Math.max(1, nowMicros - lastMicros);
        lastMicros = nowMicros;
        learn(meanMicros, nowMicros);
        double target = targetMicros(nowMicros);
        calm = meanMicros < target * 0.7;
        windowsOver = meanMicros > target ? windowsOver + 1 : 0;
        prove(inFlightMax, nowMicros);
        if (trying) {
            tryOut(answered, elapsed, nowMicros);
        } else {
            rate += (answered * 1e6 / elapsed - rate) * RATE_WEIGHT;
            if (windowsOver >= WINDOWS_OVER && (isMoreThanProven(inFlightMax) || meanMicros > targetMaxMicros)) {
                cut(meanMicros, target, inFlightMax, nowMicros);
            } else if (windowsOver == 0 && nowMicros >= dipEndsMicros && inFlightMax > limit * 0.7) {
                double faster = calm && limit < knownGood ? limit : limit * GROWTH;
                limit = Math.min(ceiling, limit + Math.max(1, faster));
            } else if (calm && !shed && inFlightMax < limit * 0.25) {
                limit = Math.max(Math.min(limit, burst()), limit * DECAY);
            }
            dip(meanMicros, shed, nowMicros);
        }
        if (nowMicros - congestedMicros > FORGET_MICROS) {
            knownGood = ceiling;
        }
        ratePerSecond = (int) rate;
        current = (int) Math.max(MIN, nowMicros < dipEndsMicros ? limit / 2 : limit);
    }

    /** What may come at once to a queue that answers fast. */
    private double burst() {
        return BURST + ratePerSecond * GIVES_WAY_SECONDS;
    }

    private void dip(double meanMicros, boolean shed, long nowMicros) {
        if (shed && !trying && nowMicros - dippedMicros > DIP_EVERY_MICROS) {
            dippedMicros = nowMicros;
            dipEndsMicros = nowMicros + Math.max(DIP_LEAST_MICROS, (long) (2 * meanMicros));
        }
    }

    private void learn(double meanMicros, long nowMicros) {
        long now = nowMicros / BUCKET_MICROS;
        for (; bucket < now; bucket = Math.max(bucket + 1, now - BUCKETS)) {
            lowest[(int) ((bucket + 1) % BUCKETS)] = Double.MAX_VALUE;
            proven[(int) ((bucket + 1) % BUCKETS)] = 0;
        }
        int slot = (int) (now % BUCKETS);
        lowest[slot] = Math.min(lowest[slot], meanMicros);
    }

    private void prove(int inFlightMax, long nowMicros) {
        windowsCalm = calm ? windowsCalm + 1 : 0;
        calmInFlight = windowsCalm > 1 ? Math.min(calmInFlight, inFlightMax) : inFlightMax;
        if (windowsCalm >= WINDOWS_CALM) {
            int slot = (int) (nowMicros / BUCKET_MICROS % BUCKETS);
            proven[slot] = Math.max(proven[slot], calmInFlight);
        }
    }

    /** As many as were answered fast just now, and later are not: the machine is slow, and they are no queue that grows. */
    private boolean isMoreThanProven(int inFlightMax) {
        return inFlightMax > Arrays.stream(proven).max().orElse(0) * PROVEN_TOLERANCE;
    }

    private double targetMicros(long nowMicros) {
        double least = Arrays.stream(lowest).min().orElse(TARGET_MIN_MICROS);
        double target = Math.min(targetMaxMicros, Math.max(TARGET_MIN_MICROS, least * TOLERANCE));
        double tolerated = nowMicros < toleratedUntilMicros ? toleratedMicros : 0;
        return Math.max(target, Math.max(tolerated, least * 1.2));
    }

    /** By Little's law what is in flight is too much by as much as the latency is; whether it is has to show. */
    private void cut(double meanMicros, double target, int inFlightMax, long nowMicros) {
        trying = true;
        rateBefore = rate;
        limitBefore = limit;
        meanBefore = meanMicros;
        trialAnswered = 0;
        trialMicros = 0;
        trialFromMicros = nowMicros + (long) meanMicros;
        double ratio = Math.min(CUT_LEAST, Math.max(CUT_MOST, target / meanMicros));
        limit = Math.max(MIN, Math.min(limit, inFlightMax + 1.0) * ratio);
        windowsOver = 0;
    }

    private void tryOut(long answered, long elapsed, long nowMicros) {
        if (nowMicros < trialFromMicros + elapsed) {
            return;
        }
        trialAnswered += answered;
        trialMicros += elapsed;
        if (trialMicros < Math.max(TRIAL_LEAST_MICROS, 1.5 * meanBefore)) {
            return;
        }
        trying = false;
        windowsOver = 0;
        rate = trialAnswered * 1e6 / trialMicros;
        if (rate < rateBefore * AS_MUCH) {
            limit = limitBefore;
            toleratedMicros = meanBefore * TOLERANCE;
            // One trial can fail by chance: the second in a row is believed for long.
            toleratedUntilMicros = nowMicros + (failedBefore ? TOLERATED_MICROS : DOUBTED_MICROS);
            failedBefore = !failedBefore;
        } else {
            failedBefore = false;
            knownGood = (int) limit;
            congestedMicros = nowMicros;
        }
    }
}

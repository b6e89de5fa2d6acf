package io.forelog.target;

import io.forelog.model.Ticker;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Whether a target is asked at all. Owned by the writer's thread; memory is one window of ten buckets.
 *
 * <pre>
 *            20 failures in a row in 10 s, or half of the last 10 s, of at least 10
 *   CLOSED ─────────────────────────────────────────────────────► OPEN ◄─┐
 *     ▲  └──────── the target asked for silence (Retry-After) ────► │    │ trial failed: twice the wait
 *     │                                         probe answered, or  │    │
 *     │                                         the silence is over ▼    │
 *     └────────────────────── trial succeeded ──────────────── HALF_OPEN─┘
 * </pre>
 *
 * <p>Only transport errors, 5xx and time-outs are failures: a target that rejects an entry is well. What has failed before and fails
 * again says more of itself than of the target: as long as anything went well within the window, first attempts alone are judged,
 * so that a few entries that a target can't take don't close it for all others. An attempt carries
 * the epoch in which it began, so that what began before a change of state has no say after it.
 */
final class Breaker {
    /** The ordinal is the value of the metric. */
    enum State {
        CLOSED,
        HALF_OPEN,
        OPEN
    }

    private static final int BUCKETS = 10;
    private static final long BUCKET_MICROS = 1_000_000L;
    private static final int SAMPLES_MIN = 10;
    private static final double RATIO = 0.5;
    /** A whole outage shows sooner than as a share of what went well before. */
    private static final int IN_A_ROW = 20;

    private static final long WAIT_FIRST_MICROS = 250_000L;
    private static final long WAIT_MAX_MICROS = 5_000_000L;

    private final Ticker ticker;
    private final RandomGenerator random;
    private final int[] totals = new int[BUCKETS];
    private final int[] failures = new int[BUCKETS];
    /** Of these, deliveries that had not failed before. */
    private final int[] firstTotals = new int[BUCKETS];

    private final int[] firstFailures = new int[BUCKETS];
    private long bucket;
    private int inARow;

    private State state = State.CLOSED;
    private long epoch;
    private int trips;
    private boolean trial;
    private boolean silenced;
    private long lookAtMicros;
    private String reason = "";

    Breaker(Ticker ticker, RandomGenerator random) {
        this.ticker = ticker;
        this.random = random;
    }

    /** Whether one more attempt may begin now. */
    boolean permits() {
        return switch (state) {
            case CLOSED -> true;
            case HALF_OPEN -> !trial;
            case OPEN -> false;
        };
    }

    /** An attempt begins; answers its epoch. Only where {@link #permits()}. */
    long begin() {
        trial = state == State.HALF_OPEN;
        return epoch;
    }

    /** An attempt that began in {@code begun} has ended; {@code again}: what failed had failed before. */
    void ended(long begun, boolean failed, boolean again, String why) {
        if (begun != epoch) {
            return;
        }
        if (state == State.HALF_OPEN) {
            if (failed) {
                open(why);
            } else {
                close();
                count(false, again);
            }
        } else if (state == State.CLOSED && count(failed, again)) {
            open(why);
        }
    }

    /** The target asked for silence until then; after it, one batch goes first. */
    void silence(long untilMicros, String why) {
        if (state == State.OPEN && silenced && untilMicros <= lookAtMicros) {
            return;
        }
        change(State.OPEN);
        silenced = true;
        lookAtMicros = untilMicros;
        reason = why;
    }

    /** A probe, or the end of a silence, of {@code begun}. */
    void looked(long begun, boolean answers, String why) {
        if (begun != epoch || state != State.OPEN) {
            return;
        }
        if (answers) {
            change(State.HALF_OPEN);
        } else {
            open(why);
        }
    }

    private void open(String why) {
        change(State.OPEN);
        silenced = false;
        reason = why;
        long wait = Math.min(WAIT_MAX_MICROS, WAIT_FIRST_MICROS << Math.min(trips, 10));
        trips++;
        lookAtMicros = ticker.micros() + wait / 2 + random.nextLong(wait / 2 + 1);
    }

    private void close() {
        change(State.CLOSED);
        silenced = false;
        trips = 0;
        inARow = 0;
        reason = "";
        for (int[] each : new int[][] {totals, failures, firstTotals, firstFailures}) {
            Arrays.fill(each, 0);
        }
    }

    private void change(State next) {
        state = next;
        trial = false;
        epoch++;
    }

    /** Whether it is to open. */
    private boolean count(boolean failed, boolean again) {
        int slot = slot();
        totals[slot]++;
        firstTotals[slot] += again ? 0 : 1;
        if (!failed) {
            inARow = 0;
            return false;
        }
        failures[slot]++;
        firstFailures[slot] += again ? 0 : 1;
        inARow += again ? 0 : 1;
        int total = sum(totals);
        int bad = sum(failures);
        int first = sum(firstTotals);
        int firstBad = sum(firstFailures);
        return bad == total && total >= SAMPLES_MIN
                || !again
                        && (Math.min(inARow, firstBad) >= IN_A_ROW
                                || first >= SAMPLES_MIN && firstBad >= first * RATIO);
    }

    private int slot() {
        long now = Math.floorDiv(ticker.micros(), BUCKET_MICROS);
        for (long stale = Math.max(bucket + 1, now - BUCKETS + 1); stale <= now; stale++) {
            int slot = Math.floorMod(stale, BUCKETS);
            totals[slot] = 0;
            failures[slot] = 0;
            firstTotals[slot] = 0;
            firstFailures[slot] = 0;
        }
        bucket = Math.max(bucket, now);
        return Math.floorMod(bucket, BUCKETS);
    }

    private static int sum(int[] buckets) {
        int sum = 0;
        for (int each : buckets) {
            sum += each;
        }
        return sum;
    }

    State state() {
        return state;
    }

    long epoch() {
        return epoch;
    }

    /** Open because the target asked for it: no probe before {@link #lookAtMicros()}. */
    boolean silenced() {
        return silenced && state == State.OPEN;
    }

    /** While open: when to probe, or when the silence ends. */
    long lookAtMicros() {
        return lookAtMicros;
    }

    /** Why it is not closed, in the target's words; empty where it is. */
    String reason() {
        return reason;
    }
}

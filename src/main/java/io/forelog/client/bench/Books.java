package io.forelog.client.bench;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;

/**
 * Counts and latencies of one load. Written by one event loop; read by others only when the load has ended, but for
 * {@link #completed()}. Latencies are those of calls with a decided answer, in microseconds, up to a minute.
 */
public final class Books {
    private static final long HIGHEST_MICROS = 60_000_000;
    private static final int SECONDS_MAX = 3_600;

    private final Histogram admitted = new Histogram(HIGHEST_MICROS, 3);
    private final Histogram refusals = new Histogram(HIGHEST_MICROS, 3);
    private final long[] truesBySecond = new long[SECONDS_MAX];
    private long beginNanos;
    private long endNanos;
    private long trues;
    private long falses;
    private long unknowns;
    private long refused;
    private long notSent;
    private long warmup;
    private final LongAdder completed = new LongAdder();

    void begin(long warmNanos, long end) {
        beginNanos = warmNanos;
        endNanos = end;
    }

    void add(Answers answers, long intendedNanos, long nowNanos) {
        long entries = (long) answers.trues() + answers.falses() + answers.unknowns() + answers.refused();
        completed.add(entries);
        if (nowNanos < beginNanos) {
            warmup += entries;
            return;
        }
        falses += answers.falses();
        unknowns += answers.unknowns();
        refused += answers.refused();
        trues += answers.trues();
        if (nowNanos < endNanos) {
            truesBySecond[(int) Math.min(SECONDS_MAX - 1L, (nowNanos - beginNanos) / 1_000_000_000L)] +=
                    answers.trues();
        }
        if (entries > 0) {
            long micros = Math.min(HIGHEST_MICROS, Math.max(0, (nowNanos - intendedNanos) / 1_000));
            (answers.trues() > 0 ? admitted : refusals).recordValue(micros);
        }
    }

    void notSent(long calls, int entriesPerCall) {
        notSent += Math.max(0, calls) * entriesPerCall;
    }

    /** Any thread: entries answered so far, warm-up included. */
    long completed() {
        return completed.sum();
    }

    /** Takes over the figures of another loop of the same load. */
    public void merge(Books other) {
        beginNanos = other.beginNanos;
        endNanos = other.endNanos;
        admitted.add(other.admitted);
        refusals.add(other.refusals);
        for (int i = 0; i < SECONDS_MAX; i++) {
            truesBySecond[i] += other.truesBySecond[i];
        }
        trues += other.trues;
        falses += other.falses;
        unknowns += other.unknowns;
        refused += other.refused;
        notSent += other.notSent;
        warmup += other.warmup;
    }

    public long trues() {
        return trues;
    }

    public long falses() {
        return falses;
    }

    public long unknowns() {
        return unknowns;
    }

    public long refused() {
        return refused;
    }

    /** Everything that was answered, warm-up included. */
    public long answered() {
        return trues + falses + unknowns + refused + warmup;
    }

    public double seconds() {
        return (endNanos - beginNanos) / 1e9;
    }

    /** TRUE within the measured time, a second. */
    public double goodput() {
        long inTime = 0;
        for (long second : truesBySecond) {
            inTime += second;
        }
        return seconds() == 0 ? 0 : inTime / seconds();
    }

    /** TRUE in that second of the measured time, from 0. */
    public long truesInSecond(int second) {
        return second < SECONDS_MAX ? truesBySecond[second] : 0;
    }

    /** Of the calls with at least one TRUE, in milliseconds. */
    public double millisAt(double percentile) {
        return admitted.getValueAtPercentile(percentile) / 1000.0;
    }

    public JsonObject json() {
        return new JsonObject()
                .put("seconds", seconds())
                .put("entries_per_second", Math.round(goodput()))
                .put("true", trues)
                .put("false", falses)
                .put("unknown", unknowns)
                .put("refused", refused)
                .put("not_sent", notSent)
                .put("latency_ms", latencies(admitted))
                .put("refusal_latency_ms", latencies(refusals));
    }

    /** A few lines for people. */
    public String text() {
        return String.format(
                Locale.ROOT,
                "%,.0f entries/s TRUE over %.1f s%n"
                        + "durable   TRUE %,d   FALSE %,d   UNKNOWN %,d   refused %,d   not sent %,d%n"
                        + "latency   p50 %.2f ms   p90 %.2f   p99 %.2f   p99.9 %.2f   max %.2f",
                goodput(),
                seconds(),
                trues,
                falses,
                unknowns,
                refused,
                notSent,
                millisAt(50),
                millisAt(90),
                millisAt(99),
                millisAt(99.9),
                millisAt(100));
    }

    static JsonObject latencies(Histogram histogram) {
        JsonObject json = new JsonObject().put("count", histogram.getTotalCount());
        for (double percentile : new double[] {50, 90, 99, 99.9, 100}) {
            String name =
                    percentile == 100 ? "max" : "p" + (percentile == 99.9 ? "99.9" : Long.toString((long) percentile));
            json.put(name, histogram.getValueAtPercentile(percentile) / 1000.0);
        }
        return json;
    }

    /** TRUE in each second, as measured. */
    public JsonArray seconds(int count) {
        JsonArray array = new JsonArray();
        for (int i = 0; i < count; i++) {
            array.add(truesInSecond(i));
        }
        return array;
    }
}

package io.forelog.ingest;

import io.forelog.observe.MetricNames;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * How late the event loops are: the worst of them is the metric. Each loop writes its own slot, any thread reads.
 */
final class LoopLag {
    static final long PERIOD_MILLIS = 100;

    private final AtomicLongArray micros;

    LoopLag(int loops, MeterRegistry registry) {
        micros = new AtomicLongArray(loops);
        Gauge.builder(MetricNames.LOOP_LAG, this, LoopLag::worstSeconds).register(registry);
    }

    /** {@code late}: how much later than asked for the loop came back. */
    void record(int loop, long late) {
        if (loop < micros.length()) {
            micros.set(loop, Math.max(0, late));
        }
    }

    double worstSeconds() {
        long worst = 0;
        for (int i = 0; i < micros.length(); i++) {
            worst = Math.max(worst, micros.get(i));
        }
        return worst / 1e6;
    }
}

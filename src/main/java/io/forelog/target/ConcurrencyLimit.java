package io.forelog.target;

import com.netflix.concurrency.limits.limit.Gradient2Limit;

/**
 * How many requests may be in flight: a fixed number, or Netflix's Gradient2, which follows the target's latency. Only its
 * arithmetic is used, never its waiting limiters. Owned by the writer's thread.
 */
final class ConcurrencyLimit {
    static final int ADAPTIVE_INITIAL = 20;
    static final int ADAPTIVE_MIN = 4;
    static final int ADAPTIVE_MAX = 200;

    private final int fixed;
    private final Gradient2Limit adaptive;

    /** {@code concurrency} 0 = adaptive. */
    ConcurrencyLimit(int concurrency) {
        fixed = concurrency;
        adaptive = Gradient2Limit.newBuilder()
                .initialLimit(ADAPTIVE_INITIAL)
                .minLimit(ADAPTIVE_MIN)
                .maxConcurrency(ADAPTIVE_MAX)
                .build();
    }

    int fixed() {
        return fixed;
    }

    int current() {
        return fixed > 0 ? fixed : adaptive.getLimit();
    }

    /** One request took {@code nanos}; {@code inFlight} were on their way when it began. */
    void sample(long nanos, int inFlight) {
        if (fixed == 0) {
            adaptive.onSample(0L, Math.max(1L, nanos), inFlight, false);
        }
    }
}

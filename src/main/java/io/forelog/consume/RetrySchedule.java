package io.forelog.consume;

import io.forelog.config.NamespaceDocument.RetryPolicy;
import java.time.Duration;
import java.util.random.RandomGenerator;

/** When a failed attempt is made again. Immutable but for its source of chance; the pump's thread. */
final class RetrySchedule {
    private final RetryPolicy policy;
    private final RandomGenerator random;

    RetrySchedule(RetryPolicy policy, RandomGenerator random) {
        this.policy = policy;
        this.random = random;
    }

    RetryPolicy policy() {
        return policy;
    }

    /** The longest wait after failed attempt {@code attempt}, from 1. */
    long ceilingMicros(int attempt) {
        double max = micros(policy.max());
        double ceiling = micros(policy.initial()) * Math.pow(policy.multiplier(), Math.max(0, attempt - 1));
        return (long) Math.min(max, ceiling);
    }

    /** Due after failed attempt {@code attempt} at {@code now}: by the policy, or by {@code after} where that is later. */
    long dueMicros(int attempt, long now, Duration after) {
        long ceiling = ceilingMicros(attempt);
        long wait = policy.fullJitter() && ceiling > 0 ? random.nextLong(ceiling + 1) : ceiling;
        return now + Math.max(wait, micros(after));
    }

    static long micros(Duration duration) {
        long seconds = Math.min(duration.getSeconds(), Long.MAX_VALUE / 4_000_000L);
        return seconds * 1_000_000L + duration.getNano() / 1_000;
    }
}

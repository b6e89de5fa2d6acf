package io.forelog.target;

import io.forelog.model.Ticker;

/**
 * A rate limit: a token a delivery, refilled continuously, at most a tenth of a second's worth saved up (but always
 * one). Owned by one thread.
 */
final class TokenBucket {
    private static final double BURST_SECONDS = 0.1;

    private final Ticker ticker;
    private double perMicro;
    private double burst;
    private double tokens;
    private long filledMicros;

    /** {@code perSecond} 0 = no limit. */
    TokenBucket(Ticker ticker, double perSecond) {
        this.ticker = ticker;
        this.filledMicros = ticker.micros();
        set(perSecond);
        tokens = burst;
    }

    void set(double perSecond) {
        perMicro = perSecond / 1_000_000.0;
        burst = Math.max(1.0, perSecond * BURST_SECONDS);
        tokens = Math.min(tokens, burst);
    }

    /** As many of {@code wanted} as there are tokens now. */
    int take(int wanted) {
        if (perMicro <= 0) {
            return wanted;
        }
        long now = ticker.micros();
        tokens = Math.min(burst, tokens + (now - filledMicros) * perMicro);
        filledMicros = now;
        int taken = (int) Math.min(wanted, tokens);
        tokens -= taken;
        return taken;
    }

    /** Until the next token, after a {@link #take} that answered 0. */
    long waitMicros() {
        return perMicro <= 0 ? 0 : Math.max(1L, (long) Math.ceil((1.0 - tokens) / perMicro));
    }

    /** How long {@code count} deliveries take at this rate. */
    long costMicros(int count) {
        return perMicro <= 0 ? 0 : (long) (count / perMicro);
    }
}

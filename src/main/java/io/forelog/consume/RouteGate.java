package io.forelog.consume;

import java.time.Duration;

/**
 * Whether a route may send now, and how much. Owned by the pump's thread.
 *
 * <pre>
 *            deferred                    a storm of rejections
 *   OPEN ───────────────► DEFERRED   OPEN, DEFERRED ─────────► STORM
 *     ▲   any attempt made   │                                   │ a probe accepted, or by hand
 *     └──────────────────────┴───────────────────────────────────┘
 * </pre>
 *
 * Closed until a moment, then a few probes, one batch of them at a time; what they meet opens it or closes it again.
 */
final class RouteGate {
    enum State {
        OPEN,
        DEFERRED,
        STORM
    }

    static final int PROBES = 4;
    static final long STORM_PROBE_MIN = 5_000_000L;
    static final long STORM_PROBE_MAX = 60_000_000L;
    private static final long DEFER_MIN = 10_000L;
    private static final long DEFER_MAX = 60_000_000L;

    private State state = State.OPEN;
    private long until = Long.MAX_VALUE;
    private long stormBackoff;
    private boolean probing;
    private String words = "";

    State state() {
        return state;
    }

    /** What the target said when it closed; empty when open. */
    String words() {
        return words;
    }

    /** How many deliveries may be sent in the next batch. */
    int allowance(long now) {
        if (state == State.OPEN) {
            return Integer.MAX_VALUE;
        }
        return !probing && now >= until ? PROBES : 0;
    }

    /** When {@link #allowance} changes by itself. */
    long nextMicros() {
        return state == State.OPEN || probing ? Long.MAX_VALUE : until;
    }

    /** A batch was sent while the gate was closed: answers whether it is a probe. */
    boolean sent() {
        if (state == State.OPEN) {
            return false;
        }
        probing = true;
        return true;
    }

    /** A probe has ended, with whatever outcome is told next. */
    void probeEnded() {
        probing = false;
    }

    void deferred(Duration after, String text, long now) {
        long wait = Math.min(DEFER_MAX, Math.max(DEFER_MIN, RetrySchedule.micros(after)));
        if (state == State.STORM) {
            until = Math.max(until, now + wait);
            return;
        }
        state = State.DEFERRED;
        until = now + wait;
        words = text;
    }

    /** The target was asked and answered: it is not silent. Ends DEFERRED. */
    void attempted() {
        if (state == State.DEFERRED) {
            open();
        }
    }

    void storm(String text, long now) {
        state = State.STORM;
        words = text;
        stormBackoff = STORM_PROBE_MIN;
        until = now + stormBackoff;
    }

    /** A probe met the storm again. */
    void stormGoesOn(String text, long now) {
        words = text;
        stormBackoff = Math.min(STORM_PROBE_MAX, stormBackoff * 2);
        until = now + stormBackoff;
    }

    /** A probe met something else than the storm or success, and says nothing of it. */
    void probeAgain(long now) {
        until = now + STORM_PROBE_MIN;
    }

    void open() {
        state = State.OPEN;
        until = Long.MAX_VALUE;
        words = "";
        probing = false;
    }
}

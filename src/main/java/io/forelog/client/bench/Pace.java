package io.forelog.client.bench;

/**
 * How calls follow each other. Closed: a new one when one ends, {@code inFlight} at a time. Open: {@code callsPerSecond},
 * whatever the answers do; a call is timed from the moment at which it was to be sent (no coordinated omission), and at
 * most {@code inFlight} are out at once, the rest of the schedule waits.
 *
 * @param callsPerSecond 0 = closed
 */
public record Pace(double callsPerSecond, int inFlight) {
    public static Pace closed(int inFlight) {
        return new Pace(0, inFlight);
    }

    public static Pace open(double callsPerSecond, int inFlightMax) {
        return new Pace(callsPerSecond, inFlightMax);
    }

    public boolean isOpen() {
        return callsPerSecond > 0;
    }

    /** One of {@code loops} equal parts. */
    Pace part(int loops) {
        return new Pace(callsPerSecond / loops, Math.max(1, inFlight / loops));
    }
}

package io.forelog.queue;

/**
 * What waits for one route, from memory.
 *
 * @param ready due obligations not taken (a backlog)
 * @param scheduled obligations due later (delays and retries)
 * @param oldestDueMicros of what is ready; 0 = nothing is
 * @param storedBytes of the namespace, all routes
 */
public record QueueDepth(
        long ready, long scheduled, long inFlight, long parked, long dead, long oldestDueMicros, long storedBytes) {
    public static final QueueDepth EMPTY = new QueueDepth(0, 0, 0, 0, 0, 0, 0);

    /** What waits here and there. */
    QueueDepth plus(QueueDepth other) {
        boolean neither = oldestDueMicros == 0 || other.oldestDueMicros == 0;
        return new QueueDepth(
                ready + other.ready,
                scheduled + other.scheduled,
                inFlight + other.inFlight,
                parked + other.parked,
                dead + other.dead,
                neither
                        ? Math.max(oldestDueMicros, other.oldestDueMicros)
                        : Math.min(oldestDueMicros, other.oldestDueMicros),
                storedBytes + other.storedBytes);
    }
}

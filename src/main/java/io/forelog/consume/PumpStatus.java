package io.forelog.consume;

import io.forelog.queue.QueueDepth;

/**
 * One route of a pump at a moment.
 *
 * @param reason why it is in that state: the words of whoever paused it, or of its target; empty when RUNNING
 * @param sinceMicros when that state began
 * @param inFlight taken and not settled
 * @param atTarget of these, being asked of the target now
 * @param held of these, waiting in memory to be sent
 * @param retryingKeys ordered keys whose head is being retried in place
 * @param parkedKeys ordered keys set aside
 */
public record PumpStatus(
        String namespace,
        int route,
        String target,
        State state,
        String reason,
        long sinceMicros,
        int inFlight,
        int atTarget,
        int held,
        int retryingKeys,
        int parkedKeys,
        QueueDepth depth) {

    /** What a route is doing. */
    public enum State {
        RUNNING,
        /** By hand. */
        PAUSED,
        /** The target rejects in a storm; probes go on. */
        STORM,
        /** The target is silent (breaker open) or nobody writes to it; probes go on. */
        BREAKER_OPEN,
        /** The queue can't be written: nothing is taken, what happened is kept. */
        SETTLE_FAILING,
        /** Too many ordered keys are parked. */
        PARKED_FULL,
        /** The namespace knows the target no more: what is left is dead-lettered. */
        TARGET_GONE,
        DRAINING
    }
}

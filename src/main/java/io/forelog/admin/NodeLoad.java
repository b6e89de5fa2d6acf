package io.forelog.admin;

import io.forelog.observe.MachineLoad;

/**
 * How busy this node is, and how far each of its roles is behind: what an autoscaler asks for. Immutable; sampled once a
 * second.
 *
 * @param loopLagSeconds the worst event loop's
 */
public record NodeLoad(
        long atMicros, MachineLoad.Sample machine, double loopLagSeconds, Producing producing, Consuming consuming) {
    public static final NodeLoad NONE =
            new NodeLoad(0, MachineLoad.Sample.NONE, 0, new Producing(0, 0, 0), new Consuming(0, 0, 0, 0, "", ""));

    /**
     * Writes on their way to the queues.
     *
     * @param lag entries handed to a queue and not confirmed
     * @param oldestAgeSeconds of these, to a second; 0 = younger than that
     * @param entriesPerSecond answered by the queues
     */
    public record Producing(long lag, double oldestAgeSeconds, double entriesPerSecond) {}

    /**
     * Deliveries. A route that is paused, or whose target is away, is behind for reasons that more nodes can't mend: what it
     * holds is told apart.
     *
     * @param lag obligations of running routes that are due and not settled
     * @param oldestAgeSeconds since the oldest of these was due
     * @param scheduled due later, all routes
     * @param stopped due, of routes that don't run
     * @param namespace of the route that is furthest behind; empty = none is
     */
    public record Consuming(
            long lag, double oldestAgeSeconds, long scheduled, long stopped, String namespace, String target) {}

    /** Of processor and network, whichever is busier. */
    public double utilisation() {
        return Math.max(machine.processor(), machine.network());
    }
}

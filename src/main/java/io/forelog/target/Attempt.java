package io.forelog.target;

import io.forelog.model.Delivery;
import java.util.List;

/** One request to the adapter, for a part of a {@link Work}. Owned by the writer's thread. */
final class Attempt {
    final Work work;
    final int from;
    final List<Delivery> deliveries;
    final long startedMicros;
    final long deadlineMicros;
    final long epoch;
    final int inFlight;
    /** Answered or timed out: what comes now is late and is not listened to. */
    boolean done;

    Attempt(
            Work work,
            int from,
            List<Delivery> deliveries,
            long startedMicros,
            long deadlineMicros,
            long epoch,
            int inFlight) {
        this.work = work;
        this.from = from;
        this.deliveries = deliveries;
        this.startedMicros = startedMicros;
        this.deadlineMicros = deadlineMicros;
        this.epoch = epoch;
        this.inFlight = inFlight;
    }
}

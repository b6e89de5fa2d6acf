package io.forelog.admin;

import io.vertx.core.Future;
import java.util.List;

/**
 * Looks at and holds the deliveries of a namespace, a route at a time. The composition implements it over the consumer
 * pumps. A pause by hand outlives a restart. Any event loop; nothing here blocks.
 */
public interface PumpControl {
    /** One a live route, by route id; empty where the namespace has no pump. */
    List<RouteState> status(String namespace);

    /** Ends when the pause is durable and no new delivery begins. {@code target} empty = all. */
    Future<Void> pause(String namespace, String target, String principal);

    /** Lifts a pause by hand and one made by a storm of rejections. {@code target} empty = all. */
    Future<Void> resume(String namespace, String target, String principal);

    /**
     * What one route does now.
     *
     * @param state in the pump's words, which are also those of the metric: RUNNING, PAUSED (by hand), STORM (paused
     *     itself), BREAKER_OPEN, SETTLE_FAILING, PARKED_FULL, TARGET_GONE, DRAINING
     * @param reason in words; empty when RUNNING
     * @param sinceMicros when the state began; 0 = not known
     */
    record RouteState(int route, String target, String state, String reason, long sinceMicros, long inFlight) {}
}

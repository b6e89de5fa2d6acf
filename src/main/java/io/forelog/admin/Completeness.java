package io.forelog.admin;

import io.forelog.config.NamespaceDocument.Completion;
import io.forelog.queue.EntryStatus.RouteStatus;
import io.forelog.queue.EntryStatus.State;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;

/**
 * Whether an entry with several targets counts as complete, by {@code delivery.completion}. It is a reading of what the
 * targets' statuses say: each target goes on by itself, whatever comes out. Stateless.
 */
final class Completeness {
    private Completeness() {}

    /**
     * {@code state}: COMPLETE (since {@code at}), OPEN, or FAILED where too few can still deliver without a redrive;
     * {@code needed} and {@code delivered} count targets.
     */
    static JsonObject of(Completion policy, List<RouteStatus> routes) {
        int needed = switch (policy) {
            case ALL -> routes.size();
            case QUORUM -> routes.size() / 2 + 1;
            case ANY -> 1;
        };
        long[] delivered = routes.stream()
                .filter(route -> route.state() == State.DELIVERED)
                .mapToLong(RouteStatus::endedMicros)
                .sorted()
                .toArray();
        long open = routes.stream().filter(route -> isOpen(route.state())).count();
        boolean complete = delivered.length >= needed;
        return new JsonObject()
                .put("policy", policy.name().toLowerCase(Locale.ROOT))
                .put("state", complete ? "COMPLETE" : delivered.length + open >= needed ? "OPEN" : "FAILED")
                .put("needed", needed)
                .put("delivered", delivered.length)
                .put("at", complete && needed > 0 ? Times.text(delivered[needed - 1]) : null);
    }

    private static boolean isOpen(State state) {
        return switch (state) {
            case QUEUED, SCHEDULED, IN_FLIGHT, PARKED, MOVED -> true;
            case DELIVERED, DEAD, EXPIRED, CANCELLED -> false;
        };
    }
}

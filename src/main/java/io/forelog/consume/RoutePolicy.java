package io.forelog.consume;

import io.forelog.config.Namespace;
import io.forelog.config.NamespaceDocument;
import io.forelog.config.NamespaceDocument.DeliveryPolicy;
import io.forelog.config.NamespaceDocument.OnOrdered;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.config.NamespaceDocument.RetryPolicy;
import io.forelog.config.NamespaceDocument.TargetLimit;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What one route does, as its namespace says now. Immutable; replaced whole by a reload.
 *
 * @param target its name; {@code route-<id>} where the namespace knows it no more
 * @param gone the namespace knows no target for this route: what it holds is dead-lettered
 * @param hold a dead letter of an ordered key keeps those behind it parked until it is resumed by hand
 */
record RoutePolicy(
        int route,
        String target,
        boolean gone,
        TargetLimit limit,
        RetryPolicy retry,
        boolean ordered,
        boolean hold,
        double pauseOnRejectRatio) {

    private static final TargetLimit NO_LIMIT = new TargetLimit(0, 0, Duration.ofSeconds(1), 1);
    private static final int CHUNK_MIN = 16;
    private static final int CHUNK_MAX = 512;
    private static final Duration SLACK = Duration.ofSeconds(5);

    static RoutePolicy of(Namespace namespace, int id, Namespace.@Nullable Route route) {
        NamespaceDocument document = namespace.document();
        DeliveryPolicy delivery = document.delivery();
        return new RoutePolicy(
                id,
                route == null ? "route-" + id : route.target().name(),
                route == null,
                route == null ? NO_LIMIT : route.target().limit(),
                document.retry(),
                delivery.order() == Order.KEY,
                document.deadLetter().onOrdered() == OnOrdered.HOLD,
                delivery.pauseOnRejectRatio());
    }

    /** The same route after its target left the namespace: its name stays. */
    RoutePolicy afterTarget() {
        return new RoutePolicy(route, target, true, limit, retry, ordered, hold, pauseOnRejectRatio);
    }

    /**
     * Deliveries in one bus message. Its reply comes when the slowest is done, so one-by-one targets get short messages;
     * targets that batch get several batches in one.
     */
    int chunk() {
        return limit.batch() <= 1 ? CHUNK_MIN : Math.min(CHUNK_MAX, Math.max(CHUNK_MIN, limit.batch()));
    }

    /** What the writer says it answers within ({@link io.forelog.bus.Address#DELIVER}); this ends a request whose answer is lost. */
    Duration requestLimit() {
        return limit.timeout().multipliedBy(2).plus(SLACK);
    }
}

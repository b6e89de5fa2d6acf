package io.forelog.admin;

import io.forelog.config.Namespace;
import io.forelog.queue.Tally;
import io.forelog.queue.Tally.RouteTally;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** The conservation audit as a page; it says when it was counted. On the server's event loop; holds nothing. */
final class AuditApi {
    private final Desk desk;

    AuditApi(Desk desk) {
        this.desk = desk;
    }

    void addTo(Routes routes) {
        routes.add(HttpMethod.GET, "/admin/v1/namespaces/{ns}/audit", this::audit);
    }

    private Future<Answer> audit(Exchange exchange) {
        Namespace namespace = desk.node().namespaces().find(exchange.namespace());
        return desk.queue(exchange)
                .tally()
                .map(tally -> Answer.ok(view(
                        exchange.namespace(), tally, namespace, desk.ticker().micros())));
    }

    static JsonObject view(String name, Tally tally, @Nullable Namespace namespace, long nowMicros) {
        long counted = tally.countedMicros() == 0 ? nowMicros : tally.countedMicros();
        JsonArray targets = new JsonArray();
        for (RouteTally route : tally.routes()) {
            targets.add(new JsonObject()
                    .put("target", Views.target(namespace, route.route()))
                    .put("route", route.route())
                    .put("accepted", route.accepted())
                    .put("delivered", route.delivered())
                    .put("pending", route.pending())
                    .put("dead", route.dead())
                    .put("expired", route.expired())
                    .put("cancelled", route.cancelled())
                    .put("moved_in", route.movedIn())
                    .put("moved_out", route.movedOut())
                    .put("lost", route.lost())
                    .put("purged", route.purged())
                    .put("dead_stored", route.deadStored())
                    .put("balanced", route.balanced()));
        }
        return new JsonObject()
                .put("namespace", name)
                .put("entries", tally.entries())
                .put("accepted", sum(tally, RouteTally::accepted))
                .put("delivered", sum(tally, RouteTally::delivered))
                .put("pending", sum(tally, RouteTally::pending))
                .put("dead", sum(tally, RouteTally::dead))
                .put("expired", sum(tally, RouteTally::expired))
                .put("cancelled", sum(tally, RouteTally::cancelled))
                .put("moved_in", sum(tally, RouteTally::movedIn))
                .put("moved_out", sum(tally, RouteTally::movedOut))
                .put("lost", sum(tally, RouteTally::lost))
                .put("lost_waiting", tally.lostWaiting())
                .put("purged", sum(tally, RouteTally::purged))
                .put("balanced", balanced(tally))
                .put("exact", tally.exact())
                .put("counted_at", Times.text(counted))
                .put("age_seconds", Math.max(0, nowMicros - counted) / 1_000_000)
                .put("targets", targets);
    }

    static boolean balanced(Tally tally) {
        return tally.routes().stream().allMatch(RouteTally::balanced);
    }

    private static long sum(Tally tally, ToLongFunction<RouteTally> of) {
        return tally.routes().stream().mapToLong(of).sum();
    }
}

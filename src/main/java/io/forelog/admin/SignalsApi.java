package io.forelog.admin;

import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;

/** One page for autoscalers: how busy the node is, how far its roles are behind. From memory; holds nothing. */
final class SignalsApi {
    private final Desk desk;

    SignalsApi(Desk desk) {
        this.desk = desk;
    }

    void addTo(Routes routes) {
        routes.add(HttpMethod.GET, "/admin/v1/signals", this::signals);
    }

    private Future<Answer> signals(Exchange exchange) {
        NodeStatus node = desk.node().status();
        NodeLoad load = desk.node().load();
        JsonObject roles = new JsonObject();
        if (node.roles().contains("producer")) {
            roles.put("producer", producer(load.producing()));
        }
        if (node.roles().contains("consumer")) {
            roles.put("consumer", consumer(exchange, load.consuming()));
        }
        return Future.succeededFuture(Answer.ok(new JsonObject()
                .put("node", node.name())
                .put("state", node.phase().name())
                .put("shard", node.shard())
                .put("stack", node.stack())
                .put("region", node.region())
                .put("node_roles", new JsonArray(node.roles()))
                .put("at", Times.text(load.atMicros()))
                .put("utilisation", utilisation(load))
                .put("roles", roles)));
    }

    private static JsonObject utilisation(NodeLoad load) {
        return new JsonObject()
                .put("highest", rounded(load.utilisation()))
                .put("cpu", rounded(load.machine().processor()))
                .put("network", rounded(load.machine().network()))
                .put("received_bytes_per_second", rounded(load.machine().receivedPerSecond()))
                .put("sent_bytes_per_second", rounded(load.machine().sentPerSecond()))
                .put("loop_lag_seconds", rounded(load.loopLagSeconds()));
    }

    private static JsonObject producer(NodeLoad.Producing producing) {
        return new JsonObject()
                .put("lag", producing.lag())
                .put("oldest_age_seconds", rounded(producing.oldestAgeSeconds()))
                .put("entries_per_second", rounded(producing.entriesPerSecond()));
    }

    private JsonObject consumer(Exchange exchange, NodeLoad.Consuming consuming) {
        JsonObject json = new JsonObject()
                .put("lag", consuming.lag())
                .put("oldest_age_seconds", rounded(consuming.oldestAgeSeconds()))
                .put("scheduled", consuming.scheduled())
                .put("stopped", consuming.stopped());
        return consuming.namespace().isEmpty() || !desk.shows(exchange, consuming.namespace())
                ? json.putNull("furthest_behind")
                : json.put(
                        "furthest_behind",
                        new JsonObject().put("namespace", consuming.namespace()).put("target", consuming.target()));
    }

    /** Null where it is not known. */
    private static @Nullable Double rounded(double value) {
        return value < 0 ? null : Math.round(value * 1_000) / 1_000.0;
    }
}

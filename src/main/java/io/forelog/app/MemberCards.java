package io.forelog.app;

import io.forelog.admin.NodeServices.ClusterNode;
import io.forelog.admin.NodeStatus;
import io.forelog.cluster.ClusterTransport;
import io.forelog.cluster.Member;
import io.forelog.config.NodeConfig;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What the members of the cluster told of themselves as they joined, read once a second: a hint, by which people see who is there and
 * on no list. Any thread.
 */
final class MemberCards {
    private static final long PERIOD_MILLIS = 1_000;

    private final Vertx vertx;
    private volatile List<JsonObject> cards = List.of();

    MemberCards(Vertx vertx) {
        this.vertx = vertx;
    }

    /** What this node tells the others of itself when it joins them, whether it can write to the database or not. */
    static JsonObject of(NodeConfig config) {
        return new JsonObject()
                .put("node", config.name())
                .put("host", config.advertisedHost())
                .put("version", JarVersion.version())
                .put("shard", config.shard())
                .put("stack", config.stack())
                .put("region", config.region())
                .put("roles", new JsonArray(List.copyOf(config.roles())));
    }

    void start() {
        vertx.setPeriodic(PERIOD_MILLIS, timer -> ClusterTransport.cards(vertx).onSuccess(read -> cards = read));
    }

    /** Those in the cluster that are not among {@code listed}. */
    List<ClusterNode> unlisted(List<Member> listed) {
        return cards.stream()
                .filter(card ->
                        listed.stream().noneMatch(member -> member.name().equals(card.getString("node"))))
                .map(MemberCards::shown)
                .toList();
    }

    /** In the cluster, and not in the database: it has not come so far yet, or its way leads to a standby. */
    private static ClusterNode shown(JsonObject card) {
        return new ClusterNode(
                new NodeStatus(
                        card.getString("node", ""),
                        card.getString("version", ""),
                        NodeStatus.Phase.STARTING,
                        List.of(),
                        card.getString("shard", ""),
                        card.getString("stack", ""),
                        card.getString("region", ""),
                        card.getJsonArray("roles", new JsonArray()).stream()
                                .map(String::valueOf)
                                .toList(),
                        0,
                        Map.of(),
                        Path.of("")),
                card.getString("host", ""),
                ClusterNode.Presence.UNLISTED,
                0,
                false,
                List.of());
    }
}

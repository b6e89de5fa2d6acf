package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.vertx.core.json.JsonObject;
import picocli.CommandLine.Command;

/** Asks one node for all of them. */
@Command(name = "status", description = "Every node: state, version, shard, region, namespaces.")
final class ClusterStatus extends NodeCommand {
    @Override
    int run(ManagementClient client, Console console) {
        JsonObject cluster = client.get("/admin/v1/cluster");
        if (console.json()) {
            console.print(cluster);
            return 0;
        }
        Table table = new Table("node", "state", "version", "shard", "stack", "region", "started", "namespaces");
        for (Object each : cluster.getJsonArray("nodes")) {
            JsonObject node = (JsonObject) each;
            table.row(
                    node.getString("name"),
                    node.getString("state"),
                    node.getString("version"),
                    node.getString("shard"),
                    node.getString("stack"),
                    node.getString("region"),
                    When.text(node.getString("started")),
                    node.getJsonArray("namespaces").size());
        }
        console.print(table, "no nodes");
        return 0;
    }
}

package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code forelog cluster …}: asks one node about all of them. */
final class ClusterCommands {
    private static final String CLUSTER = "/admin/v1/cluster";
    private static final Duration PAUSE = Duration.ofMillis(500);

    private ClusterCommands() {}

    /** Who is there? */
    @Command(name = "status", description = "Every node: state, version, shard, region, embedded namespaces.")
    static final class Status extends NodeCommand {
        @Override
        int run(ManagementClient client, Console console) {
            JsonObject cluster = client.get(CLUSTER);
            if (console.json()) {
                console.print(cluster);
                return 0;
            }
            Table table = new Table(
                    "node", "state", "version", "shard", "stack", "region", "roles", "started", "silent", "namespaces");
            for (JsonObject node : nodes(cluster)) {
                Double silent = node.getDouble("silent_seconds");
                table.row(
                        node.getString("name"),
                        node.getString("state") + (node.getBoolean("draining", false) ? ", to be drained" : ""),
                        node.getString("version"),
                        node.getString("shard"),
                        node.getString("stack"),
                        node.getString("region"),
                        NamespaceCommands.join(node.getJsonArray("roles")),
                        When.ago(node.getString("started")),
                        silent == null ? "" : silent + " s",
                        node.getJsonArray("namespaces").size());
            }
            console.print(table, "no nodes");
            return 0;
        }
    }

    /** Make it ready to go for good. */
    @Command(
            name = "drain",
            description =
                    "Has other nodes take over the embedded namespaces of a node, and the node deliver what it has of them.",
            footer = {"", "Example:", "  forelog cluster drain node-3 --wait", "  forelog cluster drain node-3 --undo"})
    static final class Drain extends NodeCommand {
        @Parameters(paramLabel = "NODE", description = "Its name, as cluster status shows it.")
        private String name = "";

        @Option(names = "--undo", description = "It may have embedded namespaces again, and keeps those nobody took.")
        private boolean undo;

        @Option(names = "--wait", description = "Ends when nothing is left on the node.")
        private boolean wait;

        @Override
        int run(ManagementClient client, Console console) {
            JsonObject answer = client.post(
                    CLUSTER + "/nodes/" + ManagementClient.encode(name) + (undo ? ":undrain" : ":drain"),
                    new JsonObject());
            if (undo || !wait) {
                console.print(answer);
                return 0;
            }
            try (Progress progress = console.progress("namespaces given away")) {
                int first = left(client);
                for (int left = first; left > 0; left = left(client)) {
                    progress.show(first - left, first, "");
                    pause();
                }
            }
            console.print(answer.put("namespaces", 0));
            return 0;
        }

        private int left(ManagementClient client) {
            return nodes(client.get(CLUSTER)).stream()
                    .filter(node -> node.getString("name").equals(name))
                    .mapToInt(node ->
                            node.getJsonArray("namespaces", new JsonArray()).size())
                    .sum();
        }

        private static void pause() {
            try {
                Thread.sleep(PAUSE.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new WalException(ErrorCode.UNAVAILABLE, "interrupted", e);
            }
        }
    }

    /** It will not come back. */
    @Command(
            name = "forget",
            description = {
                "Takes a node that is lost for good from the list. Queues that drain and namespaces that end wait for every node",
                "on it, since one that is only cut off may still take writes."
            },
            footer = {"", "Example:", "  forelog cluster forget node-3", "  forelog cluster forget node-3 --lost-data"})
    static final class Forget extends NodeCommand {
        @Parameters(paramLabel = "NODE", description = "Its name, as cluster status shows it.")
        private String name = "";

        @Option(
                names = "--lost-data",
                description =
                        "Its disk is lost, and what lay on it: its embedded namespaces can be removed, or made anew.")
        private boolean lostData;

        @Override
        int run(ManagementClient client, Console console) {
            console.print(client.delete(
                    CLUSTER + "/nodes/" + ManagementClient.encode(name) + (lostData ? "?lost_data=true" : "")));
            return 0;
        }
    }

    private static List<JsonObject> nodes(JsonObject cluster) {
        return cluster.getJsonArray("nodes").stream()
                .map(JsonObject.class::cast)
                .toList();
    }
}

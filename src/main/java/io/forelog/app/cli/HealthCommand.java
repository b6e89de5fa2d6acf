package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Asks whether the node is ready; a container's health check. */
@Command(name = "health", description = "Whether the node is ready: 0 = yes (degraded too), 1 = no, or nobody listens.")
final class HealthCommand extends NodeCommand {
    @Option(names = "--live", description = "Only whether it lives.")
    private boolean live;

    @Override
    int run(ManagementClient client, Console console) {
        ManagementClient.Reply reply = client.send("GET", live ? "/health/live" : "/health/ready", "", "");
        JsonObject health = reply.json();
        if (console.json()) {
            console.print(health);
        } else {
            console.print(health.getString("status", "HTTP " + reply.status()));
            health.getJsonArray("reasons", new JsonArray()).forEach(reason -> console.print("  " + reason));
        }
        return reply.status() == 200 ? 0 : 1;
    }
}

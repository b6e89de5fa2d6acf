package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.vertx.core.json.JsonObject;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code forelog pump …}. Each is one request. */
final class PumpCommands {
    private PumpCommands() {}

    /** What are they doing? */
    @Command(name = "status", description = "What the deliveries of a namespace are doing, target by target.")
    static final class Status extends NamespaceCommand {
        @Override
        int run(ManagementClient client, Console console) {
            return show(client.get(path("/pumps")), console);
        }
    }

    /** Stop them. */
    @Command(
            name = "pause",
            description = "Stops deliveries to one target or all; writes go on. Outlives a restart.",
            footer = {"", "Example:", "  forelog pump pause -n orders --target hook"})
    static final class Pause extends Hold {
        @Override
        int run(ManagementClient client, Console console) {
            return hold(client, console, ":pause");
        }
    }

    /** Let them go. */
    @Command(name = "resume", description = "Lets deliveries go on, also after a storm of rejections stopped them.")
    static final class Resume extends Hold {
        @Override
        int run(ManagementClient client, Console console) {
            return hold(client, console, ":resume");
        }
    }

    /** What both have in common. */
    @Command
    abstract static class Hold extends NamespaceCommand {
        @Option(names = "--target", paramLabel = "NAME", description = "Only this target (default: all).")
        private String target = "";

        int hold(ManagementClient client, Console console, String verb) {
            JsonObject asked = target.isEmpty() ? new JsonObject() : new JsonObject().put("target", target);
            return show(client.post(path(verb), asked), console);
        }
    }

    private static int show(JsonObject status, Console console) {
        if (console.json()) {
            console.print(status);
            return 0;
        }
        Table table = new Table(
                "target",
                "state",
                "since",
                "ready",
                "scheduled",
                "in flight",
                "parked",
                "dead",
                "oldest due",
                "reason");
        for (Object each : status.getJsonArray("pumps")) {
            JsonObject pump = (JsonObject) each;
            table.row(
                    pump.getString("target"),
                    pump.getString("state"),
                    When.ago(pump.getString("since")),
                    pump.getLong("ready"),
                    pump.getLong("scheduled"),
                    pump.getLong("in_flight"),
                    pump.getLong("parked"),
                    pump.getLong("dead"),
                    When.ago(pump.getString("oldest_due")),
                    pump.getString("reason"));
        }
        console.print(table, "no pumps");
        return 0;
    }
}

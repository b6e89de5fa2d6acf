package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Asks for the books of one namespace or all. */
@Command(
        name = "audit",
        description = {
            "The books: accepted + moved in = delivered + pending + dead + expired + cancelled + moved out + lost, target by target.",
            "Exit code 1 where they do not balance."
        })
final class AuditCommand extends NodeCommand {
    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NAME",
            description = "One namespace (default: all).")
    private @Nullable String namespace;

    @Override
    int run(ManagementClient client, Console console) {
        Table table = new Table(
                "namespace",
                "target",
                "accepted",
                "delivered",
                "pending",
                "dead",
                "expired",
                "cancelled",
                "moved in",
                "moved out",
                "lost",
                "balanced");
        boolean balanced = true;
        JsonArray all = new JsonArray();
        for (String name : names(client)) {
            JsonObject audit = client.get(ManagementClient.namespace(name, "/audit"));
            balanced &= audit.getBoolean("balanced");
            if (console.json()) {
                all.add(audit);
                continue;
            }
            if (audit.getLong("age_seconds", 0L) > 0) {
                console.note(name + ": counted " + audit.getLong("age_seconds") + " s ago ("
                        + When.text(audit.getString("counted_at"))
                        + "); a large queue is not counted at every question");
            }
            for (Object target : audit.getJsonArray("targets")) {
                row(table, name, ((JsonObject) target).getString("target"), (JsonObject) target);
            }
            if (audit.getJsonArray("targets").size() != 1) {
                row(table, name, "(all)", audit);
            }
        }
        if (!console.json()) {
            console.print(table.withoutZeros("expired", "cancelled", "moved in", "moved out"), "no namespaces");
        } else if (namespace != null) {
            console.print(all.getJsonObject(0));
        } else {
            console.print(new JsonObject().put("balanced", balanced).put("namespaces", all));
        }
        return balanced ? 0 : 1;
    }

    private List<String> names(ManagementClient client) {
        if (namespace != null) {
            return List.of(namespace);
        }
        List<String> names = new ArrayList<>();
        for (Object each : client.get("/admin/v1/namespaces").getJsonArray("namespaces")) {
            JsonObject state = (JsonObject) each;
            if (state.getLong("applied_revision", 0L) > 0) {
                names.add(state.getString("name"));
            }
        }
        return names;
    }

    private static void row(Table table, String namespace, String target, JsonObject books) {
        table.row(
                namespace,
                target,
                books.getLong("accepted"),
                books.getLong("delivered"),
                books.getLong("pending"),
                books.getLong("dead"),
                books.getLong("expired"),
                books.getLong("cancelled"),
                books.getLong("moved_in", 0L),
                books.getLong("moved_out", 0L),
                books.getLong("lost"),
                books.getBoolean("balanced") ? "yes" : "NO");
    }
}

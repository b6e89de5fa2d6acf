package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code forelog namespace …}, but for what reads files. Each is one request. */
final class NamespaceCommands {
    private NamespaceCommands() {}

    /** All of them. */
    @Command(name = "list", description = "Every namespace, its state and its revisions.")
    static final class ListAll extends NodeCommand {
        @Override
        int run(ManagementClient client, Console console) {
            JsonObject all = client.get("/admin/v1/namespaces");
            if (console.json()) {
                console.print(all);
                return 0;
            }
            Table table = new Table("namespace", "state", "desired", "applied", "targets", "problems");
            for (Object each : all.getJsonArray("namespaces")) {
                JsonObject namespace = (JsonObject) each;
                table.row(
                        namespace.getString("name"),
                        namespace.getString("state"),
                        namespace.getLong("desired_revision"),
                        namespace.getLong("applied_revision"),
                        join(namespace.getJsonArray("targets")),
                        join(namespace.getJsonArray("problems")));
            }
            console.print(table, "no namespaces (add one: forelog namespace apply FILE)");
            return 0;
        }
    }

    /** One, whole. */
    @Command(name = "get", description = "One namespace: its state and its document.")
    static final class Get extends NodeCommand {
        @Parameters(paramLabel = "NAME", description = "The namespace.")
        private String name = "";

        @Override
        int run(ManagementClient client, Console console) {
            JsonObject namespace = client.get(ManagementClient.namespace(name, ""));
            if (console.json()) {
                console.print(namespace);
                return 0;
            }
            console.note(
                    name + ": " + namespace.getString("state") + ", revision " + namespace.getLong("desired_revision")
                            + " desired, " + namespace.getLong("applied_revision") + " applied");
            namespace.getJsonArray("problems").forEach(problem -> console.note("problem: " + problem));
            warnings(namespace, console);
            console.print(Documents.yaml(namespace.getJsonObject("document", new JsonObject())));
            return 0;
        }
    }

    /** Its past. */
    @Command(name = "history", description = "The revisions of a namespace's document, newest first.")
    static final class History extends NodeCommand {
        @Parameters(paramLabel = "NAME", description = "The namespace.")
        private String name = "";

        @Option(names = "--limit", paramLabel = "N", description = "At most so many (default: ${DEFAULT-VALUE}).")
        private int limit = 20;

        @Override
        int run(ManagementClient client, Console console) {
            JsonObject history = client.get(ManagementClient.namespace(name, "/history?limit=" + limit));
            if (console.json()) {
                console.print(history);
                return 0;
            }
            Table table = new Table("revision", "at", "by", "action", "comment");
            for (Object each : history.getJsonArray("revisions")) {
                JsonObject revision = (JsonObject) each;
                table.row(
                        revision.getLong("revision"),
                        When.text(revision.getString("at")),
                        revision.getString("principal"),
                        revision.getString("action"),
                        revision.getString("comment"));
            }
            console.print(table, "no revisions");
            return 0;
        }
    }

    /** Back to a revision. */
    @Command(
            name = "rollback",
            description = "Makes an earlier document the desired one again, under a new revision.",
            footer = {"", "Example:", "  forelog namespace rollback orders --to 3 --dry-run"})
    static final class Rollback extends NodeCommand {
        @Parameters(paramLabel = "NAME", description = "The namespace.")
        private String name = "";

        @Option(names = "--to", required = true, paramLabel = "REVISION", description = "As history lists them.")
        private long to;

        @Option(names = "--dry-run", description = "Only say what would change.")
        private boolean dryRun;

        @Mixin
        private CommentOption comment = new CommentOption();

        @Override
        int run(ManagementClient client, Console console) {
            JsonObject change = client.post(
                    ManagementClient.namespace(name, ":rollback?dry_run=" + dryRun + comment.query()),
                    new JsonObject().put("to", to));
            return changed(name, change, console);
        }
    }

    /** Retire one. */
    @Command(
            name = "delete",
            description = "Retires a namespace: writes are refused, what is queued is delivered, then it goes.")
    static final class Delete extends NodeCommand {
        @Parameters(paramLabel = "NAME", description = "The namespace.")
        private String name = "";

        @Option(names = "--dry-run", description = "Only say what would change.")
        private boolean dryRun;

        @Option(
                names = "--discard",
                description =
                        "Deliver nothing more: what is queued counts as cancelled and is deleted, dead letters too.")
        private boolean discard;

        @Mixin
        private CommentOption comment = new CommentOption();

        @Override
        int run(ManagementClient client, Console console) {
            String how = "?dry_run=" + dryRun + "&discard=" + discard;
            return changed(name, client.delete(ManagementClient.namespace(name, how + comment.query())), console);
        }
    }

    /** Tells what a change did. */
    static int changed(String name, JsonObject change, Console console) {
        if (console.json()) {
            console.print(change);
            return 0;
        }
        boolean dryRun = change.getBoolean("dry_run", false);
        Long revision = change.getLong("desired_revision");
        console.print(name + ": " + (dryRun ? "valid, nothing was changed" : "done")
                + (dryRun || revision == null ? "" : ", revision " + revision));
        JsonArray steps = change.getJsonArray("steps", new JsonArray());
        steps.forEach(step -> console.print((dryRun ? "  would " : "  ") + step));
        warnings(change, console);
        return 0;
    }

    private static void warnings(JsonObject told, Console console) {
        told.getJsonArray("warnings", new JsonArray()).forEach(warning -> console.note("warning: " + warning));
    }

    static String join(@Nullable JsonArray list) {
        return list == null
                ? ""
                : String.join(", ", list.stream().map(String::valueOf).toList());
    }
}

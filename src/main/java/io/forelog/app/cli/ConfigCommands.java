package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.forelog.client.Problem;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code forelog config import|export}: all documents at once, between a directory and the store that the node uses. */
final class ConfigCommands {
    private ConfigCommands() {}

    private static void told(Console console, String text, String field, String value) {
        if (console.json()) {
            console.print(new JsonObject().put(field, value));
        } else {
            console.print(text);
        }
    }

    /** A directory into the store. */
    @Command(
            name = "import",
            description = {
                "Brings a directory of documents into the store that the node uses, such as a new PostgreSQL.",
                "Looks at all of them first: where one is refused, none is stored. What is there already and the",
                "same is left alone; what the directory does not have stays."
            },
            footer = {"", "Example:", "  forelog config import conf/namespaces --comment 'moved to PostgreSQL'"})
    static final class Import extends NodeCommand {
        @Parameters(paramLabel = "DIR", description = "Of *.yaml, *.yml, *.json.")
        private Path directory = Path.of("");

        @Option(names = "--dry-run", description = "Only say what would change.")
        private boolean dryRun;

        @Mixin
        private CommentOption comment = new CommentOption();

        @Override
        int run(ManagementClient client, Console console) {
            List<Documents.Document> documents = Documents.readAll(directory);
            int refused = 0;
            for (Documents.Document document : documents) {
                try {
                    client.putDocument(path(document, "?dry_run=true"), document.text());
                } catch (Problem problem) {
                    refused++;
                    console.note("forelog: " + document.name() + ": refused");
                    problem.problems().forEach(text -> console.note("  " + text));
                }
            }
            if (refused > 0) {
                console.note("forelog: " + refused + " of " + documents.size() + " refused, nothing was stored");
                return 1;
            }
            console.gather();
            for (Documents.Document document : documents) {
                if (same(client, document)) {
                    told(console, document.name() + ": the same, left alone", "name", document.name());
                } else {
                    JsonObject change =
                            client.putDocument(path(document, "?dry_run=" + dryRun + comment.query()), document.text());
                    NamespaceCommands.changed(document.name(), change, console);
                }
            }
            console.end("documents");
            return 0;
        }

        private static String path(Documents.Document document, String rest) {
            return ManagementClient.namespace(document.name(), rest);
        }

        /** Secrets are references: what is shown is what is stored. */
        private static boolean same(ManagementClient client, Documents.Document document) {
            JsonObject before = Documents.current(client, document.name());
            JsonObject after = document.content().copy();
            before.remove("namespace");
            after.remove("namespace");
            return !before.isEmpty() && Documents.diff(before, after).isEmpty();
        }
    }

    /** The store into a directory. */
    @Command(
            name = "export",
            description = "Writes the desired documents of all namespaces into a directory, a YAML file each.")
    static final class Export extends NodeCommand {
        @Parameters(paramLabel = "DIR", description = "Made where it is missing; a file that is there is not touched.")
        private Path directory = Path.of("");

        @Override
        int run(ManagementClient client, Console console) {
            int kept = 0;
            console.gather();
            for (Object each : client.get("/admin/v1/namespaces").getJsonArray("namespaces")) {
                String name = ((JsonObject) each).getString("name");
                JsonObject document = Documents.current(client, name);
                Path file = directory.resolve(name + ".yaml");
                if (document.isEmpty()) {
                    continue;
                }
                if (Files.exists(file)) {
                    kept++;
                    console.note("forelog: " + file + " exists, left alone");
                    continue;
                }
                try {
                    Files.createDirectories(directory);
                    Files.writeString(file, Documents.yaml(document) + "\n");
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                told(console, file.toString(), "file", file.toString());
            }
            console.end("documents");
            return kept == 0 ? 0 : 1;
        }
    }
}

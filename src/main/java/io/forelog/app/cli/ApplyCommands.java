package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.forelog.client.Problem;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code forelog namespace apply|validate|diff}: documents in files, a request each. */
final class ApplyCommands {
    private ApplyCommands() {}

    /** What they have in common: files, and going on after a bad one. */
    @Command
    abstract static class OfFiles extends NodeCommand {
        @Parameters(
                arity = "1..*",
                paramLabel = "FILE",
                description = "Documents (YAML or JSON), or directories of them.")
        private List<Path> files = List.of();

        @Option(
                names = {"-n", "--namespace"},
                paramLabel = "NAME",
                description = "The namespace (default: the one in the document, else the file's name).")
        private @Nullable String name;

        @Override
        int run(ManagementClient client, Console console) {
            int failed = 0;
            boolean several = files.size() > 1 || Files.isDirectory(files.get(0));
            if (several) {
                console.gather();
            }
            for (Path file : files) {
                for (Documents.Document document : Documents.readAll(file)) {
                    String namespace = name == null ? document.name() : name;
                    try {
                        failed += one(client, console, namespace, document);
                    } catch (Problem problem) {
                        failed++;
                        console.note("forelog: " + namespace + " (" + file + "): refused, nothing was changed");
                        problem.problems().forEach(text -> console.note("  " + text));
                        refused(console, namespace, problem);
                    }
                }
            }
            console.end("documents");
            return failed == 0 ? 0 : 1;
        }

        private static void refused(Console console, String namespace, Problem problem) {
            if (console.json()) {
                console.print(new JsonObject()
                        .put("name", namespace)
                        .put("valid", false)
                        .put("problems", new JsonArray(problem.problems())));
            }
        }

        abstract int one(ManagementClient client, Console console, String namespace, Documents.Document document);
    }

    /** Make it so. */
    @Command(
            name = "apply",
            description = "Validates documents and makes them the desired ones.",
            footer = {
                "",
                "Examples:",
                "  forelog namespace apply orders.yaml",
                "  forelog namespace apply --dry-run conf/namespaces",
                "  forelog namespace apply --revision 3 orders.yaml   # only over revision 3"
            })
    static final class Apply extends OfFiles {
        @Option(names = "--dry-run", description = "Only say what would change.")
        private boolean dryRun;

        @Option(
                names = "--revision",
                paramLabel = "N",
                description = "Refuse unless this is the desired revision; 0 = none.")
        private @Nullable Long revision;

        @Mixin
        private CommentOption comment = new CommentOption();

        @Override
        int one(ManagementClient client, Console console, String namespace, Documents.Document document) {
            String query = "?dry_run=" + dryRun + (revision == null ? "" : "&revision=" + revision) + comment.query();
            JsonObject change = client.putDocument(ManagementClient.namespace(namespace, query), document.text());
            return NamespaceCommands.changed(namespace, change, console);
        }
    }

    /** Would it be taken? */
    @Command(name = "validate", description = "Asks the node whether it would take the documents; changes nothing.")
    static final class Validate extends OfFiles {
        @Override
        int one(ManagementClient client, Console console, String namespace, Documents.Document document) {
            JsonObject change =
                    client.putDocument(ManagementClient.namespace(namespace, "?dry_run=true"), document.text());
            return NamespaceCommands.changed(namespace, change, console);
        }
    }

    /** What is different? */
    @Command(
            name = "diff",
            description = {
                "Compares documents with the desired ones on the node: + added, - removed, ~ changed.",
                "Secrets are hidden on the node and show as changed."
            })
    static final class Diff extends OfFiles {
        @Override
        int one(ManagementClient client, Console console, String namespace, Documents.Document document) {
            JsonObject before = Documents.current(client, namespace);
            JsonObject after = document.content().copy();
            before.remove("namespace");
            after.remove("namespace");
            List<String> lines = Documents.diff(before, after);
            if (console.json()) {
                console.print(new JsonObject().put("namespace", namespace).put("changes", lines));
            } else {
                console.print(namespace + ": " + (lines.isEmpty() ? "no difference" : lines.size() + " differences"));
                lines.forEach(console::print);
            }
            return 0;
        }
    }
}

package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** {@code forelog dlq …}. A list is one request; redrive and purge start a job and wait for it. */
final class DlqCommands {
    private DlqCommands() {}

    /** What is there? */
    @Command(
            name = "list",
            description = "Dead letters, oldest first.",
            footer = {
                "",
                "Examples:",
                "  forelog dlq list -n orders --target hook --code TARGET_REJECTED",
                "  forelog dlq list --limit 500 -o json"
            })
    static final class ListAll extends NamespaceCommand {
        @Option(names = "--limit", paramLabel = "N", description = "At most so many (default: ${DEFAULT-VALUE}).")
        private int limit = 50;

        @Option(names = "--after", paramLabel = "CURSOR", description = "Go on behind the last list.")
        private String after = "";

        @Option(names = "--target", paramLabel = "NAME", description = "Of this target.")
        private String target = "";

        @Option(names = "--code", paramLabel = "CODE", description = "That died of this.")
        private String code = "";

        @Option(names = "--text", paramLabel = "PART", description = "Whose last error contains this.")
        private String text = "";

        @Option(names = "--key", paramLabel = "KEY", description = "Of this key.")
        private String key = "";

        @Option(names = "--key-prefix", paramLabel = "PREFIX", description = "Whose key begins so.")
        private String keyPrefix = "";

        @Option(names = "--older-than", paramLabel = "TIME", description = "Dead for longer: PT1H, or a time.")
        private String olderThan = "";

        @Option(names = "--newer-than", paramLabel = "TIME", description = "Dead for less: PT1H, or a time.")
        private String newerThan = "";

        @Override
        int run(ManagementClient client, Console console) {
            JsonObject page = client.get(path("/dead-letters?limit=" + limit + query("after", after)
                    + query("target", target) + query("code", code) + query("text", text) + query("key", key)
                    + query("key_prefix", keyPrefix) + query("older_than", olderThan)
                    + query("newer_than", newerThan)));
            if (console.json()) {
                console.print(page);
                return 0;
            }
            Table table = new Table("id", "target", "code", "attempts", "died", "key", "text");
            for (Object each : page.getJsonArray("dead_letters")) {
                JsonObject letter = (JsonObject) each;
                table.row(
                        letter.getString("id"),
                        letter.getString("target"),
                        letter.getString("code"),
                        letter.getInteger("attempts"),
                        When.ago(letter.getString("died")),
                        letter.getString("key", letter.getString("key_base64")),
                        letter.getString("text"));
            }
            console.print(table, "no dead letters in " + namespace());
            if (page.getString("next") != null && !table.isEmpty()) {
                console.note("there are more: --after " + page.getString("next"));
            }
            return 0;
        }

        private static String query(String name, String value) {
            return value.isEmpty() ? "" : "&" + name + "=" + ManagementClient.encode(value);
        }
    }

    /** What happened to it? */
    @Command(name = "show", description = "One dead letter: why, when, what was tried.")
    static final class Show extends NamespaceCommand {
        @Parameters(paramLabel = "ID", description = "The dead letter's id.")
        private String id = "";

        @Option(names = "--payload", description = "Show the payload's first bytes, where you may read it.")
        private boolean payload;

        @Override
        int run(ManagementClient client, Console console) {
            JsonObject letter =
                    client.get(path("/dead-letters/" + ManagementClient.encode(id) + "?payload=" + payload));
            if (console.json()) {
                console.print(letter);
                return 0;
            }
            console.print("dead       " + letter.getString("id"));
            console.print("entry      " + letter.getString("entry_id"));
            console.print("target     " + letter.getString("target"));
            console.print("died       " + When.text(letter.getString("died")));
            console.print("cause      " + letter.getString("code") + ": " + letter.getString("text"));
            console.print("attempts   " + letter.getInteger("attempts") + ", redriven " + letter.getInteger("redrives")
                    + " times");
            JsonObject first = letter.getJsonObject("first_failure");
            if (first != null) {
                console.print("first      " + When.text(first.getString("at")) + " " + first.getString("code") + ": "
                        + first.getString("text"));
            }
            EntryCommands.details(letter.getJsonObject("entry"), console);
            return 0;
        }
    }

    /** What redrive and purge have in common. */
    @Command
    abstract static class Work extends NamespaceCommand {
        @Mixin
        private FilterOptions filter = new FilterOptions();

        @Option(names = "--limit", paramLabel = "N", description = "At most so many.")
        private @Nullable Long limit;

        @Option(names = "--rate", paramLabel = "RATE", description = "100/s, 30/m or max (default: 1000/s).")
        private @Nullable String rate;

        @Option(names = "--dry-run", description = "Only count, and show the first 20.")
        private boolean dryRun;

        @Option(names = "--no-wait", description = "Don't wait for the job to end.")
        private boolean noWait;

        JsonObject asked() {
            JsonObject asked = new JsonObject().put("filter", filter.toJson()).put("dry_run", dryRun);
            if (limit != null) {
                asked.put("limit", limit);
            }
            return rate == null ? asked : asked.put("rate", rate);
        }

        boolean dryRun() {
            return dryRun;
        }

        int start(ManagementClient client, Console console, String verb, JsonObject asked) {
            JsonObject job = client.post(path("/dead-letters:" + verb), asked);
            return JobCommands.follow(client, console, job, !noWait, limit == null ? 0 : limit);
        }
    }

    /** Try again. */
    @Command(
            name = "redrive",
            description = "Delivers dead letters again, at a pace; attempts begin anew.",
            footer = {
                "",
                "Examples:",
                "  forelog dlq redrive -n orders --code MAX_ATTEMPTS --dry-run",
                "  forelog dlq redrive -n orders --target hook --first 1 --rate 50/s"
            })
    static final class Redrive extends Work {
        @Option(
                names = "--first",
                paramLabel = "N",
                description = "So many first; the rest only when all of them were delivered.")
        private int first;

        @Option(
                names = "--first-timeout",
                paramLabel = "DURATION",
                description = "How long the first may take (default: ${DEFAULT-VALUE}).")
        private String firstTimeout = "PT30S";

        @Override
        int run(ManagementClient client, Console console) {
            JsonObject asked = asked();
            if (first > 0) {
                asked.put("first", first).put("first_timeout", firstTimeout);
            }
            return start(client, console, "redrive", asked);
        }
    }

    /** Give up on them. */
    @Command(
            name = "purge",
            description = "Deletes dead letters for good; they stay counted as dead.",
            footer = {"", "Example:", "  forelog dlq purge -n orders --older-than P7D"})
    static final class Purge extends Work {
        @Option(names = "--all", description = "Every dead letter of the namespace.")
        private boolean all;

        @Override
        int run(ManagementClient client, Console console) {
            JsonObject asked = asked();
            if (asked.getJsonObject("filter").isEmpty() && !all && !dryRun()) {
                throw new ParameterException(spec().commandLine(), "a filter or --all is expected");
            }
            return start(client, console, "purge", asked.put("all", all));
        }
    }
}

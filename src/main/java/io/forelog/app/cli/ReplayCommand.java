package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Starts a replay and waits for it. */
@Command(
        name = "replay",
        description = {
            "Delivers a range of the log again, leaving out what you name.",
            "Look first with --dry-run: it counts, and shows the first 20."
        },
        footer = {
            "",
            "Examples:",
            "  forelog replay -n orders --from PT1H --dry-run",
            "  forelog replay -n orders --from 2026-11-03T10:00:00Z \\",
            "      --to 2026-11-03T11:00:00Z \\",
            "      --target search --rate 200/s --omit 0198c2a4-7a10-7001-8000-1c2d3e4f5a6b",
            "  forelog replay -n orders --from P1D --target cache --touch P7D",
            "  forelog replay -n orders --from PT1H \\",
            "      --omit-filter '{\"payload_contains\": \"DROP\"}'"
        })
final class ReplayCommand extends NamespaceCommand {
    @Option(
            names = "--from",
            required = true,
            paramLabel = "TIME",
            description = "Accepted since: a time, or PT1H for an hour ago.")
    private String from = "";

    @Option(names = "--to", paramLabel = "TIME", description = "Accepted before (default: now).")
    private @Nullable String to;

    @Option(names = "--key", paramLabel = "KEY", description = "Only this key; repeatable.")
    private List<String> keys = List.of();

    @Option(
            names = "--target",
            paramLabel = "NAME",
            description =
                    "Only to this target, also what was not written for it (default: to those it was written for).")
    private @Nullable String target;

    @Option(names = "--filter", paramLabel = "JSON", description = "Only what matches; see docs/operations.md.")
    private @Nullable String filter;

    @Option(names = "--omit", paramLabel = "ID", description = "Leave out this entry; repeatable.")
    private List<String> omit = List.of();

    @Option(names = "--omit-filter", paramLabel = "JSON", description = "Leave out what matches.")
    private @Nullable String omitFilter;

    @Option(
            names = "--touch",
            paramLabel = "TIME",
            description =
                    "Touch the items at --target instead of writing them: they end then (a time, or P7D from now).")
    private @Nullable String touch;

    @Option(names = "--limit", paramLabel = "N", description = "At most so many.")
    private @Nullable Long limit;

    @Option(names = "--rate", paramLabel = "RATE", description = "100/s, 30/m or max (default: 1000/s).")
    private @Nullable String rate;

    @Option(names = "--dry-run", description = "Only count, and show the first 20.")
    private boolean dryRun;

    @Option(names = "--no-wait", description = "Don't wait for the job to end.")
    private boolean noWait;

    @Override
    int run(ManagementClient client, Console console) {
        JsonObject job = client.post(path(":replay"), asked());
        return JobCommands.follow(client, console, job, !noWait, limit == null ? 0 : limit);
    }

    private JsonObject asked() {
        if (!omit.isEmpty() && omitFilter != null) {
            throw new ParameterException(spec().commandLine(), "--omit or --omit-filter, not both");
        }
        JsonObject asked = new JsonObject().put("from", from).put("dry_run", dryRun);
        put(asked, "to", to);
        put(asked, "target", target);
        put(asked, "rate", rate);
        put(asked, "touch", touch);
        put(asked, "limit", limit);
        if (!keys.isEmpty()) {
            asked.put("key", new JsonArray(keys));
        }
        if (filter != null) {
            asked.put("filter", FilterOptions.parse(spec(), "--filter", filter));
        }
        if (!omit.isEmpty()) {
            asked.put("omit", new JsonArray(omit));
        } else if (omitFilter != null) {
            asked.put("omit", FilterOptions.parse(spec(), "--omit-filter", omitFilter));
        }
        return asked;
    }

    private static void put(JsonObject asked, String name, @Nullable Object value) {
        if (value != null) {
            asked.put(name, value);
        }
    }
}

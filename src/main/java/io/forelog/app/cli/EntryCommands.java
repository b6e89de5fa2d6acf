package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** {@code forelog entry …}. Each is one request. */
final class EntryCommands {
    private EntryCommands() {}

    /** Where is it? */
    @Command(
            name = "get",
            description = "One entry: stored, due, attempts with times and errors, outcome.",
            footer = {
                "",
                "Examples:",
                "  forelog entry get 0198c2a4-7a10-7001-8000-1c2d3e4f5a6b",
                "  forelog entry get -n orders --token order-17"
            })
    static final class Get extends NamespaceCommand {
        @Parameters(arity = "0..1", paramLabel = "ID", description = "The entry's id.")
        private @Nullable String id;

        @Option(names = "--token", paramLabel = "TOKEN", description = "Its idempotency token, instead of the id.")
        private @Nullable String token;

        @Option(names = "--payload", description = "Show the payload's first bytes, where you may read it.")
        private boolean payload;

        @Override
        int run(ManagementClient client, Console console) {
            JsonObject entry = find(client);
            if (console.json()) {
                console.print(entry);
            } else {
                show(entry, console);
            }
            return 0;
        }

        private JsonObject find(ManagementClient client) {
            if ((id == null) == (token == null)) {
                throw new ParameterException(spec().commandLine(), "an id or --token is expected");
            }
            if (id != null) {
                return client.get(path("/entries/" + ManagementClient.encode(id) + "?payload=" + payload));
            }
            JsonArray found = client.get(path(
                            "/entries?token=" + ManagementClient.encode(String.valueOf(token)) + "&payload=" + payload))
                    .getJsonArray("entries");
            if (found.isEmpty()) {
                throw new WalException(ErrorCode.NOT_FOUND, "no entry with token '" + token + "' in " + namespace());
            }
            return found.getJsonObject(0);
        }
    }

    static void show(JsonObject entry, Console console) {
        console.print("entry      " + entry.getString("entry_id"));
        console.print("state      " + entry.getString("state"));
        console.print("receipt    " + entry.getString("receipt"));
        details(entry, console);
        completion(
                entry.getJsonObject("completion"), entry.getJsonArray("targets").size(), console);
        for (Object each : entry.getJsonArray("targets")) {
            JsonObject target = (JsonObject) each;
            console.print("");
            console.print("target     " + target.getString("target") + ": " + target.getString("state") + ", "
                    + attempts(target.getInteger("attempts")));
            console.print("  due      " + When.text(target.getString("due")));
            if (target.getString("ended") != null) {
                console.print("  ended    " + When.text(target.getString("ended")));
            }
            if (target.getString("dead_letter_id") != null) {
                console.print("  dead     " + target.getString("dead_letter_id") + " (forelog dlq show)");
            }
            failures(target.getJsonArray("failures"), console);
        }
    }

    /** Nothing to tell where there is one target. */
    private static void completion(JsonObject completion, int targets, Console console) {
        if (targets > 1) {
            console.print("completion " + completion.getString("state") + ", "
                    + completion.getInteger("delivered") + " of " + targets + " targets delivered ("
                    + completion.getString("policy") + ": " + completion.getInteger("needed") + " needed)");
        }
    }

    private static String attempts(int number) {
        return number == 1 ? "1 attempt" : number + " attempts";
    }

    /** What an entry and the entry in a dead letter have in common. */
    static void details(JsonObject entry, Console console) {
        console.print("accepted   " + When.text(entry.getString("accepted")));
        console.print("due        " + When.text(entry.getString("due")));
        if (entry.getString("expires") != null) {
            console.print("expires    " + When.text(entry.getString("expires")));
        }
        String key = entry.getString("key", entry.getString("key_base64", ""));
        console.print("key        " + (key.isEmpty() ? "-" : key));
        console.print("operation  " + entry.getString("operation") + ", " + entry.getString("priority"));
        if (!entry.getJsonObject("headers", new JsonObject()).isEmpty()) {
            console.print("headers    " + entry.getJsonObject("headers").encode());
        }
        if (!entry.getJsonObject("attributes", new JsonObject()).isEmpty()) {
            console.print("attributes " + entry.getJsonObject("attributes").encode());
        }
        String payload = entry.getString("payload_text", entry.getString("payload"));
        console.print("payload    " + entry.getInteger("payload_bytes") + " bytes"
                + (payload == null ? "" : ": " + payload)
                + (entry.getBoolean("payload_truncated", false) ? "…" : ""));
    }

    static void failures(JsonArray failures, Console console) {
        Table table = new Table("failed at", "code", "text");
        for (Object each : failures) {
            JsonObject failure = (JsonObject) each;
            table.row(When.text(failure.getString("at")), failure.getString("code"), failure.getString("text"));
        }
        if (!table.isEmpty()) {
            console.print(table.render().indent(2).stripTrailing());
        }
    }

    /** Don't deliver it. */
    @Command(name = "cancel", description = "Cancels an entry that still waits; 1 where it is too late.")
    static final class Cancel extends NamespaceCommand {
        @Parameters(paramLabel = "ID", description = "The entry's id.")
        private String id = "";

        @Override
        int run(ManagementClient client, Console console) {
            return changed(client.delete(path("/entries/" + ManagementClient.encode(id))), console, "cancelled");
        }
    }

    /** Deliver it at another time. */
    @Command(
            name = "reschedule",
            description = "Gives an entry that still waits another due time; 1 where it is too late.",
            footer = {
                "",
                "Example:",
                "  forelog entry reschedule --delay PT10M \\",
                "      0198c2a4-7a10-7001-8000-1c2d3e4f5a6b"
            })
    static final class Reschedule extends NamespaceCommand {
        @Parameters(paramLabel = "ID", description = "The entry's id.")
        private String id = "";

        @Option(names = "--delay", paramLabel = "DURATION", description = "From now, e.g. PT10M.")
        private @Nullable Duration delay;

        @Option(names = "--due", paramLabel = "TIME", description = "A time, e.g. 2026-11-03T10:00:00Z.")
        private @Nullable String due;

        @Override
        int run(ManagementClient client, Console console) {
            if ((delay == null) == (due == null)) {
                throw new ParameterException(spec().commandLine(), "--delay or --due is expected");
            }
            JsonObject when =
                    delay == null ? new JsonObject().put("due", due) : new JsonObject().put("delay", delay.toString());
            return changed(client.patch(path("/entries/" + ManagementClient.encode(id)), when), console, "rescheduled");
        }
    }

    private static int changed(JsonObject change, Console console, String done) {
        if (console.json()) {
            console.print(change);
            return 0;
        }
        Table table = new Table("target", "result");
        for (Object each : change.getJsonArray("targets")) {
            JsonObject target = (JsonObject) each;
            String result = target.getString("result");
            table.row(target.getString("target"), result.equals("DONE") ? done : result);
        }
        console.print(table, done);
        return 0;
    }
}

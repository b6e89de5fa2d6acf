package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** {@code forelog job …}, and how a command waits for the job that it started. */
final class JobCommands {
    private static final long POLL_MILLIS = 200;

    private JobCommands() {}

    /**
     * Shows a started job, or waits for it with a bar; 0 where it ended well.
     *
     * @param total of what it will do; 0 = not known
     */
    @SuppressWarnings("try") // the resource only has to be open
    static int follow(ManagementClient client, Console console, JsonObject started, boolean wait, long total) {
        JsonObject job = started;
        String location = started.getString("location");
        if (wait && location != null) {
            String id = started.getString("id");
            String namespace = started.getString("namespace", "");
            String again = "the job goes on: forelog job show" + (namespace.isEmpty() ? "" : " -n " + namespace) + " "
                    + id + " --wait";
            try (Progress progress = console.progress(job.getString("kind"));
                    IfInterrupted told = new IfInterrupted(console, () -> again)) {
                while (running(job) && pause()) {
                    job = client.get(location);
                    progress.show(job.getLong("done"), total, job.getString("text", ""));
                }
            }
        }
        return tell(job, console, wait);
    }

    private static boolean running(JsonObject job) {
        return job.getString("state", "").equals("RUNNING");
    }

    /** False where the command is asked to end. */
    private static boolean pause() {
        try {
            Thread.sleep(POLL_MILLIS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static int tell(JsonObject job, Console console, boolean waited) {
        if (console.json()) {
            console.print(job);
        } else if (job.getBoolean("dry_run", false)) {
            dryRun(job, console);
        } else {
            console.print(line(job));
        }
        String state = job.getString("state", "");
        return state.equals("DONE") || (!waited && state.equals("RUNNING")) ? 0 : 1;
    }

    private static String line(JsonObject job) {
        long omitted = job.getLong("omitted", 0L);
        String text = job.getString("text", "");
        boolean counts = !job.getString("kind").equals("backup");
        return job.getString("kind") + " " + job.getString("id") + ": " + job.getString("state")
                + (counts ? ", " + job.getLong("done") + " done of " + job.getLong("matched") + " matched" : "")
                + (omitted == 0 ? "" : ", " + omitted + " left out")
                + (text.isEmpty() ? "" : " (" + text + ")");
    }

    private static void dryRun(JsonObject job, Console console) {
        long omitted = job.getLong("omitted", 0L);
        console.print(job.getString("kind") + " would take " + job.getLong("matched") + " of " + job.getLong("scanned")
                + " looked at" + (omitted == 0 ? "" : ", and leave out " + omitted)
                + (running(job) ? " so far" : "") + "; nothing was changed");
        Table table = new Table("entry", "key", "target", "code", "bytes", "at");
        for (Object each : job.getJsonArray("sample")) {
            JsonObject line = (JsonObject) each;
            table.row(
                    line.getString("entry_id"),
                    line.getString("key", line.getString("key_base64")),
                    line.containsKey("target")
                            ? line.getString("target")
                            : NamespaceCommands.join(line.getJsonArray("targets")),
                    line.getString("code"),
                    line.getInteger("payload_bytes"),
                    When.ago(line.getString("died", line.getString("accepted"))));
        }
        if (!table.isEmpty()) {
            console.print(table.render());
        }
    }

    private static String jobs(@Nullable String namespace, String rest) {
        return namespace == null ? "/admin/v1/jobs" + rest : ManagementClient.namespace(namespace, "/jobs" + rest);
    }

    /** A job belongs to a namespace, or, a backup, to the node. */
    @Command
    abstract static class OfJobs extends NodeCommand {
        @Option(
                names = {"-n", "--namespace"},
                paramLabel = "NAME",
                description = "The namespace (default: the node's own jobs, which are backups).")
        private @Nullable String namespace;

        @Nullable
        String namespace() {
            return namespace;
        }

        String path(String rest) {
            return jobs(namespace, rest);
        }
    }

    /** All that are kept. */
    @Command(name = "list", description = "The jobs of a namespace, oldest first.")
    static final class ListAll extends OfJobs {
        @Override
        int run(ManagementClient client, Console console) {
            JsonObject jobs = client.get(path(""));
            if (console.json()) {
                console.print(jobs);
                return 0;
            }
            Table table = new Table("id", "kind", "state", "matched", "done", "started", "text");
            for (Object each : jobs.getJsonArray("jobs")) {
                JsonObject job = (JsonObject) each;
                table.row(
                        job.getString("id"),
                        job.getString("kind") + (job.getBoolean("dry_run", false) ? " (dry run)" : ""),
                        job.getString("state"),
                        job.getLong("matched"),
                        job.getLong("done"),
                        When.ago(job.getString("started")),
                        job.getString("text"));
            }
            console.print(table, namespace() == null ? "no jobs of the node (of a namespace: -n NAME)" : "no jobs");
            return 0;
        }
    }

    /** How far is it? */
    @Command(name = "show", description = "One job; with --wait until it has ended.")
    static final class Show extends OfJobs {
        @Parameters(paramLabel = "ID", description = "The job's id.")
        private String id = "";

        @Option(names = "--wait", description = "Wait until it has ended.")
        private boolean wait;

        @Override
        int run(ManagementClient client, Console console) {
            String path = path("/" + ManagementClient.encode(id));
            return follow(client, console, client.get(path).put("location", path), wait, 0);
        }
    }

    /** Stop. */
    @Command(name = "cancel", description = "Ends a job at its next step; what it did stays done.")
    static final class Cancel extends OfJobs {
        @Parameters(paramLabel = "ID", description = "The job's id.")
        private String id = "";

        @Override
        int run(ManagementClient client, Console console) {
            if (namespace() == null) {
                throw new ParameterException(
                        spec().commandLine(), "-n NAME is expected: a job of the node, a backup, can't be cancelled");
            }
            return follow(client, console, client.delete(path("/" + ManagementClient.encode(id))), false, 0);
        }
    }
}

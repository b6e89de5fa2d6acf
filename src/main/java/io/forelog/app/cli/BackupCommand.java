package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Starts a backup and waits for it. */
@Command(
        name = "backup",
        description = "Copies the node's databases, while it runs, into a directory on the node's machine.",
        footer = {"", "Example:", "  forelog backup /var/backups/forelog-monday"})
final class BackupCommand extends NodeCommand {
    @Parameters(
            arity = "0..1",
            paramLabel = "DIR",
            description = "Must not exist (default: <data>/backups/<time> on the node).")
    private @Nullable Path directory;

    @Override
    int run(ManagementClient client, Console console) {
        JsonObject asked = directory == null
                ? new JsonObject()
                : new JsonObject()
                        .put("directory", directory.toAbsolutePath().normalize().toString());
        return JobCommands.follow(client, console, client.post("/admin/v1/backup", asked), true, 0);
    }
}

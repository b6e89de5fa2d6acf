package io.forelog.app.cli;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The table of commands that talk to a node. Used once, on the main thread. */
public final class Commands {
    private Commands() {}

    /** Adds them all, and how failures are told; answers {@code root}. {@code offline}: those of {@code config} that need no node. */
    public static CommandLine addTo(CommandLine root, Object... offline) {
        Group config = new Group("config", "The node's configuration, and all namespace documents at once.");
        List.of(offline).forEach(config::with);
        root.addSubcommand(new WriteCommand())
                .addSubcommand(
                        new Group("namespace", "Namespace documents: what a namespace's targets and policies are.")
                                .with(new NamespaceCommands.ListAll())
                                .with(new NamespaceCommands.Get())
                                .with(new ApplyCommands.Apply())
                                .with(new ApplyCommands.Validate())
                                .with(new ApplyCommands.Diff())
                                .with(new NamespaceCommands.History())
                                .with(new NamespaceCommands.Rollback())
                                .with(new NamespaceCommands.Delete())
                                .line)
                .addSubcommand(config.with(new ConfigCommands.Import()).with(new ConfigCommands.Export()).line)
                .addSubcommand(new Group("entry", "Single entries: where they are, cancel, reschedule.")
                        .with(new EntryCommands.Get())
                        .with(new EntryCommands.Cancel())
                        .with(new EntryCommands.Reschedule())
                        .line)
                .addSubcommand(new Group("dlq", "The dead letters of a namespace.")
                        .with(new DlqCommands.ListAll())
                        .with(new DlqCommands.Show())
                        .with(new DlqCommands.Redrive())
                        .with(new DlqCommands.Purge())
                        .line)
                .addSubcommand(new Group("pump", "Deliveries: pause, resume, and what they are doing.")
                        .with(new PumpCommands.Status())
                        .with(new PumpCommands.Pause())
                        .with(new PumpCommands.Resume())
                        .line)
                .addSubcommand(new ReplayCommand())
                .addSubcommand(new AuditCommand())
                .addSubcommand(new Group("job", "Long work that runs on the node: redrives, purges, replays, backups.")
                        .with(new JobCommands.ListAll())
                        .with(new JobCommands.Show())
                        .with(new JobCommands.Cancel())
                        .line)
                .addSubcommand(new BackupCommand())
                .addSubcommand(new RestoreCommand())
                .addSubcommand(new HealthCommand())
                .addSubcommand(new Group("cluster", "The nodes.")
                        .with(new ClusterCommands.Status())
                        .with(new ClusterCommands.Drain())
                        .with(new ClusterCommands.Forget())
                        .line)
                .addSubcommand(new Group("apikey", "Keys that prove who calls.").with(new ApiKeyCommand()).line)
                .addSubcommand(new Group("bench", "Measures a running node.")
                        .with(new BenchWriteCommand())
                        .with(new BenchDeliverCommand())
                        .with(new BenchDelayCommand())
                        .with(new BenchOverloadCommand())
                        .line)
                .addSubcommand(new ReceiveCommand());
        root.setExecutionExceptionHandler(new Failures());
        root.setCaseInsensitiveEnumValuesAllowed(true);
        root.setParameterExceptionHandler(new Misuse());
        root.registerConverter(Duration.class, Commands::duration);
        root.registerConverter(int.class, Commands::number);
        root.registerConverter(Integer.class, Commands::number);
        root.registerConverter(long.class, Commands::count);
        root.registerConverter(Long.class, Commands::count);
        sameVersion(root, root);
        return root;
    }

    private static Duration duration(String text) {
        try {
            return Duration.parse(text);
        } catch (DateTimeParseException e) {
            throw new TypeConversionException("'" + text + "' (expected: an ISO-8601 duration such as PT3S)");
        }
    }

    private static int number(String text) {
        long number = count(text);
        if (number != (int) number) {
            throw noNumber(text);
        }
        return (int) number;
    }

    private static long count(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw noNumber(text);
        }
    }

    private static TypeConversionException noNumber(String text) {
        return new TypeConversionException("'" + text + "' (expected: a whole number)");
    }

    /** {@code -V} says the same everywhere. */
    private static void sameVersion(CommandLine root, CommandLine line) {
        for (CommandLine sub : line.getSubcommands().values()) {
            sub.getCommandSpec().versionProvider(root.getCommandSpec().versionProvider());
            sameVersion(root, sub);
        }
    }

    /** A command that only holds others. */
    @Command(mixinStandardHelpOptions = true, synopsisSubcommandLabel = "COMMAND", usageHelpAutoWidth = true)
    static final class Group implements Runnable {
        private final CommandLine line;

        @Spec
        @SuppressWarnings("NullAway.Init")
        private CommandSpec spec;

        Group(String name, String description) {
            this.line = new CommandLine(this);
            line.getCommandSpec().name(name);
            line.getCommandSpec().usageMessage().description(description);
        }

        Group with(Object command) {
            line.addSubcommand(command);
            return this;
        }

        @Override
        public void run() {
            throw new ParameterException(spec.commandLine(), "a command is missing");
        }
    }
}

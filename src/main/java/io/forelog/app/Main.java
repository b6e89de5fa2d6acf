package io.forelog.app;

import io.forelog.app.cli.Commands;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The root of the command line: names the sub-commands and turns what they return into the process's exit code (0
 * done, 1 failed, 2 usage). Runs on the main thread.
 */
@Command(
        name = "forelog",
        description = "A write-ahead log service: writes that reach their targets.",
        footer = {
            "",
            "In a source tree also:",
            "  forelog try kafka|sqs    # a broker to try things with, from Maven's artifacts",
            "  forelog demo cluster"
        },
        mixinStandardHelpOptions = true,
        versionProvider = JarVersion.class)
public final class Main implements Runnable {
    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return Commands.addTo(new CommandLine(new Main()).addSubcommand(new StartCommand()), new CheckCommand());
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }
}

package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * What every command that asks a node has in common: which node, how to print, and the exit code (0 done, 1 failed, 2
 * usage). Runs on the main thread; failures are told by {@link Failures}.
 */
@Command(mixinStandardHelpOptions = true, sortOptions = false, usageHelpAutoWidth = true)
abstract class NodeCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Mixin
    private Node node = new Node();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            defaultValue = "table",
            description = "table or json (default: ${DEFAULT-VALUE}).")
    private Form form = Form.table;

    /** How results are printed. */
    enum Form {
        table,
        json
    }

    @Override
    public final Integer call() {
        return run(node.client(), new Console(spec.commandLine(), form == Form.json));
    }

    /** Answers the exit code. */
    abstract int run(ManagementClient client, Console console);

    Node node() {
        return node;
    }

    CommandSpec spec() {
        return spec;
    }
}

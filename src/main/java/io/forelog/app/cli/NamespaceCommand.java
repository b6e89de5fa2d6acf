package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A {@link NodeCommand} within one namespace. */
@Command
abstract class NamespaceCommand extends NodeCommand {
    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NAME",
            defaultValue = "quickstart",
            description = "The namespace (default: ${DEFAULT-VALUE}).")
    private String namespace = "quickstart";

    String namespace() {
        return namespace;
    }

    /** {@code rest} begins with a slash or a colon. */
    String path(String rest) {
        return ManagementClient.namespace(namespace, rest);
    }
}

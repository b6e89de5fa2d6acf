package io.forelog.app;

import io.forelog.config.DocumentCheck;
import io.forelog.config.DocumentCheck.Checked;
import io.forelog.config.DocumentParser;
import io.forelog.config.NodeConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code forelog config check}: what {@code start} and {@code namespace apply} would refuse, told without a node. */
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        usageHelpAutoWidth = true,
        sortOptions = false,
        description = {
            "Checks forelog.yaml and documents as a node would, with no node running.",
            "For a commit hook or a CI: starts nothing, and reaches no queue, database or target."
        },
        footer = {
            "",
            "Examples:",
            "  forelog config check               # conf/ here, conf/namespaces with it",
            "  forelog config check orders.yaml   # that document, over conf/forelog.yaml",
            "  forelog config check --conf /etc/forelog"
        })
final class CheckCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--conf",
            paramLabel = "DIR",
            description = "Where forelog.yaml and namespaces/ lie (default: ${DEFAULT-VALUE}).")
    private Path conf = Path.of("conf");

    @Parameters(
            arity = "0..*",
            paramLabel = "FILE",
            description = "Documents (YAML or JSON), or directories of them; default: namespaces/ of DIR.")
    private List<Path> files = List.of();

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        AdapterCatalogue catalogue = AdapterCatalogue.load();
        NodeConfig config = NodeFile.read(conf, catalogue);
        Path own = conf.resolve(NodeFile.NAME);
        out.println(own + (Files.exists(own) ? ": good" : ": not there, every default holds"));
        DocumentParser parser = new DocumentParser(catalogue.schemas(), config.namespaceDefaults());
        List<Checked> all = new ArrayList<>();
        for (Path file : files.isEmpty() ? namespaces() : files) {
            all.addAll(DocumentCheck.check(file, parser));
        }
        all.forEach(each -> tell(out, each));
        long refused = all.stream().filter(each -> !each.problems().isEmpty()).count();
        out.println(all.size() + (all.size() == 1 ? " document, " : " documents, ") + refused + " refused");
        out.flush();
        return refused == 0 ? 0 : 1;
    }

    private List<Path> namespaces() {
        Path directory = conf.resolve("namespaces");
        return Files.isDirectory(directory) ? List.of(directory) : List.of();
    }

    private static void tell(PrintWriter out, Checked each) {
        out.println(
                each.namespace() + " (" + each.file() + "): " + (each.problems().isEmpty() ? "good" : "refused"));
        each.problems().forEach(problem -> out.println("  " + problem));
        each.remarks().forEach(remark -> out.println("  note: " + remark));
    }
}

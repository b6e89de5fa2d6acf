package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.forelog.client.bench.BenchNamespace;
import io.forelog.client.bench.Books;
import io.forelog.client.bench.Load;
import io.forelog.client.bench.Load.Protocol;
import io.forelog.client.bench.Pace;
import io.forelog.client.bench.Workload;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code forelog bench write}: how many writes become durable, and how soon. Runs on the main thread. */
@Command(
        name = "write",
        description =
                "Measures writes: closed loop (--in-flight), or open loop at a rate (--rate), where the time of a write"
                        + " counts from when it was to be sent.",
        footer = {
            "",
            "Examples:",
            "  forelog bench write                                     # unary, 256 in flight",
            "  forelog bench write --protocol stream --in-flight 16",
            "  forelog bench write --rate 20000 --duration PT30S",
            "  forelog bench write --namespaces 50 -o json"
        })
final class BenchWriteCommand extends BenchCommand {
    @Option(
            names = "--protocol",
            paramLabel = "NAME",
            defaultValue = "unary",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Protocol protocol = Protocol.UNARY;

    @Option(
            names = "--in-flight",
            paramLabel = "N",
            description = "Calls out at once (default: 256; batch and stream 16; with --rate at most 10000).")
    private int inFlight;

    @Option(
            names = "--rate",
            paramLabel = "N",
            description = "Entries a second, whatever the answers do (default: closed loop).")
    private double rate;

    @Option(
            names = "--entries-per-message",
            paramLabel = "N",
            defaultValue = "32",
            description = "Of batch and stream (default: ${DEFAULT-VALUE}).")
    private int entriesPerMessage = 32;

    @Option(
            names = "--namespace",
            paramLabel = "NAME",
            description = "An existing one. Default: bench, made for this, its delivery paused, and removed.")
    private @Nullable String namespace;

    @Option(
            names = "--namespaces",
            paramLabel = "N",
            defaultValue = "1",
            description = "Write to so many, NAME-1 to NAME-N (default: ${DEFAULT-VALUE}).")
    private int namespaces = 1;

    @Option(names = "--deliver", description = "Do not pause the delivery of namespaces made for this.")
    private boolean deliver;

    @Option(
            names = "--keys",
            paramLabel = "N",
            defaultValue = "1000",
            description = "Different keys, 0 = none (default: ${DEFAULT-VALUE}).")
    private int keys = 1_000;

    @Option(names = "--connections", paramLabel = "N", description = "Default: what the calls in flight need.")
    private int connections;

    @Option(
            names = "--loops",
            paramLabel = "N",
            defaultValue = "1",
            description = "Event loops of the client (default: ${DEFAULT-VALUE}).")
    private int loops = 1;

    @Override
    int measure(ManagementClient client, Console console) throws InterruptedException {
        List<BenchNamespace> made = new ArrayList<>();
        List<String> names = names(namespace == null ? "bench" : namespace, namespaces);
        try {
            if (namespace == null) {
                names.forEach(name -> made.add(BenchNamespace.make(client, name, "kv", null, 1000)));
                if (!deliver) {
                    made.forEach(BenchNamespace::pause);
                }
            }
            return run(names, console);
        } finally {
            // What is still queued would keep a paused namespace retiring for ever.
            if (!deliver) {
                made.forEach(BenchNamespace::resume);
            }
            made.forEach(BenchNamespace::remove);
        }
    }

    private int run(List<String> names, Console console) throws InterruptedException {
        boolean many = protocol == Protocol.BATCH || protocol == Protocol.STREAM;
        int entries = many ? entriesPerMessage : 1;
        Pace pace = rate > 0
                ? Pace.open(rate / entries, inFlight > 0 ? inFlight : 10_000)
                : Pace.closed(inFlight > 0 ? inFlight : many ? 16 : 256);
        Workload work = new Workload(names, payload(), entries, "", "", keys);
        int port = protocol == Protocol.HTTP ? httpPort() : grpcPort();
        Load.Running running =
                new Load(protocol, host(), port, work, pace, connections, loops).start(warmup(), duration());
        long cpuBefore = cpu().micros();
        Books books;
        try (Progress progress = console.progress("writing")) {
            books = running.await(done -> progress.show(done, 0, ""));
        }
        long cpu = cpu().micros() - cpuBefore;
        show(books, cpuBefore < 0 ? -1 : (double) cpu / Math.max(1, books.answered()), pace, console);
        return books.trues() > 0 ? 0 : 1;
    }

    private void show(Books books, double cpuMicros, Pace pace, Console console) {
        if (console.json()) {
            JsonObject json = books.json()
                    .put("protocol", protocol.toString())
                    .put("in_flight", pace.inFlight())
                    .put("rate", rate)
                    .put("payload_bytes", payload());
            console.print(cpuMicros < 0 ? json : json.put("server_cpu_micros_per_entry", cpuMicros));
            return;
        }
        console.print(books.text());
        if (cpuMicros >= 0) {
            console.print(String.format(Locale.ROOT, "server    %.1f µs of CPU an entry", cpuMicros));
        }
    }
}

package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.forelog.client.bench.BenchNamespace;
import io.forelog.client.bench.DelayRun;
import io.forelog.client.bench.Receiver;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code forelog bench delay}: how late delayed entries arrive, and whether any is early. Runs on the main thread. */
@Command(
        name = "delay",
        description =
                "Writes entries that are due evenly over --span, and measures at a receiver of its own how late each"
                        + " comes. Exit code 1 where one was early or is missing.",
        footer = {"", "Example:", "  forelog bench delay --entries 100000 --span PT30S"})
final class BenchDelayCommand extends BenchCommand {
    private static final String NAMESPACE = "bench-delay";

    @Option(
            names = "--entries",
            paramLabel = "N",
            defaultValue = "100000",
            description = "How many (default: ${DEFAULT-VALUE}).")
    private int entries = 100_000;

    @Option(
            names = "--span",
            paramLabel = "TIME",
            defaultValue = "PT30S",
            description = "From the first due time to the last (default: ${DEFAULT-VALUE}).")
    private Duration span = Duration.ofSeconds(30);

    @Option(
            names = "--lead",
            paramLabel = "TIME",
            defaultValue = "PT15S",
            description =
                    "From the beginning to the first due time: all are to be written by then (default: ${DEFAULT-VALUE}).")
    private Duration lead = Duration.ofSeconds(15);

    @Override
    int measure(ManagementClient client, Console console) throws InterruptedException {
        Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
        DelayRun run = new DelayRun(vertx, host(), grpcPort(), NAMESPACE, entries, payload(), span.toNanos() / 1_000);
        try (Receiver receiver = new Receiver(receiverHost(client), run::arrived, true)) {
            BenchNamespace namespace = BenchNamespace.make(client, NAMESPACE, "http", receiver.url(), 1000);
            try {
                return run(run, receiver, console);
            } finally {
                namespace.remove();
            }
        } finally {
            vertx.close();
        }
    }

    private int run(DelayRun run, Receiver receiver, Console console) throws InterruptedException {
        long end = System.nanoTime() + lead.plus(span).plusSeconds(30).toNanos();
        long cpuBefore = cpu().micros();
        run.start(lead.toNanos() / 1_000);
        try (Progress progress = console.progress("writing")) {
            while (run.answered() < entries && System.nanoTime() < end) {
                progress.show(run.answered(), entries, "");
                Thread.sleep(100);
            }
        }
        try (Progress progress = console.progress("arriving")) {
            while (receiver.count() < run.confirmed() && System.nanoTime() < end) {
                progress.show(receiver.count(), entries, "");
                Thread.sleep(100);
            }
        }
        Thread.sleep(200);
        double cpu = cpuBefore < 0 ? -1 : (double) (cpu().micros() - cpuBefore) / entries;
        if (console.json()) {
            console.print(run.json().put("server_cpu_micros_per_entry", cpu));
        } else {
            console.print(run.text());
            if (cpu >= 0) {
                console.print(String.format(java.util.Locale.ROOT, "server    %.1f µs of CPU an entry", cpu));
            }
        }
        return run.early() == 0 && receiver.count() >= run.confirmed() ? 0 : 1;
    }
}

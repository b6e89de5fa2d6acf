package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.forelog.client.bench.BenchNamespace;
import io.forelog.client.bench.DelayRun;
import io.forelog.client.bench.Receiver;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
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

    /** Which run the receiver's entries belong to. */
    private volatile @Nullable DelayRun current;

    @Override
    int measure(ManagementClient client, Console console) throws InterruptedException {
        Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
        try (Receiver receiver = new Receiver(receiverHost(client), this::arrived, true)) {
            BenchNamespace namespace = BenchNamespace.make(client, NAMESPACE, "http", receiver.url(), 1000);
            try {
                warm(vertx, receiver, console);
                DelayRun run = run(vertx, entries, span);
                long before = receiver.count();
                long cpuBefore = cpu().micros();
                await(run, receiver, before, lead, console, "");
                return report(run, receiver.count() - before, cpuBefore, console);
            } finally {
                namespace.remove();
            }
        } finally {
            vertx.close();
        }
    }

    private void arrived(String entryId, byte[] body) {
        DelayRun run = current;
        if (run != null) {
            run.arrived(entryId, body);
        }
    }

    private DelayRun run(Vertx vertx, int count, Duration over) {
        DelayRun run = new DelayRun(vertx, host(), grpcPort(), NAMESPACE, count, payload(), over.toNanos() / 1_000);
        current = run;
        return run;
    }

    /** At the rate of what is measured; a receiver that has just started would be measured instead. */
    private void warm(Vertx vertx, Receiver receiver, Console console) throws InterruptedException {
        int count = (int) Math.min(entries, entries * warmup().toMillis() / Math.max(1, span.toMillis()));
        if (count > 0) {
            await(run(vertx, count, warmup()), receiver, 0, Duration.ofSeconds(1), console, "warming up: ");
        }
    }

    private void await(DelayRun run, Receiver receiver, long before, Duration until, Console console, String what)
            throws InterruptedException {
        long end = System.nanoTime() + until.plus(span).plusSeconds(30).toNanos();
        run.start(until.toNanos() / 1_000);
        try (Progress progress = console.progress(what + "writing")) {
            while (run.answered() < run.entries() && System.nanoTime() < end) {
                progress.show(run.answered(), run.entries(), "");
                Thread.sleep(100);
            }
        }
        try (Progress progress = console.progress(what + "arriving")) {
            while (receiver.count() - before < run.confirmed() && System.nanoTime() < end) {
                progress.show(receiver.count() - before, run.entries(), "");
                Thread.sleep(100);
            }
        }
        Thread.sleep(200);
    }

    private int report(DelayRun run, long arrived, long cpuBefore, Console console) {
        double cpu = cpuBefore < 0 ? -1 : (double) (cpu().micros() - cpuBefore) / entries;
        if (console.json()) {
            console.print(run.json().put("server_cpu_micros_per_entry", cpu));
        } else {
            console.print(run.text());
            if (cpu >= 0) {
                console.print(String.format(java.util.Locale.ROOT, "server    %.1f µs of CPU an entry", cpu));
            }
        }
        return run.early() == 0 && arrived >= run.confirmed() ? 0 : 1;
    }
}

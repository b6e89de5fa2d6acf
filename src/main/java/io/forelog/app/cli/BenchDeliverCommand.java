package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.forelog.client.bench.BenchNamespace;
import io.forelog.client.bench.Books;
import io.forelog.client.bench.Load;
import io.forelog.client.bench.Load.Protocol;
import io.forelog.client.bench.Pace;
import io.forelog.client.bench.Receiver;
import io.forelog.client.bench.Workload;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code forelog bench deliver}: how fast a backlog goes out, and what writing does at the same time. Main thread. */
@Command(
        name = "deliver",
        description =
                "Measures delivery: writes for --duration with delivery paused, then lets it go and takes the time until"
                        + " nothing is pending. With --live nothing is paused: both go on at once.",
        footer = {
            "",
            "Examples:",
            "  forelog bench deliver              # to a receiver of its own over HTTP",
            "  forelog bench deliver --target kv --duration PT5S",
            "  forelog bench deliver --live --rate 5000"
        })
final class BenchDeliverCommand extends BenchCommand {
    @Option(
            names = "--target",
            paramLabel = "TYPE",
            defaultValue = "http",
            description = "http or kv (default: ${DEFAULT-VALUE}).")
    private String target = "http";

    @Option(names = "--live", description = "Deliver while writing.")
    private boolean live;

    @Option(names = "--rate", paramLabel = "N", description = "Entries a second to write (default: as many as go).")
    private double rate;

    @Option(
            names = "--max-in-flight",
            paramLabel = "N",
            defaultValue = "1000",
            description = "Of the namespace (default: ${DEFAULT-VALUE}).")
    private int maxInFlight = 1000;

    @Option(
            names = "--limit",
            paramLabel = "TIME",
            defaultValue = "PT5M",
            description = "Give up when it has not all gone out by then (default: ${DEFAULT-VALUE}).")
    private Duration limit = Duration.ofMinutes(5);

    @Option(
            names = "--bare",
            description = "First measure what a bare HTTP client posts to the same receiver: delivery's yardstick.")
    private boolean bare;

    private double bareRate;

    @Override
    int measure(ManagementClient client, Console console) throws InterruptedException {
        try (Receiver receiver = new Receiver(receiverHost(client))) {
            if (bare) {
                bareRate = bareRate(receiver, console);
            }
            BenchNamespace namespace = BenchNamespace.make(
                    client, "bench-deliver", target, target.equals("http") ? receiver.url() : null, maxInFlight);
            try {
                return run(namespace, console);
            } finally {
                namespace.resume();
                namespace.remove();
            }
        }
    }

    /** As many requests at once as an adaptive limit lets out at most, from one event loop, as a target writer has. */
    private double bareRate(Receiver receiver, Console console) throws InterruptedException {
        Workload work = new Workload(List.of("bare"), payload(), 1, "", "", 1);
        Load load = new Load(Protocol.HTTP, "127.0.0.1", receiver.port(), work, Pace.closed(200), 200, 1);
        try (Progress progress = console.progress("a bare client")) {
            return load.start(warmup(), duration())
                    .await(done -> progress.show(done, 0, ""))
                    .goodput();
        }
    }

    private int run(BenchNamespace namespace, Console console) throws InterruptedException {
        long before = namespace.audit().getLong("delivered");
        if (!live) {
            namespace.pause();
        }
        Pace pace = rate > 0 ? Pace.open(rate, 10_000) : live ? Pace.closed(256) : Pace.closed(16);
        Protocol protocol = live || rate > 0 ? Protocol.UNARY : Protocol.STREAM;
        int entries = protocol == Protocol.STREAM ? 32 : 1;
        long begun = System.nanoTime();
        Books books;
        Workload work = new Workload(List.of(namespace.name()), payload(), entries, "", "", 1_000);
        try (Progress progress = console.progress("writing")) {
            books = load(protocol, work, pace)
                    .start(live ? warmup() : Duration.ZERO, duration())
                    .await(done -> progress.show(done, 0, ""));
        }
        double during = namespace.audit().getLong("delivered") - before;
        double writing = (System.nanoTime() - begun) / 1e9;
        long cpuBefore = cpu().micros();
        long released = System.nanoTime();
        if (!live) {
            namespace.resume();
        }
        boolean all = drained(namespace, console);
        double seconds = (System.nanoTime() - released) / 1e9;
        JsonObject audit = namespace.audit();
        long delivered = audit.getLong("delivered") - before;
        JsonObject result = new JsonObject()
                .put("target", target)
                .put("live", live)
                .put("written_per_second", Math.round(books.goodput()))
                .put("write_latency_ms", books.json().getValue("latency_ms"))
                .put("delivered_per_second_while_writing", Math.round(during / writing))
                .put("drained_per_second", Math.round((delivered - during) / seconds))
                .put("delivered", delivered)
                .put("balanced", audit.getBoolean("balanced"));
        if (bare) {
            result.put("bare_posts_per_second", Math.round(bareRate));
        }
        if (cpuBefore >= 0) {
            result.put(
                    "server_cpu_micros_per_delivery", (cpu().micros() - cpuBefore) / Math.max(1, delivered - during));
        }
        show(result, all, console);
        return all ? 0 : 1;
    }

    private boolean drained(BenchNamespace namespace, Console console) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        long pending = namespace.audit().getLong("pending");
        long total = pending;
        try (Progress progress = console.progress("delivering")) {
            while (pending > 0 && System.nanoTime() < end) {
                Thread.sleep(100);
                pending = namespace.audit().getLong("pending");
                progress.show(total - pending, total, "");
            }
        }
        return pending == 0;
    }

    private static void show(JsonObject result, boolean all, Console console) {
        if (console.json()) {
            console.print(result);
            return;
        }
        console.print(String.format(
                Locale.ROOT,
                "written %,d/s; delivered %,d/s meanwhile, the backlog at %,d/s; %,d in all%s",
                result.getLong("written_per_second"),
                result.getLong("delivered_per_second_while_writing"),
                result.getLong("drained_per_second"),
                result.getLong("delivered"),
                all ? "" : "; NOT all of it in time"));
        if (result.containsKey("bare_posts_per_second")) {
            console.print(
                    String.format(Locale.ROOT, "a bare client posted %,d/s", result.getLong("bare_posts_per_second")));
        }
        if (result.containsKey("server_cpu_micros_per_delivery")) {
            console.print(String.format(
                    Locale.ROOT,
                    "server  %.1f µs of CPU a delivery",
                    result.getDouble("server_cpu_micros_per_delivery")));
        }
    }
}

package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.forelog.client.bench.BenchNamespace;
import io.forelog.client.bench.Books;
import io.forelog.client.bench.Load.Protocol;
import io.forelog.client.bench.Load.Running;
import io.forelog.client.bench.Pace;
import io.forelog.client.bench.Workload;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code forelog bench overload}: what becomes of the good work when far too much is asked. Runs on the main thread. */
@Command(
        name = "overload",
        description = {
            "Offers half of --capacity, then --factor times it, then half again, open loop, all priorities alike, and compares.",
            "The node's capacity must be held at --capacity by its own setting"
                    + " queues.embedded.throttle_entries_per_second, or the generator is what is measured."
        },
        footer = {"", "Example:", "  forelog bench overload --capacity 5000 --factor 10"})
final class BenchOverloadCommand extends BenchCommand {
    private static final List<String> PRIORITIES = List.of("CRITICAL", "DEGRADED", "BEST_EFFORT", "BULK");
    private static final int IN_FLIGHT_MAX = 20_000;

    @Option(
            names = "--capacity",
            paramLabel = "N",
            defaultValue = "5000",
            description = "Entries a second that the node is held at (default: ${DEFAULT-VALUE}).")
    private double capacity = 5_000;

    @Option(
            names = "--factor",
            paramLabel = "N",
            defaultValue = "10",
            description = "The overload (default: ${DEFAULT-VALUE}).")
    private double factor = 10;

    @Override
    int measure(ManagementClient client, Console console) throws InterruptedException {
        BenchNamespace namespace = BenchNamespace.make(client, "bench-overload", "kv", null, 1000);
        try {
            return run(namespace, console);
        } finally {
            namespace.remove();
        }
    }

    private int run(BenchNamespace namespace, Console console) throws InterruptedException {
        phase(namespace, capacity / 2, warmup(), console, "warming up");
        Books peak = merged(phase(namespace, capacity * 1.05, duration(), console, "at capacity"));
        Books normal = merged(phase(namespace, capacity / 2, duration(), console, "normal"));
        Map<String, Books> overload =
                phase(namespace, capacity * factor, duration().multipliedBy(2), console, "overload");
        Books recovery = merged(phase(namespace, capacity / 2, duration(), console, "recovery"));
        Books all = merged(overload);
        double goodputShare = all.goodput() / Math.max(1, peak.goodput());
        double latencyFactor = all.millisAt(99) / Math.max(0.001, normal.millisAt(99));
        JsonArray priorities = new JsonArray();
        overload.forEach((name, books) -> priorities.add(books.json().put("priority", name)));
        JsonObject result = new JsonObject()
                .put("peak", peak.json())
                .put("normal", normal.json())
                .put("overload", all.json())
                .put("overload_by_priority", priorities)
                .put("recovery", recovery.json())
                .put("goodput_share_of_peak", goodputShare)
                .put("p99_factor_of_normal", latencyFactor)
                .put("recovery_seconds", recoverySeconds(recovery))
                .put("server_resident_bytes", cpu().residentBytes());
        if (console.json()) {
            console.print(result);
        } else {
            show(result, peak, normal, overload, all, console);
        }
        return 0;
    }

    /** The load of all four priorities at once, each a quarter. */
    private Map<String, Books> phase(BenchNamespace namespace, double rate, Duration time, Console console, String what)
            throws InterruptedException {
        Map<String, Running> running = new LinkedHashMap<>();
        for (String priority : PRIORITIES) {
            Workload work = new Workload(List.of(namespace.name()), payload(), 1, "", priority, 1_000);
            Pace pace = Pace.open(rate / PRIORITIES.size(), IN_FLIGHT_MAX / PRIORITIES.size());
            running.put(priority, load(Protocol.UNARY, work, pace).start(Duration.ZERO, time));
        }
        Map<String, Books> books = new LinkedHashMap<>();
        try (Progress progress = console.progress(what)) {
            for (Map.Entry<String, Running> each : running.entrySet()) {
                books.put(
                        each.getKey(),
                        each.getValue()
                                .await(done -> progress.show(
                                        running.values().stream()
                                                .mapToLong(Running::completed)
                                                .sum(),
                                        0,
                                        "")));
            }
        }
        return books;
    }

    private static Books merged(Map<String, Books> parts) {
        Books all = new Books();
        new ArrayList<>(parts.values()).forEach(all::merge);
        return all;
    }

    /** How many seconds until a second in which at least 95 % of what was offered became TRUE. */
    private int recoverySeconds(Books recovery) {
        int seconds = (int) recovery.seconds();
        for (int i = 0; i < seconds; i++) {
            if (recovery.truesInSecond(i) >= 0.95 * capacity / 2) {
                return i;
            }
        }
        return -1;
    }

    private static void show(
            JsonObject result, Books peak, Books normal, Map<String, Books> overload, Books all, Console console) {
        Table table = new Table("phase", "TRUE/s", "p50 ms", "p99 ms", "FALSE", "UNKNOWN", "refused");
        row(table, "at capacity", peak);
        row(table, "normal", normal);
        row(table, "overload", all);
        overload.forEach((name, books) -> row(table, "  " + name, books));
        console.print(table, "");
        console.print(String.format(
                Locale.ROOT,
                "goodput %.0f %% of peak; p99 %.1f times normal; good again in second %d",
                100 * result.getDouble("goodput_share_of_peak"),
                result.getDouble("p99_factor_of_normal"),
                result.getInteger("recovery_seconds")));
    }

    private static void row(Table table, String name, Books books) {
        table.row(
                name,
                Math.round(books.goodput()),
                books.millisAt(50),
                books.millisAt(99),
                books.falses(),
                books.unknowns(),
                books.refused());
    }
}

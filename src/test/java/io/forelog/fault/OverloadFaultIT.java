package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.client.bench.Books;
import io.forelog.client.bench.Load;
import io.forelog.client.bench.Load.Protocol;
import io.forelog.client.bench.Pace;
import io.forelog.client.bench.Workload;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.Soak;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Far more than the queue can take: the share that is served, and whom. The times are the bench's to tell. */
@Tag("alone")
class OverloadFaultIT {
    private static final int CAPACITY = 1_000;
    private static final int SECONDS = Soak.choose(6, 30);

    @TempDir
    Path directory;

    @Test
    @Timeout(180)
    void underTenTimesItsCapacityTheServiceServesWhatItCanAndTheCriticalFirst() throws InterruptedException {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .settings("queues: { embedded: { throttle_entries_per_second: " + CAPACITY + " } }")
                        .heap("256m")
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            Map<String, Books> books = overload(service);
            long trues = books.values().stream().mapToLong(Books::trues).sum();
            Soak.tell("overload: capacity %d/s, %d s: %s", CAPACITY, SECONDS, lines(books));

            assertThat(service.isAlive()).isTrue();
            assertThat(trues).as("TRUE in all").isGreaterThan((long) CAPACITY * SECONDS / 2);
            assertThat(books.values().stream().mapToLong(Books::refused).sum())
                    .as("refused in all, of ten times what fits")
                    .isGreaterThan((long) CAPACITY * SECONDS);
            assertThat(books.get("CRITICAL").trues())
                    .as("CRITICAL against BULK, offered alike")
                    .isGreaterThan(books.get("BULK").trues());
            writer.insist()
                    .start(
                            1,
                            (slot, n) -> n < 10
                                    ? Optional.of(LoadWriter.request("orders", "after-" + n))
                                    : Optional.empty());
            writer.await(Duration.ofSeconds(30));
            assertThat(writer.trues()).as(writer.toString()).hasSize(10);
            service.audit("orders").awaitSettled(Duration.ofSeconds(60));
        }
    }

    private static Map<String, Books> overload(ForelogProcess service) throws InterruptedException {
        Map<String, Load.Running> running = new LinkedHashMap<>();
        for (String priority : List.of("CRITICAL", "DEGRADED", "BEST_EFFORT", "BULK")) {
            Workload work = new Workload(List.of("orders"), 256, 1, "", priority, 100);
            running.put(
                    priority,
                    new Load(
                                    Protocol.UNARY,
                                    "127.0.0.1",
                                    service.ports().grpc(),
                                    work,
                                    Pace.open(CAPACITY * 10 / 4.0, 5_000),
                                    0,
                                    1)
                            .start(Duration.ZERO, Duration.ofSeconds(SECONDS)));
        }
        Map<String, Books> books = new LinkedHashMap<>();
        for (Map.Entry<String, Load.Running> each : running.entrySet()) {
            books.put(each.getKey(), each.getValue().await(done -> {}));
        }
        return books;
    }

    private static List<String> lines(Map<String, Books> books) {
        List<String> lines = new ArrayList<>();
        books.forEach((priority, each) -> lines.add(priority + " TRUE " + each.trues() + " refused " + each.refused()
                + " UNKNOWN " + each.unknowns() + " p99 " + each.millisAt(99) + " ms"));
        return lines;
    }
}

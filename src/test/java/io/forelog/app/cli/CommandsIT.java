package io.forelog.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.access.Locks;
import io.forelog.admin.AdminServer;
import io.forelog.admin.AuditLog;
import io.forelog.admin.FakeNode;
import io.forelog.admin.Rights;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.Ticker;
import io.forelog.observe.Metrics;
import io.forelog.queue.Entries;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.Settlement;
import io.forelog.queue.Verdict;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands against a management port with a queue in memory behind it. */
@Timeout(60)
class CommandsIT {
    @TempDir
    private Path data;

    private final Vertx vertx = Vertx.vertx();
    private final Ticker ticker = Ticker.anchored();
    private final FakeNode node = new FakeNode();
    private final Metrics metrics = new Metrics(false);
    private final Entries entries = new Entries(ticker, "quickstart");
    private InMemoryQueue queue;
    private StringWriter out = new StringWriter();
    private StringWriter err = new StringWriter();

    @BeforeEach
    void listen() throws Exception {
        queue = new InMemoryQueue(InMemoryQueue.spec("quickstart", 1), ticker);
        node.serve("quickstart", queue, List.of(), 1);
        AdminServer server = new AdminServer(
                "127.0.0.1",
                0,
                node,
                metrics,
                new AuditLog(vertx, data, ticker),
                Rights.of(Locks.OPEN, node),
                Locks.OPEN,
                ticker);
        vertx.deployVerticle(server).await();
        Files.writeString(
                data.resolve("ports.json"),
                new JsonObject().put("management", server.port().await()).encode());
    }

    @AfterEach
    void close() {
        vertx.close().await();
        metrics.close();
    }

    private int execute(String... words) {
        out = new StringWriter();
        err = new StringWriter();
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--data", data.toString()));
        return Commands.addTo(new CommandLine(new CommandsTest.Root()))
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(all.toArray(String[]::new));
    }

    private Entry dead(String key) {
        Entry entry = entries.keyed(key, "payload of " + key);
        queue.append(List.of(entry)).await();
        Delivery delivery = queue.take(1, 1, 1 << 20).await().get(0);
        Failure failure = new Failure(ticker.micros(), ErrorCode.TARGET_REJECTED, "HTTP 422 from the hook");
        queue.settle(List.of(new Settlement(delivery, new Verdict.Dead(failure))))
                .await();
        return entry;
    }

    @Test
    void showsAndRedrivesDeadLetters() {
        assertThat(execute("dlq", "list")).isZero();
        assertThat(out.toString()).contains("no dead letters");
        Entry first = dead("k1");
        dead("k2");
        assertThat(execute("dlq", "list")).isZero();
        assertThat(out.toString().lines()).hasSize(3);
        assertThat(out.toString()).contains("TARGET_REJECTED", "HTTP 422 from the hook", " ago  k1");
        assertThat(execute("dlq", "list", "--key-prefix", "k1", "--newer-than", "PT1H"))
                .isZero();
        assertThat(out.toString().lines()).hasSize(2);
        assertThat(execute("dlq", "list", "--older-than", "PT1H")).isZero();
        assertThat(out.toString()).contains("no dead letters");
        assertThat(execute("dlq", "list", "-o", "json")).isZero();
        String id = new JsonObject(out.toString())
                .getJsonArray("dead_letters")
                .getJsonObject(0)
                .getString("id");
        assertThat(execute("dlq", "show", id, "--payload")).isZero();
        assertThat(out.toString()).contains("cause", "payload of k1", first.id().toString());
        assertThat(execute("dlq", "redrive", "--key", "k1", "--dry-run")).isZero();
        assertThat(out.toString()).contains("would take 1 of 2");
        assertThat(execute("job", "list", "-n", "quickstart")).isZero();
        assertThat(out.toString()).contains("redrive (dry run)");
        assertThat(execute("job", "list", "-n", "nope")).isEqualTo(1);
        assertThat(execute("dlq", "redrive", "--target", "t9")).isEqualTo(1);
        assertThat(err.toString()).contains("filter.target: 't9' (expected: one of [t1]");
        assertThat(execute("dlq", "redrive", "--key", "k1")).isZero();
        assertThat(out.toString()).contains("DONE, 1 done of 1 matched");
        assertThat(execute("audit")).isZero();
        assertThat(out.toString()).contains("yes", "PENDING").doesNotContain("MOVED IN", "EXPIRED");
        assertThat(execute("audit", "-o", "json")).isZero();
        assertThat(new JsonObject(out.toString()).getJsonArray("namespaces")).hasSize(1);
        assertThat(execute("dlq", "purge", "--all")).isZero();
        assertThat(execute("job", "list", "-n", "quickstart")).isZero();
        assertThat(out.toString()).contains("redrive", "purge");
    }

    @Test
    void showsCancelsAndReschedulesAnEntry() {
        Entry entry = entries.delayed("x", Duration.ofHours(1));
        queue.append(List.of(entry)).await();
        String id = entry.id().toString();
        assertThat(execute("entry", "get", id)).isZero();
        assertThat(out.toString()).contains("SCHEDULED", "(in 59 min)", "1 bytes");
        assertThat(execute("entry", "reschedule", id, "--delay", "PT3H")).isZero();
        assertThat(out.toString()).contains("rescheduled");
        assertThat(execute("entry", "cancel", id)).isZero();
        assertThat(execute("entry", "cancel", id)).isEqualTo(1);
        assertThat(err.toString()).contains("TOO_LATE");
        assertThat(execute("entry", "get", "nonsense")).isEqualTo(1);
        assertThat(err.toString()).contains("INVALID_ARGUMENT");
    }

    @Test
    void appliesDocumentsAndNamesEveryProblemOfABadOne() throws Exception {
        Path good = Files.writeString(data.resolve("orders.yaml"), "targets: []\n");
        Path bad = Files.writeString(data.resolve("wrong.yaml"), "bad: true\n");
        assertThat(execute("namespace", "apply", good.toString())).isZero();
        assertThat(out.toString()).contains("orders: done, revision 1");
        assertThat(execute("namespace", "apply", bad.toString(), good.toString()))
                .isEqualTo(1);
        assertThat(err.toString()).contains("retry.max_attempts: -1", "targets: missing");
        assertThat(out.toString()).contains("orders: done, revision 2");
        assertThat(execute("namespace", "validate", "-o", "json", bad.toString(), good.toString()))
                .isEqualTo(1);
        JsonArray told = new JsonObject(out.toString()).getJsonArray("documents");
        assertThat(told.getJsonObject(0).getJsonArray("problems")).hasSize(2);
        assertThat(told.getJsonObject(1).getBoolean("valid")).isTrue();
        assertThat(execute("namespace", "validate", good.toString())).isZero();
        assertThat(out.toString()).contains("nothing was changed");
        assertThat(execute("namespace", "apply", "--revision", "1", good.toString()))
                .isEqualTo(1);
        assertThat(err.toString()).contains("expected: 1");
        assertThat(execute("namespace", "diff", good.toString())).isZero();
        assertThat(execute("namespace", "history", "orders")).isZero();
        assertThat(execute("namespace", "rollback", "orders", "--to", "1")).isZero();
        assertThat(execute("namespace", "get", "orders")).isZero();
        assertThat(execute("namespace", "list")).isZero();
        assertThat(out.toString()).contains("orders", "quickstart", "ACTIVE");
        assertThat(execute("namespace", "delete", "orders")).isZero();
        assertThat(execute("namespace", "apply", data + "/nope.yaml")).isEqualTo(1);
        assertThat(err.toString()).contains("no such file");
    }

    @Test
    void bringsADirectoryOfDocumentsInAndOutAllOrNone() throws Exception {
        Path directory = Files.createDirectories(data.resolve("documents"));
        Files.writeString(directory.resolve("orders.yaml"), "targets: []\n");
        Files.writeString(directory.resolve("wrong.yaml"), "bad: true\n");
        assertThat(execute("config", "import", directory.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("wrong: refused", "targets: missing", "1 of 2 refused, nothing was stored");
        assertThat(node.documents().find("orders")).isEmpty();
        Files.writeString(directory.resolve("wrong.yaml"), "targets: []\n");
        assertThat(execute("config", "import", "--dry-run", directory.toString()))
                .isZero();
        assertThat(node.documents().find("orders")).isEmpty();
        assertThat(execute("config", "import", directory.toString(), "-m", "moved house"))
                .isZero();
        assertThat(out.toString()).contains("orders: done", "wrong: done");
        assertThat(execute("namespace", "history", "orders")).isZero();
        assertThat(out.toString()).contains("moved house");
        assertThat(execute("config", "export", data.resolve("out").toString())).isZero();
        assertThat(data.resolve("out/orders.yaml")).exists();
        assertThat(execute("config", "export", data.resolve("out").toString())).isEqualTo(1);
        assertThat(err.toString()).contains("exists, left alone");
    }

    @Test
    void holdsReplaysBacksUpAndLooksAtTheNode() {
        assertThat(execute("pump", "pause", "--target", "t1")).isZero();
        assertThat(out.toString()).contains("PAUSED");
        assertThat(execute("pump", "resume")).isZero();
        assertThat(execute("pump", "status")).isZero();
        assertThat(out.toString()).contains("RUNNING");
        assertThat(execute("replay", "--from", "PT1H", "--dry-run")).isZero();
        assertThat(out.toString()).contains("would take 0 of 0");
        assertThat(execute("backup")).isZero();
        assertThat(execute("health")).isZero();
        assertThat(out.toString()).startsWith("READY");
        assertThat(execute("cluster", "status")).isZero();
        assertThat(out.toString()).contains("node-1");
        assertThat(execute("audit", "-n", "nope")).isEqualTo(1);
        assertThat(err.toString()).contains("UNKNOWN_NAMESPACE");
    }

    @Test
    void receivesAndAnswersAsASickTargetWould() throws Exception {
        ReceiveCommand command = new ReceiveCommand();
        new CommandLine(command).parseArgs("--port", "0", "--status", "429", "--retry-after", "7", "--cut", "4");
        Console console = new Console(new PrintWriter(out), new PrintWriter(err), false, false);
        HttpServer server = command.listen(vertx, console).await();
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.actualPort() + "/hook"))
                .header("Forelog-Key", "k1")
                .header("Forelog-Attempt", "2")
                .POST(HttpRequest.BodyPublishers.ofString("payload"))
                .build();
        HttpResponse<String> response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).isEqualTo(429);
        assertThat(response.headers().firstValue("Retry-After")).contains("7");
        assertThat(out.toString()).contains("POST /hook", "key k1", "attempt 2", "payl… (7 bytes)");
    }
}

package io.forelog.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.access.Locks;
import io.forelog.client.ManagementClient;
import io.forelog.client.Problem;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.Ticker;
import io.forelog.observe.MachineLoad;
import io.forelog.observe.Metrics;
import io.forelog.queue.Entries;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.MediumHealth;
import io.forelog.queue.Settlement;
import io.forelog.queue.Verdict;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The management port over loopback, with a queue in memory behind it. */
@Timeout(60)
class ManagementApiIT {
    private static final String NS = "/admin/v1/namespaces/ns";

    @TempDir
    private Path data;

    private final Vertx vertx = Vertx.vertx();
    private final Ticker ticker = Ticker.anchored();
    private final FakeNode node = new FakeNode();
    private final Entries entries = new Entries(ticker, "ns");
    private final Metrics metrics = new Metrics(true);
    private InMemoryQueue queue;
    private ManagementClient client;
    private int port;

    @BeforeEach
    void listen() throws Exception {
        queue = new InMemoryQueue(InMemoryQueue.spec("ns", 1, 2), ticker);
        node.serve("ns", queue, List.of(), 1, 2);
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
        port = server.port().await();
        client = new ManagementClient("http://127.0.0.1:" + port);
    }

    @AfterEach
    void close() {
        vertx.close().await();
        metrics.close();
    }

    private Delivery deliver(Verdict verdict) {
        Delivery delivery = queue.take(1, 1, 1 << 20).await().get(0);
        queue.settle(List.of(new Settlement(delivery, verdict))).await();
        return delivery;
    }

    private Entry dead(String payload, String key) {
        Entry entry = entries.keyed(key, payload);
        queue.append(List.of(entry)).await();
        long now = ticker.micros();
        deliver(new Verdict.Dead(new Failure(now, ErrorCode.TARGET_REJECTED, "HTTP 422 for " + key)));
        return entry;
    }

    private JsonObject ended(JsonObject job) {
        String location = job.getString("location");
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> !client.get(location).getString("state").equals("RUNNING"));
        return client.get(location);
    }

    @Test
    void listsNamespacesWithTheirRevisionsAndTargets() {
        JsonArray namespaces = client.get("/admin/v1/namespaces").getJsonArray("namespaces");
        assertThat(namespaces).hasSize(1);
        JsonObject ns = namespaces.getJsonObject(0);
        assertThat(ns.getString("name")).isEqualTo("ns");
        assertThat(ns.getLong("desired_revision")).isEqualTo(1);
        assertThat(ns.getLong("applied_revision")).isEqualTo(1);
        assertThat(ns.getJsonArray("targets")).containsExactly("t1", "t2");
    }

    @Test
    void aListAndHealthReadNoDocuments() {
        client.get("/admin/v1/namespaces");
        client.get("/health/ready");
        client.get(NS + "/pumps");
        assertThat(node.documentReads).hasValue(0);
        assertThat(client.get(NS).getJsonObject("document").getMap()).isNotEmpty();
        assertThat(node.documentReads).hasValue(1);
    }

    @Test
    void refusesABadDocumentWithEveryProblemAndChangesNothing() {
        assertThatThrownBy(() -> client.putDocument(NS, "bad: true")).isInstanceOfSatisfying(Problem.class, problem -> {
            assertThat(problem.status()).isEqualTo(400);
            assertThat(problem.code()).isEqualTo("INVALID_ARGUMENT");
            assertThat(problem.problems()).hasSize(2);
        });
        assertThat(client.get(NS).getLong("desired_revision")).isEqualTo(1);
    }

    @Test
    void putsOnlyOverTheRevisionThatWasSeen() {
        assertThat(client.putDocument(NS + "?dry_run=true", "a: 1").getLong("desired_revision"))
                .isEqualTo(1);
        assertThat(client.putDocument(NS + "?revision=1", "a: 1").getLong("desired_revision"))
                .isEqualTo(2);
        assertThatThrownBy(() -> client.putDocument(NS + "?revision=1", "a: 2"))
                .isInstanceOfSatisfying(
                        Problem.class, problem -> assertThat(problem.code()).isEqualTo("CONFLICT"));
        assertThat(client.post(NS + ":rollback", new JsonObject().put("to", 1)).getLong("desired_revision"))
                .isEqualTo(3);
        assertThat(client.get(NS + "/history").getJsonArray("revisions")).hasSize(3);
    }

    @Test
    void answersAnUnknownNamespaceAndPathAsProblems() {
        assertThatThrownBy(() -> client.get("/admin/v1/namespaces/nope"))
                .isInstanceOfSatisfying(Problem.class, problem -> {
                    assertThat(problem.status()).isEqualTo(404);
                    assertThat(problem.code()).isEqualTo("UNKNOWN_NAMESPACE");
                });
        assertThat(client.send("GET", "/nowhere", "", "").status()).isEqualTo(404);
        assertThat(client.send("DELETE", "/metrics", "", "").status()).isEqualTo(405);
        assertThat(client.send("POST", NS + ":replay", "[1]", "application/json")
                        .status())
                .isEqualTo(400);
    }

    @Test
    void everyRouteRefusesAParameterThatItDoesNotKnowAndOneThatIsThereTwice() throws Exception {
        JsonObject index = client.get("/");
        for (Object each : index.getJsonArray("paths")) {
            String[] route = String.valueOf(each).split(" ", 2);
            String path =
                    route[1].replace("{ns}", "ns").replace("{node}", "node-1").replace("{id}", "1");
            refused(route[0], path + "?stat=DEAD", "?stat: unknown (expected: ");
        }
        for (String each : index.getJsonObject("parameters").fieldNames()) {
            String[] route = each.split(" ", 2);
            String path =
                    route[1].replace("{ns}", "ns").replace("{node}", "node-1").replace("{id}", "1");
            for (Object name : index.getJsonObject("parameters").getJsonArray(each)) {
                refused(route[0], path + "?" + name + "=1&" + name + "=1", "?" + name + ": 2 times (expected: once)");
            }
        }
        refused("GET", NS + "/dead-letters?stat=DEAD", "one of after, code, key, key_prefix, limit, newer_than");
        refused("GET", NS + "/history?limit=many", "?limit: 'many' (expected: a whole number from 1 to 1000)");
        refused("GET", NS + "/history?limit=0", "?limit: '0'");
        assertThat(raw("GET " + NS + "/history?limit=%zz HTTP/1.1\r\nHost: x\r\n\r\n"))
                .startsWith("HTTP/1.1 400 ")
                .contains("(expected: escapes such as %20)");
        refused("GET", NS + "/entries?token=x&payload=maybe", "?payload: 'maybe' (expected: true or false)");
        refused("GET", NS + "/dead-letters?code=MAXATTEMPTS", "filter.code: 'MAXATTEMPTS' (expected: one of ");
        assertThat(node.paused).isEmpty();
        assertThat(client.get(NS).getLong("desired_revision")).isEqualTo(1);
    }

    private void refused(String method, String path, String why) {
        ManagementClient.Reply reply = client.send(method, path, "", "");
        assertThat(reply.status()).as(method + " " + path + " " + reply.body()).isEqualTo(400);
        assertThat(reply.json().getString("detail")).as(method + " " + path).contains(why);
    }

    @Test
    void aRollbackReadsItsDryRunFromTheBodyAndRefusesAnUnknownField() {
        client.putDocument(NS, "a: 1");
        JsonObject answer =
                client.post(NS + ":rollback", new JsonObject().put("to", 1).put("dry_run", true));
        assertThat(answer.getBoolean("dry_run")).isTrue();
        refusedBody(NS + ":rollback", "{\"to\": 1, \"dryrun\": true}", "dryrun: unknown");
    }

    private void refusedBody(String path, String body, String why) {
        ManagementClient.Reply reply = client.send("POST", path, body, "application/json");
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.json().getString("detail")).contains(why);
    }

    @Test
    void refusesABodyByItsLengthAloneAndWhatIsNoRequest() throws Exception {
        assertThat(raw("PUT " + NS + " HTTP/1.1\r\nHost: x\r\nContent-Length: 999000000\r\n\r\n"))
                .startsWith("HTTP/1.1 413 ")
                .contains("PAYLOAD_TOO_LARGE");
        assertThat(raw("PUT " + NS + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"))
                .startsWith("HTTP/1.1 400 ")
                .contains("MALFORMED_BODY");
        assertThat(raw("GET /" + "a".repeat(10_000) + " HTTP/1.1\r\nHost: x\r\n\r\n"))
                .matches("(?s)HTTP/1.[01] 414 .*")
                .contains("application/problem+json");
    }

    /** What comes first. */
    private String raw(String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            byte[] first = new byte[4_096];
            int read = socket.getInputStream().read(first);
            return new String(first, 0, Math.max(0, read), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void tellsWhatIsNoJsonWithoutTheParsersOwnWords() {
        assertThat(client.send("POST", NS + ":replay", "{\"a\": [1", "application/json")
                        .body())
                .contains("not a JSON object")
                .doesNotContain("REDACTED")
                .doesNotContain("Source");
    }

    @Test
    void showsAnEntryByIdAndTokenWithItsPayloadOnlyWhenAsked() {
        Entry entry = entries.tokened("secret", "token-1");
        queue.append(List.of(entry)).await();
        JsonObject shown = client.get(NS + "/entries/" + entry.id());
        assertThat(shown.getString("state")).isEqualTo("QUEUED");
        assertThat(shown.getInteger("payload_bytes")).isEqualTo(6);
        assertThat(shown.encode()).doesNotContain("secret");
        assertThat(client.get(NS + "/entries/" + entry.id() + "?payload=true").getString("payload_text"))
                .isEqualTo("secret");
        assertThat(client.get(NS + "/entries?token=token-1")
                        .getJsonArray("entries")
                        .getJsonObject(0)
                        .getString("entry_id"))
                .isEqualTo(entry.id().toString());
    }

    @Test
    void cancelsOnceAndThenIsTooLate() {
        Entry entry = entries.delayed("x", Duration.ofHours(1));
        queue.append(List.of(entry)).await();
        String path = NS + "/entries/" + entry.id();
        JsonObject moved = client.patch(path, new JsonObject().put("delay", "PT2H"));
        assertThat(moved.getJsonArray("targets").getJsonObject(0).getString("result"))
                .isEqualTo("DONE");
        assertThat(client.delete(path).getString("entry_id"))
                .isEqualTo(entry.id().toString());
        assertThatThrownBy(() -> client.delete(path)).isInstanceOfSatisfying(Problem.class, problem -> {
            assertThat(problem.status()).isEqualTo(409);
            assertThat(problem.code()).isEqualTo("TOO_LATE");
        });
        assertThatThrownBy(() -> client.delete(NS + "/entries/00000000-0000-7000-8000-000000000000"))
                .isInstanceOfSatisfying(
                        Problem.class, problem -> assertThat(problem.status()).isEqualTo(404));
    }

    @Test
    void listsDeadLettersPageByPageAndByFilter() {
        for (int i = 0; i < 5; i++) {
            dead("p" + i, "k" + i);
        }
        JsonObject first = client.get(NS + "/dead-letters?limit=2");
        JsonObject second = client.get(NS + "/dead-letters?limit=10&after=" + first.getString("next"));
        assertThat(first.getJsonArray("dead_letters")).hasSize(2);
        assertThat(second.getJsonArray("dead_letters")).hasSize(3);
        assertThat(second.getString("next")).isNull();
        JsonArray filtered = client.get(NS + "/dead-letters?text=k3&target=t1").getJsonArray("dead_letters");
        assertThat(filtered).hasSize(1);
        assertThat(client.get(NS + "/dead-letters?target=t2").getJsonArray("dead_letters"))
                .isEmpty();
        JsonObject shown =
                client.get(NS + "/dead-letters/" + filtered.getJsonObject(0).getString("id"));
        assertThat(shown.getString("code")).isEqualTo("TARGET_REJECTED");
        assertThat(shown.getJsonObject("entry").getString("key")).isEqualTo("k3");
    }

    @Test
    void redrivesWhatTheFilterChoosesAndSaysBeforehandWhatItWouldBe() {
        dead("a", "k1");
        dead("b", "k2");
        JsonObject asked = new JsonObject().put("filter", new JsonObject().put("key", "k1"));
        JsonObject dry = client.post(NS + "/dead-letters:redrive", asked.copy().put("dry_run", true));
        assertThat(dry.getLong("matched")).isEqualTo(1);
        assertThat(dry.getJsonArray("sample").getJsonObject(0).getString("key")).isEqualTo("k1");
        assertThat(client.get(NS + "/dead-letters").getJsonArray("dead_letters"))
                .hasSize(2);

        JsonObject job = ended(client.post(NS + "/dead-letters:redrive", asked));
        assertThat(job.getString("state")).isEqualTo("DONE");
        assertThat(job.getLong("done")).isEqualTo(1);
        assertThat(client.get(NS + "/dead-letters").getJsonArray("dead_letters"))
                .hasSize(1);
        assertThat(client.get(NS + "/audit").getBoolean("balanced")).isTrue();
    }

    @Test
    void purgesNothingWithoutAFilterUnlessToldToPurgeAll() {
        dead("a", "k1");
        assertThat(client.send("POST", NS + "/dead-letters:purge", "{}", "application/json")
                        .status())
                .isEqualTo(400);
        JsonObject job = ended(client.post(NS + "/dead-letters:purge", new JsonObject().put("all", true)));
        assertThat(job.getLong("done")).isEqualTo(1);
        JsonObject audit = client.get(NS + "/audit");
        assertThat(audit.getLong("dead")).isEqualTo(1);
        assertThat(audit.getBoolean("balanced")).isTrue();
    }

    @Test
    void replaysARangeWithoutTheOmittedEntry() {
        Entry good = entries.keyed("k1", "good");
        Entry bad = entries.keyed("k1", "bad");
        queue.append(List.of(good, bad)).await();
        deliver(new Verdict.Delivered(ticker.micros()));
        deliver(new Verdict.Delivered(ticker.micros()));
        JsonObject asked = new JsonObject()
                .put("from", "PT1H")
                .put("key", "k1")
                .put("omit", new JsonArray().add(bad.id().toString()));
        JsonObject dry = client.post(NS + ":replay", asked.copy().put("dry_run", true));
        assertThat(dry.getLong("matched")).isEqualTo(1);
        assertThat(dry.getLong("omitted")).isEqualTo(1);
        assertThat(ended(client.post(NS + ":replay", asked)).getLong("done")).isEqualTo(1);
        assertThat(deliver(new Verdict.Delivered(ticker.micros())).entry().id()).isEqualTo(good.id());
        JsonObject audit = client.get(NS + "/audit");
        assertThat(audit.getLong("accepted")).isEqualTo(3);
        assertThat(audit.getLong("delivered")).isEqualTo(3);
        assertThat(audit.getBoolean("balanced")).isTrue();
    }

    @Test
    void pausesAndResumesOneTargetOrAll() {
        JsonArray pumps =
                client.post(NS + ":pause", new JsonObject().put("target", "t1")).getJsonArray("pumps");
        assertThat(pumps.getJsonObject(0).getString("state")).isEqualTo("PAUSED");
        assertThat(pumps.getJsonObject(1).getString("state")).isEqualTo("RUNNING");
        pumps = client.post(NS + ":resume", new JsonObject()).getJsonArray("pumps");
        assertThat(pumps.getJsonObject(0).getString("state")).isEqualTo("RUNNING");
        assertThat(client.send("POST", NS + ":pause", "{\"target\":\"t9\"}", "application/json")
                        .status())
                .isEqualTo(400);
    }

    @Test
    void isNotReadyWhileDrainingOrWithoutAnyDatabaseAndSaysWhy() {
        assertThat(client.send("GET", "/health/live", "", "").status()).isEqualTo(200);
        assertThat(client.send("GET", "/health/ready", "", "").json().getString("status"))
                .isEqualTo("READY");
        node.health = List.of(
                new MediumHealth("main", MediumHealth.State.CORRUPT, "000012.log lacks 3 entries", List.of("ns"), -1));
        ManagementClient.Reply reply = client.send("GET", "/health/ready", "", "");
        assertThat(reply.status()).isEqualTo(503);
        assertThat(reply.json().getJsonArray("reasons").encode()).contains("000012.log");
        node.health =
                List.of(node.health.get(0), new MediumHealth("own", MediumHealth.State.SERVING, "", List.of(), 1));
        reply = client.send("GET", "/health/ready", "", "");
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.json().getString("status")).isEqualTo("DEGRADED");
        node.phase = NodeStatus.Phase.DRAINING;
        assertThat(client.send("GET", "/health/ready", "", "").status()).isEqualTo(503);
    }

    @Test
    void scrapesMetricsOfTheProcess() {
        ManagementClient.Reply reply = client.send("GET", "/metrics", "", "");
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.body()).contains("jvm_memory_used_bytes");
    }

    @Test
    void tellsTheClusterOfOneAndTheIndex() {
        assertThat(client.get("/admin/v1/cluster")
                        .getJsonArray("nodes")
                        .getJsonObject(0)
                        .getString("name"))
                .isEqualTo("node-1");
        assertThat(client.get("/").getJsonArray("paths")).contains("GET /health/ready");
    }

    @Test
    void tellsAutoscalersHowBusyItIsAndHowFarEachRoleIsBehind() {
        node.load = new NodeLoad(
                1_000_000,
                new MachineLoad.Sample(0.25, 0.5, 100, 200),
                0.001,
                new NodeLoad.Producing(7, 1.5, 900),
                new NodeLoad.Consuming(40, 12.25, 3, 1_000, "orders", "hook"));
        JsonObject page = client.get("/admin/v1/signals");
        assertThat(page.getString("node")).isEqualTo("node-1");
        assertThat(page.getJsonObject("utilisation").getDouble("highest")).isEqualTo(0.5);
        assertThat(page.getJsonObject("roles").getJsonObject("producer").getLong("lag"))
                .isEqualTo(7);
        JsonObject consumer = page.getJsonObject("roles").getJsonObject("consumer");
        assertThat(consumer.getLong("lag")).isEqualTo(40);
        assertThat(consumer.getDouble("oldest_age_seconds")).isEqualTo(12.25);
        assertThat(consumer.getLong("stopped")).isEqualTo(1_000);
        assertThat(consumer.getJsonObject("furthest_behind").getString("target"))
                .isEqualTo("hook");
        node.load = NodeLoad.NONE;
        page = client.get("/admin/v1/signals");
        assertThat(page.getJsonObject("utilisation").getValue("network")).isNull();
    }

    @Test
    void backsUpIntoADirectoryOfItsOwnChoice() {
        JsonObject job = ended(client.post("/admin/v1/backup", new JsonObject()));
        assertThat(job.getString("state")).isEqualTo("DONE");
        assertThat(node.backups.get(0).toString()).contains("backups");
        assertThat(client.send("POST", "/admin/v1/backup", "{\"directory\":\"rel\"}", "application/json")
                        .status())
                .isEqualTo(400);
    }

    @Test
    void writesWhatAdministratorsDoToTheAuditLog() {
        client.post(NS + ":pause", new JsonObject());
        Path log = data.resolve("audit.log");
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> Files.exists(log) && Files.readString(log).contains("\"pause\""));
    }

    @Test
    void refusesWhoIsNoAdministratorOfTheNamespace() {
        node.serve("closed", queue, List.of("alice"), 1);
        assertThat(client.send("POST", "/admin/v1/namespaces/closed:pause", "{}", "application/json")
                        .status())
                .isEqualTo(403);
    }

    @Test
    void refusesAChangeFromAPageOfAnotherSite() throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(client.url() + NS + ":pause"))
                .header("Origin", "http://evil.example")
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();
        HttpResponse<String> response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).isEqualTo(403);
        assertThat(node.paused).isEmpty();
    }
}

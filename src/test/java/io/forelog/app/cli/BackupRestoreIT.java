package io.forelog.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Ticker;
import io.forelog.rig.AdminClient;
import io.forelog.rig.Await;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.table.Item;
import io.forelog.table.Tables;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands backup and restore against the real service: what a copy holds when it is started elsewhere. */
@Timeout(180)
class BackupRestoreIT {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String ADMIN = "/admin/v1/namespaces/shop";

    @TempDir
    private Path directory;

    private final HttpClient http = HttpClient.newHttpClient();

    private static String document(ScriptedReceiver receiver) {
        return """
                targets:
                  - { name: table, type: kv, default: true, config: { table: profiles } }
                  - { name: hook, type: http, config: { url: "%s" } }
                  - { name: later, type: http, config: { url: "%s/later" } }
                """.formatted(receiver.url(), receiver.url());
    }

    private void write(ForelogProcess service, String target, String key, String lifecycle) throws Exception {
        String body = new JsonObject()
                .put("payload_text", "value of " + key)
                .put("lifecycle", new JsonObject(lifecycle))
                .put("target", new JsonObject().put("name", target).put("key", key))
                .encode();
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(URI.create(
                                "http://127.0.0.1:" + service.ports().http() + "/v1/namespaces/shop/entries"))
                        .header("content-type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    }

    private static void run(String... words) {
        StringWriter printed = new StringWriter();
        int code = Commands.addTo(new CommandLine(new CommandsTest.Root()))
                .setOut(new PrintWriter(printed))
                .setErr(new PrintWriter(printed))
                .execute(words);
        assertThat(code).as(printed.toString()).isZero();
    }

    private static JsonObject audit(ForelogProcess service) {
        JsonObject audit = new JsonObject(service.audit("shop").readBalanced().raw());
        audit.remove("counted_at");
        audit.remove("age_seconds");
        return audit;
    }

    private static String state(ForelogProcess service, String target) {
        AdminClient.Reply reply = service.admin().get(ADMIN + "/pumps");
        return reply.json().getJsonArray("pumps").stream()
                .map(JsonObject.class::cast)
                .filter(route -> route.getString("target").equals(target))
                .map(route -> route.getString("state"))
                .findFirst()
                .orElse(reply.body());
    }

    private static Set<String> profiles(Path data) {
        Vertx vertx = Vertx.vertx();
        try {
            Tables tables = new Tables(vertx, data.resolve("tables"), Ticker.anchored());
            List<Item> items = tables.open(Tables.EMBEDDED)
                    .compose(store -> store.scan("profiles", null, 1_000))
                    .await();
            tables.close().await();
            Set<String> texts = new TreeSet<>();
            items.forEach(item -> texts.add(item.id() + ": " + item.value()));
            return texts;
        } finally {
            vertx.close().await();
        }
    }

    @Test
    void aRestoredNodeHasTablesQueueRoutesPausesAndBooksOfTheMomentOfTheBackup() throws Exception {
        Path copy = directory.resolve("copy");
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory.resolve("a"))
                        .namespace("shop", document(receiver))
                        .start();
                ForelogProcess restored = ForelogProcess.in(directory.resolve("b"))
                        .namespace("shop", document(receiver))
                        .build()) {
            receiver.script(arrival ->
                    arrival.path().endsWith("later") ? ScriptedReceiver.Reply.OK : ScriptedReceiver.Reply.status(422));
            assertThat(service.admin()
                            .post(ADMIN + ":pause", new JsonObject().put("target", "later"))
                            .status())
                    .isLessThan(300);
            Set<String> written = new TreeSet<>();
            for (int i = 0; i < 20; i++) {
                write(service, "table", "k" + i, "{}");
                written.add("k" + i + ": value of k" + i);
            }
            for (int i = 0; i < 3; i++) {
                write(service, "hook", "dead" + i, "{}");
                write(service, "hook", "delayed" + i, "{\"delay\": \"PT1H\"}");
                write(service, "later", "held" + i, "{}");
            }
            service.audit("shop")
                    .await("all but six are settled", LIMIT, audit -> audit.pending() == 6 && audit.dead() == 3);
            JsonObject before = audit(service);

            run("backup", copy.toString(), "--data", service.data().toString());
            write(service, "table", "too late", "{}");
            service.kill();
            run("restore", copy.toString(), "--data", restored.data().toString());

            assertThat(profiles(restored.data())).isEqualTo(written);
            restored.start();
            assertThat(audit(restored)).isEqualTo(before);
            assertThat(state(restored, "later")).isEqualTo("PAUSED");
            assertThat(restored.admin().get(ADMIN + "/dead-letters").json().getJsonArray("dead_letters"))
                    .hasSize(3);
            receiver.forget();
            restored.admin().post(ADMIN + ":resume", new JsonObject().put("target", "later"));
            receiver.awaitCount(3, LIMIT);
            assertThat(receiver.arrivals())
                    .extracting(ScriptedReceiver.Arrival::path)
                    .allMatch(p -> p.endsWith("later"));
            Await.until(
                    "three are delivered",
                    LIMIT,
                    () -> restored.audit("shop").readBalanced().pending() == 3);
        }
    }
}

package io.forelog.target.opensearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.rig.Await;
import io.forelog.rig.Ports;
import io.forelog.rig.Soak;
import io.forelog.rig.TcpProxy;
import io.forelog.rig.backend.OpenSearchServer;
import io.forelog.target.Deliveries;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.SelfSignedCertificate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(180)
class OpenSearchTargetIT {
    private static final OpenSearchServer SERVER = OpenSearchServer.shared();
    private static final long BASE = 1_600_000_000_000_000L;

    @TempDir
    Path data;

    private WriterRig rig;

    @BeforeEach
    void start() {
        rig = new WriterRig(data);
    }

    @AfterEach
    void stop() {
        rig.close();
    }

    private void open(String index, Map<String, Object> more, Duration timeout) {
        Map<String, Object> config = new HashMap<>(Map.of("urls", List.of(SERVER.url()), "index", index));
        config.putAll(more);
        rig.deploy("opensearch", config, new TargetSpec.Limit(4, 0, timeout, 0));
    }

    private void open(String index, Map<String, Object> more) {
        open(index, more, Duration.ofSeconds(20));
    }

    /** One shard and no copies, so that one node is all it wants; versions of what is deleted are kept for an hour. */
    private static void create(String index, String mappings) {
        JsonObject answer = SERVER.ask(
                "PUT",
                "/" + index,
                "{\"settings\": {\"number_of_shards\": 2, \"number_of_replicas\": 0, \"gc_deletes\": \"1h\"},"
                        + " \"mappings\": " + mappings + "}");
        assertThat(answer.getBoolean("acknowledged")).as(answer.encode()).isTrue();
    }

    /** Null where there is none. */
    private static JsonObject source(String index, String id) {
        return SERVER.get("/" + index + "/_doc/" + id).getJsonObject("_source");
    }

    private static Delivery delivery(String key, Operation operation, String payload, long micros) {
        return Deliveries.of(
                0,
                Deliveries.with(
                        Deliveries.entry(Buffer.buffer(key), operation, Map.of(), Map.of(), Buffer.buffer(payload)),
                        micros,
                        "",
                        null));
    }

    private static Delivery put(String key, String payload) {
        return delivery(key, Operation.PUT, payload, 0L);
    }

    private static List<Delivery> puts(int count) {
        List<Delivery> puts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            puts.add(put("k" + i, "{\"n\": " + i + "}"));
        }
        return puts;
    }

    private static void assertRejected(Outcome outcome, boolean storm, String... words) {
        assertThat(outcome).isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
            assertThat(rejected.text()).contains(words);
            assertThat(rejected.storm()).isEqualTo(storm);
        });
    }

    @Test
    void documentsAreIndexedAndDeletedByKey() {
        open("{namespace}-{destination}", Map.of("destination", "plain", "id", "{namespace}:{key}"));
        assertThat(rig.deliver(List.of(put("a", "{\"v\":\n 1.10}"), put("b", "{\"v\": 2}"), put("a/ü", "{\"v\": 3}"))))
                .containsOnly(Outcome.applied());
        assertThat(source("shop-plain", "shop:a")).isEqualTo(new JsonObject("{\"v\": 1.10}"));
        assertThat(source("shop-plain", "shop:a%2F%C3%BC")).isEqualTo(new JsonObject("{\"v\": 3}"));
        assertThat(rig.deliver(delivery("a", Operation.DELETE, "", 0L))).isEqualTo(Outcome.applied());
        assertThat(rig.deliver(delivery("never there", Operation.DELETE, "", 0L)))
                .isEqualTo(Outcome.applied());
        assertThat(source("shop-plain", "shop:a")).isNull();
        assertThat(SERVER.count("shop-plain")).isEqualTo(2);
    }

    @Test
    void idAndRoutingComeOutOfTheDocumentWhereThatIsAskedFor() {
        create("routed", "{\"dynamic\": false, \"_routing\": {\"required\": true}}");
        open("routed", Map.of("id", "/order/id", "routing", "/customer", "gzip", true));
        List<Outcome> outcomes = rig.deliver(List.of(
                put("", "{\"order\": {\"id\": 17}, \"customer\": \"c1\"}"),
                put("", "{\"order\": {\"id\": \"x\"}, \"customer\": \"c2\"}"),
                put("", "{\"order\": {}, \"customer\": \"c2\"}"),
                delivery("", Operation.DELETE, "{\"order\": {\"id\": \"x\"}, \"customer\": \"c2\"}", 0L),
                delivery("", Operation.DELETE, "", 0L)));
        assertThat(outcomes.get(0)).isEqualTo(Outcome.applied());
        assertThat(outcomes.get(1)).isEqualTo(Outcome.applied());
        assertRejected(outcomes.get(2), false, "id: nothing at /order/id");
        assertThat(outcomes.get(3)).isEqualTo(Outcome.applied());
        assertRejected(outcomes.get(4), false, "id: nothing at /order/id", "of a DELETE too");
        JsonObject found = SERVER.get("/routed/_doc/17?routing=c1");
        assertThat(found.getString("_routing")).isEqualTo("c1");
        assertThat(SERVER.count("routed")).isEqualTo(1);
    }

    @Test
    void aPoisonousItemStopsNothingButItselfAndIsToldInTheServersWords() {
        create("checked", "{\"dynamic\": \"strict\", \"properties\": {\"n\": {\"type\": \"long\"}}}");
        open("checked", Map.of());
        List<Delivery> batch = puts(100);
        batch.set(10, put("k10", "{\"n\": \"ten\"}"));
        batch.set(20, put("k20", "{\"n\": 1, \"n\": 2}"));
        batch.set(30, put("k30", "{\"unknown\": 1}"));
        batch.set(40, put("k40", "[1]"));
        batch.set(50, put("k50", "{\"n\": 1}\n{\"delete\": {\"_id\": \"k1\"}}"));
        batch.set(60, put("x".repeat(600), "{\"n\": 1}"));
        List<Outcome> outcomes = rig.deliver(batch);
        assertRejected(
                outcomes.get(10),
                false,
                "400 mapper_parsing_exception: failed to parse field [n] of type [long]",
                "caused by: For input string: \"ten\"");
        assertRejected(outcomes.get(20), false, "Duplicate field 'n'");
        assertRejected(outcomes.get(30), false, "strict_dynamic_mapping_exception", "[unknown]");
        assertRejected(outcomes.get(40), false, "no JSON object");
        assertRejected(outcomes.get(50), false, "more than one JSON object");
        assertRejected(outcomes.get(60), false, "600 bytes");
        assertThat(outcomes.stream().filter(Outcome.applied()::equals)).hasSize(94);
        assertThat(SERVER.count("checked")).isEqualTo(94);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void shuffledAndDuplicatedWritesComeToWhatTheLastOfEachKeySays(long seed) {
        String index = "guarded-" + seed;
        create(index, "{\"dynamic\": false}");
        open(index, seed == 1 ? Map.of() : Map.of("deleted_field", "deleted"));
        Random random = new Random(seed);
        List<Delivery> history = new ArrayList<>();
        Map<String, String> expected = new TreeMap<>();
        for (int i = 0; i < 2_000; i++) {
            String key = "k" + random.nextInt(80);
            boolean put = random.nextInt(4) > 0;
            // a few of the same microsecond: the id's counter decides
            history.add(delivery(
                    key, put ? Operation.PUT : Operation.DELETE, put ? "{\"v\": " + i + "}" : "", BASE + i / 3));
            if (put) {
                expected.put(key, "{\"v\":" + i + "}");
            } else {
                expected.remove(key);
            }
        }
        List<Delivery> sent = new ArrayList<>(history);
        sent.addAll(history.subList(0, 1_000));
        Collections.shuffle(sent, random);
        deliverAll(sent);
        Map<String, String> held = new TreeMap<>();
        SERVER.ask("POST", "/" + index + "/_refresh", "");
        SERVER.get("/" + index + "/_search?size=1000")
                .getJsonObject("hits")
                .getJsonArray("hits")
                .forEach(hit -> held.put(
                        ((JsonObject) hit).getString("_id"),
                        ((JsonObject) hit).getJsonObject("_source").encode()));
        held.values().removeIf("{\"deleted\":true}"::equals);
        assertThat(expected).isNotEmpty();
        assertThat(held).isEqualTo(expected);
    }

    /** The server keeps a deletion's version in memory, and finds it again in what is not flushed only. */
    @Test
    void aPlainDeletionIsForgottenWithTheServersMemoryAndOneThatLeavesADocumentIsNot() {
        create("forgetful", "{}");
        create("mindful", "{}");
        open("{destination}", Map.of("destination", "forgetful"));
        another(
                "mindful",
                () -> open("mindful", Map.of("deleted_field", "deleted")),
                () -> assertThat(rig.deliver(List.of(
                                delivery("k", Operation.PUT, "{\"n\": 1}", BASE),
                                delivery("k", Operation.DELETE, "", BASE + 9))))
                        .containsOnly(Outcome.applied()));
        assertThat(rig.deliver(List.of(
                        delivery("k", Operation.PUT, "{\"n\": 1}", BASE),
                        delivery("k", Operation.DELETE, "", BASE + 9))))
                .containsOnly(Outcome.applied());
        Delivery late = delivery("k", Operation.PUT, "{\"n\": 2}", BASE + 5);
        assertThat(rig.deliver(late)).isEqualTo(Outcome.applied());
        assertThat(source("forgetful", "k")).as("within gc_deletes").isNull();

        SERVER.ask("POST", "/forgetful,mindful/_flush?force=true", "");
        SERVER.killAndRestart();

        deliverAll(List.of(late, Deliveries.of(0, Deliveries.with(late.entry(), BASE + 5, "mindful", null))));
        assertThat(source("forgetful", "k")).as("the docs say so").isEqualTo(new JsonObject("{\"n\": 2}"));
        assertThat(source("mindful", "k")).isEqualTo(new JsonObject("{\"deleted\": true}"));
    }

    @Test
    void aDuplicateIsAppliedAndChangesNothing() {
        create("doubled", "{}");
        open("doubled", Map.of());
        Delivery first = delivery("k", Operation.PUT, "{\"v\": 1}", BASE);
        Delivery second = delivery("k", Operation.PUT, "{\"v\": 2}", BASE + 1);
        for (Delivery delivery : List.of(first, first, second, first, second)) {
            assertThat(rig.deliver(delivery)).isEqualTo(Outcome.applied());
        }
        JsonObject found = SERVER.get("/doubled/_doc/k");
        assertThat(found.getJsonObject("_source").getInteger("v")).isEqualTo(2);
        assertThat(found.getLong("_version")).isEqualTo(DocumentVersion.of(second.entry()));
        assertThat(found.getLong("_seq_no")).as("two were indexed").isEqualTo(1);
    }

    @Test
    void aRequestThatIsTooLargeGoesInPartsAndADocumentThatIsTooLargeIsRejected() {
        create("large", "{\"dynamic\": false}");
        open("large", Map.of("bulk_bytes", 50 << 20));
        List<Delivery> batch = puts(100);
        for (int i = 0; i < 100; i++) {
            batch.set(i, put("k" + i, "{\"v\": \"" + "x".repeat(100_000) + "\"}"));
        }
        batch.set(33, put("k33", "{\"v\": \"" + "x".repeat(5_000_000) + "\"}"));
        List<Outcome> outcomes = new ArrayList<>(rig.deliver(batch));
        assertRejected(outcomes.remove(33), false, "HTTP 413");
        assertThat(outcomes).hasSize(99).containsOnly(Outcome.applied());
        assertThat(SERVER.count("large")).isEqualTo(99);
    }

    @Test
    void documentsGoThroughThePipelineAndAMissingOneIsAnErrorOfTheRoute() {
        SERVER.ask(
                "PUT",
                "/_ingest/pipeline/stamp",
                "{\"processors\": [{\"set\": {\"field\": \"stamped\", \"value\": true}}]}");
        create("piped", "{}");
        open("piped", Map.of("pipeline", "stamp"));
        assertThat(rig.deliver(puts(3))).containsOnly(Outcome.applied());
        assertThat(source("piped", "k2").getBoolean("stamped")).isTrue();
        another(
                "missing",
                () -> open("piped", Map.of("pipeline", "not there")),
                () -> assertRejected(rig.deliver(put("k", "{}")), true, "pipeline with id [not there] does not exist"));
    }

    /** With a rig of its own. */
    private void another(String name, Runnable open, Runnable work) {
        WriterRig first = rig;
        try (WriterRig other = new WriterRig(data.resolve(name))) {
            rig = other;
            open.run();
            work.run();
        } finally {
            rig = first;
        }
    }

    @Test
    void anIndexThatIsNotThereOrClosedIsAnErrorOfTheRouteAndServesOnceItIsThere() {
        SERVER.ask("PUT", "/_cluster/settings", "{\"persistent\": {\"action.auto_create_index\": \"false\"}}");
        try {
            open("wanted", Map.of());
            rig.deliver(puts(3)).forEach(outcome -> assertRejected(outcome, true, "no such index [wanted]"));
        } finally {
            SERVER.ask("PUT", "/_cluster/settings", "{\"persistent\": {\"action.auto_create_index\": null}}");
        }
        create("wanted", "{}");
        assertThat(rig.deliver(puts(3))).containsOnly(Outcome.applied());
        SERVER.ask("POST", "/wanted/_close", "");
        rig.deliver(puts(3)).forEach(outcome -> assertRejected(outcome, true, "index_closed_exception"));
        SERVER.ask("DELETE", "/wanted", "");
    }

    @Test
    void anIndexWithoutRoomIsRetriedUntilThereIsSome() {
        create("blocked", "{}");
        String settings = "{\"index.blocks.read_only_allow_delete\": ";
        SERVER.ask("PUT", "/blocked/_settings", settings + "true}");
        open("blocked", Map.of());
        assertThat(rig.deliver(put("k", "{}"))).isInstanceOfSatisfying(Outcome.Retry.class, retry -> {
            assertThat(retry.code()).isEqualTo(ErrorCode.TARGET_UNAVAILABLE);
            assertThat(retry.text()).contains("cluster_block_exception", "flood-stage");
        });
        SERVER.ask("PUT", "/blocked/_settings", settings + "null}");
        deliverAll(puts(10));
        assertThat(SERVER.count("blocked")).isEqualTo(10);
    }

    @Test
    void aShardThatIsNotThereHoldsUpNoOther() {
        SERVER.ask(
                "PUT",
                "/shop-away?wait_for_active_shards=0&timeout=1s",
                "{\"settings\": {\"index.routing.allocation.include._name\": \"nobody\"}}");
        try {
            create("shop-here", "{}");
            open("shop-{destination}", Map.of("destination", "here"), Duration.ofSeconds(6));
            List<Delivery> batch = puts(20);
            batch.set(7, Deliveries.of(0, Deliveries.with(put("k7", "{}").entry(), 0L, "away", null)));
            List<Outcome> outcomes = new ArrayList<>(rig.deliver(batch));
            assertThat(outcomes.remove(7))
                    .isInstanceOfSatisfying(
                            Outcome.Retry.class,
                            retry -> assertThat(retry.text()).contains("503 unavailable_shards_exception"));
            assertThat(outcomes).hasSize(19).containsOnly(Outcome.applied());
        } finally {
            SERVER.ask("DELETE", "/shop-away", "");
        }
    }

    @Test
    void opensWithoutAServerAndTellsWhatIsMissing() {
        open("i", Map.of("urls", List.of("http://127.0.0.1:" + Ports.free())), Duration.ofSeconds(3));
        assertThat(rig.deliver(put("k", "{}")).kind()).isEqualTo(Outcome.Kind.RETRY);
        assertThatThrownBy(() -> open("i", Map.of("urls", List.of("http://u:p@h"))))
                .hasMessageContaining("user and password by settings");
        assertThatThrownBy(() -> open("i", Map.of("urls", List.of("http://h", "http://h:9200"))))
                .hasMessageContaining("none twice");
        assertThatThrownBy(() -> open("{kye}", Map.of())).hasMessageContaining("config.index: {kye}");
        assertThatThrownBy(() -> open("i", Map.of("bulk_bytes", 10))).hasMessageContaining("1024 to 104857600");
        assertThatThrownBy(() -> open("i", Map.of("user", "u")))
                .hasMessageContaining("user, password: one alone (expected: both or none)");
        assertThatThrownBy(() -> open("i", Map.of("user", "u", "password", "env:P", "api_key", "env:K")))
                .hasMessageContaining("user, api_key: both");
        assertThatThrownBy(() -> open("i", Map.of("password", "plain")))
                .hasMessageContaining("file:PATH or env:NAME, never the secret")
                .hasMessageNotContaining("plain");
    }

    @Test
    void aServerThatIsKilledUnderLoadLosesNothingAndServesAgain() {
        create("survived", "{}");
        open("survived", Map.of(), Duration.ofSeconds(5));
        List<Delivery> all = puts(3_000);
        assertThat(rig.deliver(all.subList(0, 100))).containsOnly(Outcome.applied());
        List<Future<List<Outcome>>> answers = new ArrayList<>();
        for (int from = 0; from < 3_000; from += 100) {
            answers.add(rig.send(all.subList(from, from + 100)));
        }
        SERVER.kill();
        List<Delivery> left = new ArrayList<>();
        for (int batch = 0; batch < answers.size(); batch++) {
            List<Outcome> outcomes = WriterRig.await(answers.get(batch));
            for (int i = 0; i < outcomes.size(); i++) {
                if (!outcomes.get(i).equals(Outcome.applied())) {
                    assertThat(outcomes.get(i).kind()).isIn(Outcome.Kind.RETRY, Outcome.Kind.DEFERRED);
                    left.add(all.get(batch * 100 + i));
                }
            }
        }
        assertThat(rig.deliver(all.get(0)).kind()).isNotEqualTo(Outcome.Kind.APPLIED);
        Await.pause(Duration.ofSeconds(Soak.choose(1, 30)));
        SERVER.start();
        assertThat(SERVER.count("survived"))
                .as("what was applied is there")
                .isGreaterThanOrEqualTo(3_000 - left.size());
        deliverAll(left);
        assertThat(SERVER.count("survived")).isEqualTo(3_000);
    }

    @Test
    void aServerThatAcceptsAndDoesNotAnswerIsRetriedWithinTheTimeOutAndHoldsNoMoreThanTheLimit() {
        create("frozen", "{}");
        open("frozen", Map.of(), Duration.ofSeconds(2));
        assertThat(rig.deliver(put("k", "{}"))).isEqualTo(Outcome.applied());
        SERVER.freeze();
        try {
            List<Future<List<Outcome>>> sent = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                sent.add(rig.send(puts(200)));
            }
            assertThat(rig.status().inFlight()).isLessThanOrEqualTo(4);
            assertThat(rig.status().waiting()).isLessThanOrEqualTo(8_192);
            List<Outcome> outcomes = new ArrayList<>();
            sent.forEach(answer -> outcomes.addAll(WriterRig.await(answer)));
            assertThat(outcomes)
                    .allSatisfy(outcome -> assertThat(outcome.kind()).isIn(Outcome.Kind.RETRY, Outcome.Kind.DEFERRED));
            assertThat(outcomes.stream().filter(Outcome.Retry.class::isInstance).map(Outcome.Retry.class::cast))
                    .isNotEmpty()
                    .allSatisfy(retry -> assertThat(retry.code()).isEqualTo(ErrorCode.TARGET_TIMEOUT));
        } finally {
            SERVER.thaw();
        }
        deliverAll(puts(200));
        assertThat(SERVER.count("frozen")).isEqualTo(201);
    }

    @Test
    void aSlowServerAndConnectionsThatBreakLoseNothing() {
        create("slow", "{}");
        try (TcpProxy proxy = new TcpProxy(SERVER.port())) {
            open("slow", Map.of("urls", List.of("http://127.0.0.1:" + proxy.port())), Duration.ofSeconds(10));
            proxy.delay(Duration.ofMillis(100));
            assertThat(rig.deliver(puts(500))).containsOnly(Outcome.applied());
            List<Future<List<Outcome>>> sent = new ArrayList<>();
            List<Delivery> all = puts(2_000);
            for (int from = 0; from < 2_000; from += 100) {
                sent.add(rig.send(all.subList(from, from + 100)));
            }
            Await.pause(Duration.ofMillis(150));
            proxy.reset();
            List<Delivery> left = new ArrayList<>();
            for (int batch = 0; batch < sent.size(); batch++) {
                List<Outcome> outcomes = WriterRig.await(sent.get(batch));
                for (int i = 0; i < outcomes.size(); i++) {
                    if (!outcomes.get(i).equals(Outcome.applied())) {
                        left.add(all.get(batch * 100 + i));
                    }
                }
            }
            assertThat(proxy.connections()).isLessThanOrEqualTo(4);
            proxy.heal();
            deliverAll(left);
        }
        assertThat(SERVER.count("slow")).isEqualTo(2_000);
    }

    /** A dead node and a silent one beside the good one: each delivery is applied at its first attempt. */
    @Test
    void aNodeThatIsDeadOrSilentCostsNoAttemptAndServesOnceItIsBack() {
        create("several", "{}");
        try (TcpProxy silent = new TcpProxy(SERVER.port());
                TcpProxy dead = new TcpProxy(SERVER.port())) {
            silent.stall();
            dead.refuse();
            List<String> urls =
                    List.of("http://127.0.0.1:" + dead.port(), "http://127.0.0.1:" + silent.port() + "/", SERVER.url());
            open("several", Map.of("urls", urls), Duration.ofSeconds(8));
            for (int i = 0; i < 6; i++) {
                assertThat(rig.deliver(puts(50))).containsOnly(Outcome.applied());
            }
            assertThat(SERVER.count("several")).isEqualTo(50);
            dead.heal();
            Await.until("the dead one is asked again", Duration.ofSeconds(60), () -> {
                assertThat(rig.deliver(puts(50))).containsOnly(Outcome.applied());
                return dead.connections() > 0;
            });
        }
    }

    @Test
    void credentialsGoWithEveryRequestOverTlsAndAServerThatRefusesThemIsAnErrorOfTheRoute() throws Exception {
        create("secured", "{}");
        SelfSignedCertificate certificate = SelfSignedCertificate.create("localhost");
        Path right = Files.writeString(data.resolve("right"), "opensesame\n");
        Path wrong = Files.writeString(data.resolve("wrong"), "wrong");
        Gate gate = new Gate(certificate, List.of("Basic d3JpdGVyOm9wZW5zZXNhbWU=", "ApiKey opensesame"));
        Map<String, Object> tls = new HashMap<>(
                Map.of("urls", List.of("https://localhost:" + gate.port()), "ca_file", certificate.certificatePath()));
        tls.putAll(Map.of("user", "writer", "password", "file:" + right));
        open("secured", tls);
        assertThat(rig.deliver(puts(10))).containsOnly(Outcome.applied());
        tls.put("password", "file:" + wrong);
        another(
                "wrong",
                () -> open("secured", tls),
                () -> assertRejected(rig.deliver(put("k", "{}")), true, "HTTP 401: who are you?"));
        tls.keySet().removeAll(List.of("user", "password"));
        tls.put("api_key", "file:" + right);
        another(
                "key",
                () -> open("secured", tls),
                () -> assertThat(rig.deliver(puts(20))).containsOnly(Outcome.applied()));
        tls.remove("ca_file");
        another(
                "stranger",
                () -> open("secured", tls, Duration.ofSeconds(5)),
                () -> assertThat(rig.deliver(put("k", "{}")).kind()).isEqualTo(Outcome.Kind.RETRY));
        assertThat(SERVER.count("secured")).isEqualTo(20);
        gate.close();
    }

    @Test
    void aServerThatAsksForAPauseGetsIt() {
        create("paused", "{}");
        Gate gate = new Gate(null, List.of());
        gate.busy.set(1);
        open("paused", Map.of("urls", List.of("http://127.0.0.1:" + gate.port())));
        assertThat(rig.deliver(put("k", "{}")))
                .isEqualTo(Outcome.retry(ErrorCode.RATE_LIMITED, "HTTP 429: later", Duration.ofSeconds(2)));
        assertThat(rig.deliver(put("k", "{}")).kind()).isEqualTo(Outcome.Kind.DEFERRED);
        assertThat(gate.asked.get()).isEqualTo(1);
        deliverAll(puts(5));
        assertThat(SERVER.count("paused")).isEqualTo(5);
        gate.close();
    }

    /** Stands before the real server as a proxy of its own does: TLS, who may pass, and how many are sent away first. */
    private final class Gate {
        private final AtomicInteger busy = new AtomicInteger();
        private final AtomicInteger asked = new AtomicInteger();
        private final HttpClient behind = rig.vertx.createHttpClient();
        private final HttpServer server;

        /** Without a certificate in the clear; without credentials for everybody. */
        private Gate(SelfSignedCertificate certificate, List<String> credentials) {
            HttpServerOptions options =
                    new HttpServerOptions().setHost("127.0.0.1").setPort(0);
            if (certificate != null) {
                options.setSsl(true).setKeyCertOptions(certificate.keyCertOptions());
            }
            server = rig.vertx
                    .createHttpServer(options)
                    .requestHandler(request -> request.body().onSuccess(body -> {
                        asked.incrementAndGet();
                        if (busy.getAndDecrement() > 0) {
                            request.response()
                                    .setStatusCode(429)
                                    .putHeader("Retry-After", "2")
                                    .end("later");
                        } else if (!credentials.isEmpty()
                                && !credentials.contains(request.getHeader("Authorization"))) {
                            request.response().setStatusCode(401).end("who are you?");
                        } else {
                            behind.request(request.method(), SERVER.port(), "127.0.0.1", request.uri())
                                    .compose(out -> out.putHeader("Content-Type", "application/x-ndjson")
                                            .send(body))
                                    .compose(in -> in.body()
                                            .onSuccess(answer -> request.response()
                                                    .setStatusCode(in.statusCode())
                                                    .end(answer)))
                                    .onFailure(gone -> request.response()
                                            .setStatusCode(502)
                                            .end());
                        }
                    }));
            Await.result(server.listen());
        }

        private int port() {
            return server.actualPort();
        }

        private void close() {
            Await.result(server.close());
        }
    }

    /** Again until applied, in requests of a hundred. */
    private void deliverAll(List<Delivery> deliveries) {
        List<Delivery> left = new ArrayList<>(deliveries);
        Await.until("all are applied", Duration.ofSeconds(60), () -> {
            List<Delivery> sent = List.copyOf(left);
            left.clear();
            List<Future<List<Outcome>>> answers = new ArrayList<>();
            for (int from = 0; from < sent.size(); from += 100) {
                answers.add(rig.send(sent.subList(from, Math.min(sent.size(), from + 100))));
            }
            for (int batch = 0; batch < answers.size(); batch++) {
                List<Outcome> outcomes = WriterRig.await(answers.get(batch));
                for (int i = 0; i < outcomes.size(); i++) {
                    assertThat(outcomes.get(i).kind()).isNotEqualTo(Outcome.Kind.REJECTED);
                    if (outcomes.get(i).kind() != Outcome.Kind.APPLIED) {
                        left.add(sent.get(batch * 100 + i));
                    }
                }
            }
            return left.isEmpty();
        });
    }
}

package io.forelog.target.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.IdempotencyToken;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.rig.Await;
import io.forelog.rig.TcpProxy;
import io.forelog.target.Deliveries;
import io.forelog.target.SlowPhase;
import io.forelog.target.StalledLink;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(90)
class HttpTargetIT {
    private static final TargetSpec.Limit LIMIT = new TargetSpec.Limit(8, 0, Duration.ofSeconds(10), 1);

    private record Seen(String method, String uri, Map<String, String> headers, Buffer body) {}

    @TempDir
    Path data;

    private final List<Seen> seen = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger requests = new AtomicInteger();
    private volatile Consumer<HttpServerRequest> script =
            request -> request.response().end();
    private Vertx serverVertx;
    private HttpServer server;
    private WriterRig rig;

    @BeforeEach
    void start() {
        serverVertx = Vertx.vertx();
        listen(0);
        rig = new WriterRig(data);
    }

    @AfterEach
    void stop() {
        rig.close();
        WriterRig.await(serverVertx.close());
    }

    private void listen(int port) {
        server = serverVertx.createHttpServer().requestHandler(this::serve);
        WriterRig.await(server.listen(port, "127.0.0.1"));
    }

    private void serve(HttpServerRequest request) {
        requests.incrementAndGet();
        Map<String, String> headers = new HashMap<>();
        request.headers().forEach((name, value) -> headers.put(name.toLowerCase(java.util.Locale.ROOT), value));
        request.body().onSuccess(body -> {
            seen.add(new Seen(request.method().name(), request.uri(), headers, body));
            script.accept(request);
        });
    }

    private WriterRig open(String path, Map<String, Object> more) {
        return open(path, more, LIMIT);
    }

    private WriterRig open(String path, Map<String, Object> more, TargetSpec.Limit limit) {
        Map<String, Object> config = new HashMap<>(more);
        config.put("url", "http://127.0.0.1:" + server.actualPort() + path);
        return rig.deploy("http", config, limit);
    }

    private void answer(int status, String body, String... header) {
        script = request -> {
            for (int i = 0; i < header.length; i += 2) {
                request.response().putHeader(header[i], header[i + 1]);
            }
            request.response().setStatusCode(status).end(body);
        };
    }

    @Test
    void sendsThePayloadWithTheWritersContentTypeAndForelogsHeaders() {
        open("/hook", Map.of("headers", Map.of("x-team", "core")));
        var entry = Deliveries.entry(
                Buffer.buffer("k1"),
                Operation.PUT,
                Map.of(),
                Map.of(
                        "content-type", "application/json",
                        "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                        "host", "evil.example.org",
                        "content-length", "3",
                        "connection", "close",
                        "authorization", "Bearer of-the-writer",
                        "x-order", "grün"),
                Buffer.buffer("{\"a\": 1}"));
        entry = Deliveries.with(entry, 0, "", new IdempotencyToken("tok-1", 0));
        assertThat(rig.deliver(Deliveries.of(0, entry))).isEqualTo(Outcome.applied());

        Seen request = seen.get(0);
        assertThat(request.method()).isEqualTo("POST");
        assertThat(request.uri()).isEqualTo("/hook");
        assertThat(request.body().toString()).isEqualTo("{\"a\": 1}");
        assertThat(request.headers())
                .containsEntry("content-type", "application/json")
                .containsEntry("content-length", "8")
                .containsEntry("host", "127.0.0.1:" + server.actualPort())
                .containsEntry("forelog-entry-id", entry.id().toString())
                .containsEntry("forelog-namespace", "shop")
                .containsEntry("forelog-key", "k1")
                .containsEntry("forelog-attempt", "1")
                .containsEntry(
                        "forelog-due",
                        java.time.Instant.EPOCH
                                .plus(entry.dueMicros(), java.time.temporal.ChronoUnit.MICROS)
                                .toString())
                .containsEntry("forelog-operation", "PUT")
                .containsEntry("idempotency-key", "tok-1")
                .containsEntry("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
                .containsEntry("x-order", "gr%C3%BCn")
                .containsEntry("x-team", "core")
                .containsEntry("user-agent", "forelog/node-1")
                .doesNotContainKeys("authorization", "connection");
    }

    @Test
    void sendsKeysThatNoHeaderHoldsInBase64AndTheEntryIdAsIdempotencyKey() {
        open("/", Map.of());
        Delivery delivery = Deliveries.of(0, "schlüssel", "");
        assertThat(rig.deliver(delivery)).isEqualTo(Outcome.applied());
        assertThat(seen.get(0).headers())
                .containsEntry(
                        "forelog-key-base64",
                        Base64.getEncoder().encodeToString("schlüssel".getBytes(StandardCharsets.UTF_8)))
                .containsEntry("idempotency-key", delivery.entry().id().toString())
                .containsEntry("content-type", "application/octet-stream")
                .doesNotContainKey("forelog-key");
    }

    @Test
    void mapsOperationsToMethodsWhereConfigured() {
        open("/items/{key}", Map.of("methods", Map.of("put", "PUT", "delete", "DELETE", "touch", "PATCH")));
        for (Operation operation : Operation.values()) {
            rig.deliver(Deliveries.of(
                    0, Deliveries.entry(Buffer.buffer("a/b"), operation, Map.of(), Map.of(), Buffer.buffer())));
        }
        assertThat(seen).extracting(Seen::method).containsExactly("PUT", "DELETE", "PATCH");
        assertThat(seen).extracting(Seen::uri).containsOnly("/items/a%2Fb");
    }

    @ParameterizedTest
    @CsvSource({
        "200, APPLIED, , false",
        "204, APPLIED, , false",
        "301, REJECTED, TARGET_REJECTED, false",
        "400, REJECTED, TARGET_REJECTED, false",
        "401, REJECTED, TARGET_REJECTED, true",
        "403, REJECTED, TARGET_REJECTED, true",
        "404, REJECTED, TARGET_REJECTED, true",
        "408, RETRY, TARGET_UNAVAILABLE, false",
        "409, REJECTED, TARGET_REJECTED, false",
        "422, REJECTED, TARGET_REJECTED, false",
        "425, RETRY, TARGET_UNAVAILABLE, false",
        "429, RETRY, RATE_LIMITED, false",
        "500, RETRY, TARGET_UNAVAILABLE, false",
        "503, RETRY, TARGET_UNAVAILABLE, false"
    })
    void answersAsThePrintedTableSays(int status, Outcome.Kind kind, ErrorCode code, boolean storm) {
        open("/", Map.of());
        answer(status, status == 204 ? "" : "in my own\nwords", "location", "/elsewhere");
        Outcome outcome = rig.deliver(Deliveries.of(0, "k", "v"));
        assertThat(outcome.kind()).isEqualTo(kind);
        if (outcome instanceof Outcome.Retry retry) {
            assertThat(retry.code()).isEqualTo(code);
            assertThat(retry.text()).isEqualTo("HTTP " + status + ": in my own words");
        } else if (outcome instanceof Outcome.Rejected rejected) {
            assertThat(rejected.code()).isEqualTo(code);
            assertThat(rejected.storm()).isEqualTo(storm);
            assertThat(rejected.text()).isEqualTo("HTTP " + status + ": in my own words");
        }
        assertThat(requests).hasValue(1);
    }

    @Test
    void keepsTheServersWordsShortWhateverItSends() {
        open("/", Map.of());
        answer(400, "x".repeat(1_000_000));
        Outcome.Rejected rejected = (Outcome.Rejected) rig.deliver(Deliveries.of(0, "k", "v"));
        assertThat(rejected.text()).hasSizeLessThanOrEqualTo(300).startsWith("HTTP 400: xxx");
    }

    @Test
    void leavesTheTargetAloneForAsLongAsItAsks() {
        open("/", Map.of());
        answer(503, "busy", "retry-after", "1");
        Outcome.Retry retry = (Outcome.Retry) rig.deliver(Deliveries.of(0, "k", "v"));
        assertThat(retry.after()).isEqualTo(Duration.ofSeconds(1));

        answer(200, "");
        for (int i = 0; i < 5; i++) {
            assertThat(rig.deliver(Deliveries.of(0, "k", "v")).kind()).isEqualTo(Outcome.Kind.DEFERRED);
        }
        assertThat(requests).hasValue(1);
        Awaitility.await()
                .untilAsserted(
                        () -> assertThat(rig.deliver(Deliveries.of(0, "k", "v")).kind())
                                .isEqualTo(Outcome.Kind.APPLIED));
    }

    @Test
    void answersTimeoutWhereTheServerStallsAndGoesOnWhenItAnswersAgain() {
        open("/", Map.of(), new TargetSpec.Limit(8, 0, Duration.ofSeconds(1), 1));
        script = request -> {};
        Outcome.Retry retry = (Outcome.Retry) rig.deliver(Deliveries.of(0, "k", "v"));
        assertThat(retry.code()).isEqualTo(ErrorCode.TARGET_TIMEOUT);
        script = request -> request.response().end();
        assertThat(rig.deliver(Deliveries.of(0, "k", "v"))).isEqualTo(Outcome.applied());
    }

    @Test
    void retriesWhereTheConnectionIsReset() {
        open("/", Map.of());
        script = request -> request.connection().close();
        Outcome.Retry retry = (Outcome.Retry) rig.deliver(Deliveries.of(0, "k", "v"));
        assertThat(retry.code()).isEqualTo(ErrorCode.TARGET_UNAVAILABLE);
    }

    @Test
    void spendsFewAttemptsOnAnOutageAndFlowsAgainAfterIt() {
        open("/", Map.of());
        assertThat(rig.deliver(Deliveries.many(50))).containsOnly(Outcome.applied());
        int port = server.actualPort();
        WriterRig.await(server.close());

        long outageSeconds = Boolean.getBoolean("forelog.soak") ? 30 : 2;
        long until = System.nanoTime() + Duration.ofSeconds(outageSeconds).toNanos();
        int retries = 0;
        int deferred = 0;
        while (System.nanoTime() < until) {
            for (Outcome outcome : rig.deliver(Deliveries.many(20))) {
                retries += outcome.kind() == Outcome.Kind.RETRY ? 1 : 0;
                deferred += outcome.kind() == Outcome.Kind.DEFERRED ? 1 : 0;
            }
        }
        assertThat(retries).isBetween(1, 40);
        assertThat(deferred).isGreaterThan(retries);
        assertThat(rig.status().breaker()).isEqualTo("open");

        int before = requests.get();
        AtomicInteger came = new AtomicInteger();
        script = request -> serverVertx.setTimer(300, later -> {
            came.compareAndSet(0, requests.get() - before);
            request.response().end();
        });
        listen(port);
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .untilAsserted(
                        () -> assertThat(rig.deliver(Deliveries.many(20))).containsOnly(Outcome.applied()));
        assertThat(rig.status().breaker()).isEqualTo("closed");
        assertThat(came).as("requests until the first one was answered").hasValue(1);
    }

    @Test
    void whatIsScrapedTellsHowTheTargetFares() {
        assertThat(rig.scrape()).doesNotContain("forelog_target_");
        open("/", Map.of(), new TargetSpec.Limit(0, 0, Duration.ofSeconds(10), 1));
        int atFirst = rig.status().limit();
        assertThat(scraped("limit")).isEqualTo(atFirst);
        rig.deliver(Deliveries.many(80));
        assertThat(scraped("latency_seconds_count")).isEqualTo(80);
        assertThat(scraped("latency_seconds_sum")).isPositive();
        assertThat(rig.scrape())
                .contains("forelog_target_latency_seconds_bucket{namespace=\"shop\",target=\"target\",le=\"+Inf\"} 80");
        assertThat(scraped("breaker")).isZero();

        List<HttpServerRequest> held = Collections.synchronizedList(new ArrayList<>());
        script = held::add;
        Future<List<Outcome>> sent = rig.send(Deliveries.many(3));
        Await.until("three are held", Duration.ofSeconds(10), () -> held.size() == 3);
        assertThat(scraped("in_flight")).isEqualTo(3);
        held.forEach(request -> request.response().setStatusCode(429).end());
        WriterRig.await(sent);
        assertThat(scraped("in_flight")).isZero();

        answer(429, "");
        rig.deliver(Deliveries.many(60));
        assertThat(scraped("limit")).isEqualTo(rig.status().limit()).isLessThan(atFirst);
        assertThat(scraped("breaker")).isZero();
        answer(503, "");
        rig.deliver(Deliveries.many(60));
        assertThat(scraped("breaker")).isEqualTo(2);
        assertThat(scraped("latency_seconds_count")).isGreaterThan(143);

        rig.close();
        assertThat(rig.scrape()).doesNotContain("forelog_target_");
    }

    /** Of the one target, under exactly these labels. */
    private double scraped(String what) {
        rig.status(); // by then the writer has shown what it did before
        Matcher found = Pattern.compile(
                        "(?m)^forelog_target_" + what + "\\{namespace=\"shop\",target=\"target\"} (\\S+)$")
                .matcher(rig.scrape());
        assertThat(found.find()).as(rig.scrape()).isTrue();
        double value = Double.parseDouble(found.group(1));
        assertThat(found.find()).isFalse();
        return value;
    }

    @Test
    void takesOverAnotherUrlWithoutARestart() {
        open("/one", Map.of());
        rig.deliver(Deliveries.of(0, "k", "v"));
        Map<String, Object> config = Map.of("url", "http://127.0.0.1:" + server.actualPort() + "/two");
        WriterRig.await(rig.verticle().update(new TargetSpec("shop", "target", "http", 1, List.of(), config, LIMIT)));
        rig.deliver(Deliveries.of(0, "k", "v"));
        assertThat(seen).extracting(Seen::uri).containsExactly("/one", "/two");
    }

    @Test
    void aSlowServerHasFewerRequestsAndLosesNothing() {
        try (TcpProxy proxy = new TcpProxy(server.actualPort())) {
            rig.deploy("http", Map.of("url", "http://127.0.0.1:" + proxy.port() + "/"), SlowPhase.LIMIT);
            int count = SlowPhase.survives(rig, proxy, Duration.ofMillis(100), 64);
            Set<String> bodies = new HashSet<>();
            seen.forEach(request -> bodies.add(request.body().toString()));
            assertThat(bodies).hasSize(count);
        }
    }

    @Test
    void speaksHttp2WithoutTlsWhereAsked() {
        open("/", Map.of("http2", true));
        assertThat(rig.deliver(Deliveries.many(100))).containsOnly(Outcome.applied());
        assertThat(requests).hasValue(100);
    }

    /** HTTP/2: many requests share a connection, which outlives one that has no answer. */
    @Test
    void aConnectionOfHttp2ThatCarriesNothingAnyMoreIsGivenUp() {
        List<HttpVersion> versions = Collections.synchronizedList(new ArrayList<>());
        script = request -> {
            versions.add(request.version());
            request.response().end();
        };
        try (TcpProxy proxy = new TcpProxy(server.actualPort())) {
            rig.deploy(
                    "http",
                    Map.of("url", "http://127.0.0.1:" + proxy.port() + "/", "http2", true),
                    new TargetSpec.Limit(8, 0, Duration.ofSeconds(2), 1));
            StalledLink.isGivenUp(rig, proxy);
            assertThat(versions).containsOnly(HttpVersion.HTTP_2);
        }
    }

    /** A request that takes long says nothing of a connection on which others are answered. */
    @Test
    void aSlowRequestOfHttp2LeavesTheOthersTheirConnection() {
        AtomicInteger slow = new AtomicInteger();
        script = request -> {
            if (request.getHeader("forelog-key").equals("slow")) {
                slow.incrementAndGet();
            } else {
                request.response().end();
            }
        };
        try (TcpProxy proxy = new TcpProxy(server.actualPort())) {
            rig.deploy(
                    "http",
                    Map.of("url", "http://127.0.0.1:" + proxy.port() + "/", "http2", true, "connections", 1),
                    new TargetSpec.Limit(8, 0, Duration.ofSeconds(1), 1));
            assertThat(rig.deliver(Deliveries.of(0, "k", "v"))).isEqualTo(Outcome.applied());
            for (int i = 0; i < 3; i++) {
                assertThat(rig.deliver(Deliveries.of(0, "slow", "v")))
                        .isInstanceOfSatisfying(
                                Outcome.Retry.class,
                                retry -> assertThat(retry.code()).isEqualTo(ErrorCode.TARGET_TIMEOUT));
                assertThat(rig.deliver(Deliveries.of(0, "k", "v"))).isEqualTo(Outcome.applied());
            }
            assertThat(slow).hasValue(3);
            assertThat(proxy.connections()).isEqualTo(1);
        }
    }
}

package io.forelog.target.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.IdempotencyToken;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.rig.Await;
import io.forelog.rig.Certificates;
import io.forelog.rig.TcpProxy;
import io.forelog.rig.backend.GrpcReceiver;
import io.forelog.target.Deliveries;
import io.forelog.target.GrpcStub;
import io.forelog.target.SlowPhase;
import io.forelog.target.StalledLink;
import io.forelog.target.TargetSpec;
import io.forelog.target.TargetStatus;
import io.forelog.target.WriterRig;
import io.forelog.wire.v1.DeliverRequest;
import io.forelog.wire.v1.DeliverResponse;
import io.forelog.wire.v1.LogReceiverGrpcService;
import io.forelog.wire.v1.LogReceiverService;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.server.GrpcServerRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(180)
class GrpcTargetIT {
    /** What came by any method: metadata and the bytes of the message. */
    private record Seen(String method, Map<String, String> metadata, Buffer message) {}

    @TempDir
    Path data;

    private final List<Seen> seen = Collections.synchronizedList(new ArrayList<>());
    private volatile Consumer<GrpcServerRequest<Buffer, Buffer>> script = GrpcTargetIT::ok;
    private final GrpcStub server = new GrpcStub();
    private WriterRig rig;

    @BeforeEach
    void start() {
        listen(new HttpServerOptions());
        rig = new WriterRig(data);
    }

    @AfterEach
    void stop() {
        rig.close();
        server.close();
    }

    private void listen(HttpServerOptions options) {
        server.listen(
                options,
                grpc -> grpc.callHandler(call -> {
                    Map<String, String> metadata = new HashMap<>();
                    call.headers().forEach((name, value) -> metadata.put(name.toLowerCase(Locale.ROOT), value));
                    call.handler(message -> {
                        seen.add(new Seen(call.fullMethodName(), metadata, message));
                        script.accept(call);
                    });
                }));
    }

    private static void ok(GrpcServerRequest<Buffer, Buffer> call) {
        call.response().end(Buffer.buffer());
    }

    private void open(int port, Map<String, Object> more, Duration timeout) {
        Map<String, Object> config = new HashMap<>(Map.of("address", "127.0.0.1:" + port));
        config.putAll(more);
        rig.deploy("grpc", config, new TargetSpec.Limit(16, 0, timeout, 0));
    }

    private void open(Map<String, Object> more) {
        open(server.port(), more, Duration.ofSeconds(10));
    }

    private static Entry entry() {
        Entry entry = Deliveries.entry(
                Buffer.buffer(new byte[] {0, (byte) 0xFF}),
                Operation.TOUCH,
                Map.of("ttl", "PT1H"),
                Map.of(
                        "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                        "x-order", "grün",
                        "authorization", "Bearer of-the-writer",
                        "grpc-timeout", "1n",
                        "te", "evil"),
                Buffer.buffer("payload"));
        return Deliveries.with(entry, 1_700_000_000_123_456L, "prices", new IdempotencyToken("tok-1", 5_000_000L));
    }

    @Test
    void deliversAllOfTheEntryAsAMessage() throws Exception {
        Path secret = Files.writeString(data.resolve("secret"), "Bearer ours\n");
        open(Map.of(
                "metadata", Map.of("x-team", "core"), "metadata_secrets", Map.of("authorization", "file:" + secret)));
        Entry entry = entry();
        assertThat(rig.deliver(Deliveries.of(0, entry))).isEqualTo(Outcome.applied());
        Seen call = seen.get(0);
        assertThat(call.method()).isEqualTo("forelog.v1.LogReceiver/Deliver");
        assertThat(call.metadata())
                .containsEntry("authorization", "Bearer ours")
                .containsEntry("x-team", "core")
                .containsEntry("user-agent", "forelog/node-1")
                .containsEntry("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
                .doesNotContainKeys("x-order", "forelog-entry-id");
        assertThat(call.metadata()).as("the deadline of 10 s").containsEntry("grpc-timeout", "10000000u");
        DeliverRequest request = DeliverRequest.parseFrom(call.message().getBytes());
        assertThat(request.getNamespace()).isEqualTo("shop");
        assertThat(request.getEntryId()).isEqualTo(entry.id().toString());
        assertThat(request.getKey().toByteArray()).containsExactly(0, 0xFF);
        assertThat(request.getPayload().toStringUtf8()).isEqualTo("payload");
        assertThat(request.getHeadersMap()).isEqualTo(entry.headers());
        assertThat(request.getOperation().name()).isEqualTo("OPERATION_TOUCH");
        assertThat(request.getAttempt()).isEqualTo(1);
        assertThat(request.getWriteTime().getSeconds()).isEqualTo(1_700_000_000L);
        assertThat(request.getWriteTime().getNanos()).isEqualTo(123_456_000);
        assertThat(request.getIdempotencyToken().getToken()).isEqualTo("tok-1");
        assertThat(request.getIdempotencyToken().getGenerationTime().getSeconds())
                .isEqualTo(5L);
        assertThat(request.getDestination()).isEqualTo("prices");
        assertThat(request.getAttributesMap()).containsEntry("ttl", "PT1H");
        assertThat(request.getDueTime().getSeconds()).isEqualTo(entry.dueMicros() / 1_000_000L);
    }

    @Test
    void callsAnyUnaryMethodWithThePayloadAsItsRequest() {
        open(Map.of("method", "stock.v2.Stock/Apply"));
        Entry entry = entry();
        assertThat(rig.deliver(Deliveries.of(0, entry))).isEqualTo(Outcome.applied());
        Seen call = seen.get(0);
        assertThat(call.method()).isEqualTo("stock.v2.Stock/Apply");
        assertThat(call.message().toString()).isEqualTo("payload");
        assertThat(call.metadata())
                .containsEntry("forelog-entry-id", entry.id().toString())
                .containsEntry("forelog-namespace", "shop")
                .containsEntry("forelog-key-bin", "AP8")
                .containsEntry("forelog-destination", "prices")
                .containsEntry("forelog-attempt", "1")
                .containsEntry("forelog-operation", "TOUCH")
                .containsEntry("idempotency-key", "tok-1")
                .containsEntry("x-order", "gr%C3%BCn")
                .containsKeys("traceparent", "forelog-due")
                .doesNotContainKey("authorization");
        assertThat(call.metadata().get("te")).isNotEqualTo("evil");
        assertThat(call.metadata().get("grpc-timeout")).isNotEqualTo("1n");
    }

    @ParameterizedTest
    @CsvSource({
        "OK, APPLIED, , false",
        "ALREADY_EXISTS, APPLIED, , false",
        "INVALID_ARGUMENT, REJECTED, TARGET_REJECTED, false",
        "FAILED_PRECONDITION, REJECTED, TARGET_REJECTED, false",
        "NOT_FOUND, REJECTED, TARGET_REJECTED, false",
        "OUT_OF_RANGE, REJECTED, TARGET_REJECTED, false",
        "DATA_LOSS, REJECTED, TARGET_REJECTED, false",
        "PERMISSION_DENIED, REJECTED, TARGET_REJECTED, true",
        "UNAUTHENTICATED, REJECTED, TARGET_REJECTED, true",
        "UNIMPLEMENTED, REJECTED, TARGET_REJECTED, true",
        "RESOURCE_EXHAUSTED, RETRY, RATE_LIMITED, false",
        "ABORTED, RETRY, CONFLICT, false",
        "CANCELLED, RETRY, TARGET_TIMEOUT, false",
        "DEADLINE_EXCEEDED, RETRY, TARGET_TIMEOUT, false",
        "UNAVAILABLE, RETRY, TARGET_UNAVAILABLE, false",
        "INTERNAL, RETRY, TARGET_UNAVAILABLE, false",
        "UNKNOWN, RETRY, TARGET_UNAVAILABLE, false"
    })
    void answersAsThePrintedTableSays(GrpcStatus status, Outcome.Kind kind, ErrorCode code, boolean storm) {
        open(Map.of());
        script = call ->
                call.response().status(status).statusMessage("in my own wörds").end();
        Outcome outcome = rig.deliver(Deliveries.of(0, "k", "v"));
        assertThat(outcome.kind()).isEqualTo(kind);
        String words = "gRPC " + status.name() + ": in my own wörds";
        if (outcome instanceof Outcome.Retry retry) {
            assertThat(retry.code()).isEqualTo(code);
            assertThat(retry.text()).isEqualTo(words);
        } else if (outcome instanceof Outcome.Rejected rejected) {
            assertThat(rejected.code()).isEqualTo(code);
            assertThat(rejected.storm()).isEqualTo(storm);
            assertThat(rejected.text()).isEqualTo(words);
        }
        assertThat(seen).hasSize(1);
    }

    @Test
    void aBadEntryStopsNothingButItself() {
        open(Map.of());
        script = call -> {
            Buffer message = seen.get(seen.size() - 1).message();
            if (message.toString(UTF_8).contains("payload 7")) {
                call.response()
                        .status(GrpcStatus.FAILED_PRECONDITION)
                        .statusMessage("seven")
                        .end();
            } else {
                ok(call);
            }
        };
        List<Outcome> outcomes = new ArrayList<>(rig.deliver(Deliveries.many(10)));
        assertThat(outcomes.remove(7))
                .isEqualTo(Outcome.rejected(ErrorCode.TARGET_REJECTED, "gRPC FAILED_PRECONDITION: seven", false));
        assertThat(outcomes).containsOnly(Outcome.applied());
    }

    @Test
    void leavesTheTargetAloneForAsLongAsItsRetryInfoSays() {
        open(Map.of());
        script = call -> {
            GrpcStub.retryInfo(call.response(), 1);
            call.response().status(GrpcStatus.RESOURCE_EXHAUSTED).end();
        };
        Outcome.Retry retry = (Outcome.Retry) rig.deliver(Deliveries.of(0, "k", "v"));
        assertThat(retry.after()).isEqualTo(Duration.ofSeconds(1));
        script = GrpcTargetIT::ok;
        assertThat(rig.deliver(Deliveries.of(0, "k", "v")).kind()).isEqualTo(Outcome.Kind.DEFERRED);
        assertThat(seen).hasSize(1);
        Await.until(
                "it is asked again",
                Duration.ofSeconds(30),
                () -> rig.deliver(Deliveries.of(0, "k", "v")).equals(Outcome.applied()));
    }

    @Test
    void aSlowServiceIsRetriedAtItsDeadlineAndHoldsNoMoreThanTheLimit() {
        open(server.port(), Map.of(), Duration.ofSeconds(2));
        List<GrpcServerRequest<Buffer, Buffer>> held = Collections.synchronizedList(new ArrayList<>());
        script = held::add;
        List<Future<List<Outcome>>> sent = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            sent.add(rig.send(Deliveries.many(50)));
        }
        Await.until("the limit is full", Duration.ofSeconds(10), () -> held.size() == 16);
        TargetStatus status = rig.status();
        assertThat(status.inFlight()).isLessThanOrEqualTo(16);
        for (Future<List<Outcome>> outcomes : sent) {
            assertThat(WriterRig.await(outcomes)).allSatisfy(outcome -> {
                assertThat(outcome.kind()).isIn(Outcome.Kind.RETRY, Outcome.Kind.DEFERRED);
                if (outcome instanceof Outcome.Retry retry) {
                    assertThat(retry.code()).isEqualTo(ErrorCode.TARGET_TIMEOUT);
                }
            });
        }
        script = GrpcTargetIT::ok;
        Await.until(
                "it serves again",
                Duration.ofSeconds(30),
                () -> rig.deliver(Deliveries.of(0, "k", "v")).equals(Outcome.applied()));
    }

    @Test
    void aSlowServiceHasFewerCallsAndLosesNothing() {
        try (TcpProxy proxy = new TcpProxy(server.port())) {
            rig.deploy(
                    "grpc",
                    Map.of("address", "127.0.0.1:" + proxy.port(), "method", "stock.v2.Stock/Apply"),
                    SlowPhase.LIMIT);
            int count = SlowPhase.survives(rig, proxy, Duration.ofMillis(100), 1);
            Set<Buffer> messages = new HashSet<>();
            seen.forEach(call -> messages.add(call.message()));
            assertThat(messages).hasSize(count);
        }
    }

    @Test
    void aConnectionThatCarriesNothingAnyMoreIsGivenUp() {
        try (TcpProxy proxy = new TcpProxy(server.port())) {
            open(proxy.port(), Map.of(), Duration.ofSeconds(2));
            StalledLink.isGivenUp(rig, proxy);
        }
    }

    /** A service that grants four streams and answers nobody: what waits for a stream is not the connection's fault. */
    @Test
    void callsThatWaitForAStreamLeaveTheConnectionToTheOthers() {
        listen(new HttpServerOptions().setInitialSettings(new Http2Settings().setMaxConcurrentStreams(4)));
        script = call -> {};
        try (TcpProxy proxy = new TcpProxy(server.port())) {
            open(proxy.port(), Map.of(), Duration.ofSeconds(1));
            for (int round = 0; round < 3; round++) {
                List<Outcome> outcomes = rig.deliver(Deliveries.many(16));
                assertThat(outcomes).allMatch(outcome -> outcome.kind() != Outcome.Kind.APPLIED);
                assertThat(outcomes)
                        .filteredOn(Outcome.Retry.class::isInstance)
                        .extracting(outcome -> ((Outcome.Retry) outcome).code())
                        .isSubsetOf(ErrorCode.TARGET_TIMEOUT, ErrorCode.RATE_LIMITED);
            }
            assertThat(proxy.connections()).isEqualTo(1);
            script = GrpcTargetIT::ok;
            rig.deliverAll(Deliveries.many(50));
            assertThat(proxy.connections()).isEqualTo(1);
        }
    }

    @Test
    void aServiceThatIsKilledUnderLoadLosesNothingAndServesAgainWhenItIsBack() {
        try (GrpcReceiver receiver = new GrpcReceiver(data)) {
            open(receiver.port(), Map.of(), Duration.ofSeconds(3));
            List<Delivery> before = Deliveries.many(200);
            rig.deliverAll(before);
            List<Delivery> during = Deliveries.many(2_000);
            Future<List<Outcome>> sent = rig.send(during);
            Await.until(
                    "it is at work",
                    Duration.ofSeconds(20),
                    () -> receiver.deliveries().size() > 250);
            receiver.kill();
            Set<String> applied = new HashSet<>();
            List<Outcome> outcomes = WriterRig.await(sent);
            List<Delivery> left = new ArrayList<>();
            for (int i = 0; i < outcomes.size(); i++) {
                if (outcomes.get(i).equals(Outcome.applied())) {
                    applied.add(during.get(i).entry().id().toString());
                } else {
                    left.add(during.get(i));
                }
            }
            assertThat(ids(receiver)).as("what was said to be applied is there").containsAll(applied);
            assertThat(left).isNotEmpty();
            receiver.start();
            rig.deliverAll(left);
            Set<String> all = new HashSet<>();
            before.forEach(delivery -> all.add(delivery.entry().id().toString()));
            during.forEach(delivery -> all.add(delivery.entry().id().toString()));
            assertThat(ids(receiver)).isEqualTo(all);
        }
    }

    @Test
    void aFrozenServiceIsRetriedAndServesAgainWhenItGoesOn() throws Exception {
        try (GrpcReceiver receiver = new GrpcReceiver(data)) {
            open(receiver.port(), Map.of(), Duration.ofSeconds(2));
            rig.deliverAll(Deliveries.many(50));
            receiver.freeze();
            List<Delivery> during = Deliveries.many(40);
            try {
                for (int i = 0; i < 6; i++) {
                    assertThat(rig.deliver(during))
                            .allSatisfy(outcome ->
                                    assertThat(outcome.kind()).isIn(Outcome.Kind.RETRY, Outcome.Kind.DEFERRED));
                    Await.pause(Duration.ofSeconds(2));
                }
                assertThat(connectionsTo(receiver.port()))
                        .as("old connections are gone")
                        .isLessThanOrEqualTo(2);
            } finally {
                receiver.thaw();
            }
            rig.deliverAll(during);
            assertThat(ids(receiver))
                    .containsAll(during.stream()
                            .map(delivery -> delivery.entry().id().toString())
                            .toList());
        }
    }

    /** Of this process: established, the service's port on the other side. */
    private static long connectionsTo(int port) throws Exception {
        String remote = String.format(Locale.ROOT, ":%04X", port);
        List<String> lines = new ArrayList<>(Files.readAllLines(Path.of("/proc/self/net/tcp")));
        if (Files.exists(Path.of("/proc/self/net/tcp6"))) {
            lines.addAll(Files.readAllLines(Path.of("/proc/self/net/tcp6")));
        }
        return lines.stream()
                .map(line -> line.strip().split("\\s+"))
                .filter(words -> words.length > 3 && words[2].endsWith(remote) && words[3].equals("01"))
                .count();
    }

    private static Set<String> ids(GrpcReceiver receiver) {
        return receiver.deliveries().stream().map(line -> line.split(" ")[1]).collect(Collectors.toSet());
    }

    @Test
    void anHttpServerThatSpeaksNoGrpcIsRetried() {
        HttpServer plain = server.vertx
                .createHttpServer()
                .requestHandler(request -> request.response().setStatusCode(503).end("no gRPC here"));
        WriterRig.await(plain.listen(0, "127.0.0.1"));
        open(plain.actualPort(), Map.of(), Duration.ofSeconds(3));
        assertThat(rig.deliver(Deliveries.of(0, "k", "v"))).isInstanceOf(Outcome.Retry.class);
    }

    @Test
    void bothSidesProveWhoTheyAreWithMutualTls() throws Exception {
        Certificates own = new Certificates(data, "own")
                .issue("server", "ip:127.0.0.1")
                .issue("client", "dns:forelog.example.org");
        Certificates other = new Certificates(data, "other");
        Map<String, Object> known = Map.of(
                "tls",
                true,
                "ca_file",
                own.authority().toString(),
                "cert_file",
                own.certificate("client").toString(),
                "key_file",
                own.key("client").toString());
        listen(new HttpServerOptions()
                .setSsl(true)
                .setUseAlpn(true)
                .setClientAuth(ClientAuth.REQUIRED)
                .setTrustOptions(
                        new PemTrustOptions().addCertPath(own.authority().toString()))
                .setKeyCertOptions(new PemKeyCertOptions()
                        .addCertPath(own.certificate("server").toString())
                        .addKeyPath(own.key("server").toString())));
        open(known);
        assertThat(rig.deliver(Deliveries.many(20))).containsOnly(Outcome.applied());
        Map<String, Object> believingOthers = new HashMap<>(known);
        believingOthers.put("ca_file", other.authority().toString());
        for (Map<String, Object> wrong : List.of(
                Map.<String, Object>of("tls", true, "ca_file", own.authority().toString()), believingOthers)) {
            try (WriterRig second = new WriterRig(data.resolve("other" + wrong.size()))) {
                WriterRig first = rig;
                rig = second;
                open(server.port(), wrong, Duration.ofSeconds(3));
                assertThat(rig.deliver(Deliveries.of(0, "k", "v"))).isInstanceOf(Outcome.Retry.class);
                rig = first;
            }
        }
        assertThat(seen).hasSize(20);
    }

    @Test
    void whatIsConfiguredWronglyIsToldByName() {
        Map<Map<String, Object>, String> wrong = Map.of(
                Map.of("method", "Deliver"), "package.Service/Method",
                Map.of("metadata", Map.of("grpc-timeout", "1S")), "lower case names that are not set by the client",
                Map.of("metadata_secrets", Map.of("authorization", "Bearer x")), "file:PATH or env:NAME",
                Map.of("cert_file", "x"), "cert_file: without tls",
                Map.of("tls", true, "cert_file", "x"), "cert_file, key_file: one alone",
                Map.of("tls", true, "ca_file", data.resolve("missing").toString()), "ca_file: ",
                Map.of("metadata", Map.of("a", "1"), "metadata_secrets", Map.of("a", "env:PATH")),
                        "metadata.a: in metadata_secrets, too");
        wrong.forEach(
                (config, expectation) -> assertThatThrownBy(() -> open(config)).hasStackTraceContaining(expectation));
    }

    @Test
    void theGeneratedServiceTakesDeliveries() {
        List<String> keys = Collections.synchronizedList(new ArrayList<>());
        LogReceiverService service = new LogReceiverService() {
            @Override
            public Future<DeliverResponse> deliver(DeliverRequest request) {
                keys.add(request.getKey().toStringUtf8());
                return Future.succeededFuture(DeliverResponse.getDefaultInstance());
            }
        };
        server.listen(new HttpServerOptions(), grpc -> grpc.addService(LogReceiverGrpcService.of(service)));
        open(Map.of());
        assertThat(rig.deliver(Deliveries.many(3))).containsOnly(Outcome.applied());
        assertThat(keys).containsExactlyInAnyOrder("k0", "k1", "k2");
    }
}

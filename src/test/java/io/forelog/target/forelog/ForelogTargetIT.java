package io.forelog.target.forelog;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.IdempotencyToken;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.Ports;
import io.forelog.rig.TcpProxy;
import io.forelog.target.Deliveries;
import io.forelog.target.GrpcStub;
import io.forelog.target.SlowPhase;
import io.forelog.target.StalledLink;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.forelog.wire.v1.Trilean;
import io.forelog.wire.v1.WriteAheadLogGrpcService;
import io.forelog.wire.v1.WriteBatchRequest;
import io.forelog.wire.v1.WriteBatchResponse;
import io.forelog.wire.v1.WriteToLogRequest;
import io.forelog.wire.v1.WriteToLogResponse;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.server.GrpcServerRequest;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(90)
class ForelogTargetIT {
    @TempDir
    Path data;

    private final List<WriteBatchRequest> seen = Collections.synchronizedList(new ArrayList<>());
    private volatile BiConsumer<GrpcServerRequest<WriteBatchRequest, WriteBatchResponse>, WriteBatchRequest> script;
    private GrpcStub server;
    private WriterRig rig;

    @BeforeEach
    void start() {
        server = new GrpcStub()
                .listen(
                        new HttpServerOptions(),
                        grpc -> grpc.callHandler(
                                WriteAheadLogGrpcService.WriteBatch,
                                request -> request.handler(message -> {
                                    seen.add(message);
                                    script.accept(request, message);
                                })));
        rig = new WriterRig(data);
        answer(write -> durable(Trilean.TRILEAN_TRUE, ""));
    }

    @AfterEach
    void stop() {
        rig.close();
        server.close();
    }

    private void open(Map<String, Object> more, Duration timeout) {
        open(server.port(), more, timeout);
    }

    private void open(int port, Map<String, Object> more, Duration timeout) {
        Map<String, Object> config = new HashMap<>(more);
        config.put("address", "127.0.0.1:" + port);
        rig.deploy("forelog", config, new TargetSpec.Limit(4, 0, timeout, 0));
    }

    private void open(Map<String, Object> more) {
        open(more, Duration.ofSeconds(10));
    }

    private void answer(Function<WriteToLogRequest, WriteToLogResponse> each) {
        script = (request, message) -> {
            WriteBatchResponse.Builder reply = WriteBatchResponse.newBuilder();
            message.getEntriesList().forEach(write -> reply.addOutcomes(each.apply(write)));
            request.response().end(reply.build());
        };
    }

    private static WriteToLogResponse durable(Trilean durable, String message) {
        return WriteToLogResponse.newBuilder()
                .setDurable(durable)
                .setMessage(message)
                .build();
    }

    @Test
    void carriesAllOfTheEntryAndATokenThatMakesARepetitionTheSameWrite() {
        open(Map.of("namespace", "copy", "target", "cache"));
        var entry = Deliveries.entry(
                Buffer.buffer(new byte[] {0, (byte) 0xFF}),
                Operation.DELETE,
                Map.of("ttl", "PT1H"),
                Map.of("traceparent", "00-1-2-01"),
                Buffer.buffer("payload"));
        entry = Deliveries.with(entry, 1_700_000_000_123_456L, "place", null);
        assertThat(rig.deliver(Deliveries.of(0, entry))).isEqualTo(Outcome.applied());

        WriteToLogRequest write = seen.get(0).getEntries(0);
        assertThat(write.getNamespace()).isEqualTo("copy");
        assertThat(write.getTarget().getName()).isEqualTo("cache");
        assertThat(write.getTarget().getDestination()).isEqualTo("place");
        assertThat(write.getTarget().getKey().toByteArray()).containsExactly(0, 0xFF);
        assertThat(write.getTarget().getOperation().name()).isEqualTo("OPERATION_DELETE");
        assertThat(write.getTarget().getAttributesMap()).containsEntry("ttl", "PT1H");
        assertThat(write.getPayload().toStringUtf8()).isEqualTo("payload");
        assertThat(write.getLifecycle().getWriteTime().getSeconds()).isEqualTo(1_700_000_000L);
        assertThat(write.getLifecycle().getWriteTime().getNanos()).isEqualTo(123_456_000);
        assertThat(write.getIdempotencyToken().getToken()).isEqualTo(entry.id().toString());
        assertThat(write.getHeadersMap())
                .containsEntry("traceparent", "00-1-2-01")
                .containsEntry("forelog-origin-entry-id", entry.id().toString());

        rig.deliver(Deliveries.of(1, Deliveries.with(entry, 0, "", new IdempotencyToken("tok", 5_000_000L))));
        WriteToLogRequest second = seen.get(1).getEntries(0);
        assertThat(second.getIdempotencyToken().getToken()).isEqualTo("tok");
        assertThat(second.getLifecycle().getWriteTime().getSeconds()).isEqualTo(5L);
    }

    @ParameterizedTest
    @CsvSource({
        "TRILEAN_UNKNOWN, UNKNOWN_DURABILITY: no answer, RETRY, TARGET_UNAVAILABLE, false",
        "TRILEAN_FALSE, LOW_DISK: 1 GiB is free, RETRY, TARGET_UNAVAILABLE, false",
        "TRILEAN_FALSE, RATE_LIMITED: 10/s, RETRY, RATE_LIMITED, false",
        "TRILEAN_FALSE, NOT_DURABLE: the queue refused, RETRY, TARGET_UNAVAILABLE, false",
        "TRILEAN_FALSE, INVALID_ARGUMENT: key, REJECTED, TARGET_REJECTED, false",
        "TRILEAN_FALSE, UNKNOWN_NAMESPACE: shop, REJECTED, TARGET_REJECTED, true",
        "TRILEAN_FALSE, PERMISSION_DENIED: shop, REJECTED, TARGET_REJECTED, true",
        "TRILEAN_FALSE, what is this, RETRY, TARGET_UNAVAILABLE, false"
    })
    void answersOutcomesAsThePrintedTableSays(
            Trilean durable, String message, Outcome.Kind kind, ErrorCode code, boolean storm) {
        open(Map.of());
        answer(write -> durable(durable, message));
        check(rig.deliver(Deliveries.of(0, "k", "v")), kind, code, storm);
    }

    @ParameterizedTest
    @CsvSource({
        "INVALID_ARGUMENT, REJECTED, TARGET_REJECTED, false",
        "NOT_FOUND, REJECTED, TARGET_REJECTED, true",
        "PERMISSION_DENIED, REJECTED, TARGET_REJECTED, true",
        "UNAUTHENTICATED, REJECTED, TARGET_REJECTED, true",
        "RESOURCE_EXHAUSTED, RETRY, RATE_LIMITED, false",
        "UNAVAILABLE, RETRY, TARGET_UNAVAILABLE, false",
        "INTERNAL, RETRY, TARGET_UNAVAILABLE, false"
    })
    void answersStatusesAsThePrintedTableSays(GrpcStatus status, Outcome.Kind kind, ErrorCode code, boolean storm) {
        open(Map.of());
        script = (request, message) ->
                request.response().status(status).statusMessage("said so").end();
        check(rig.deliver(Deliveries.of(0, "k", "v")), kind, code, storm);
    }

    private static void check(Outcome outcome, Outcome.Kind kind, ErrorCode code, boolean storm) {
        assertThat(outcome.kind()).isEqualTo(kind);
        if (outcome instanceof Outcome.Retry retry) {
            assertThat(retry.code()).isEqualTo(code);
        } else if (outcome instanceof Outcome.Rejected rejected) {
            assertThat(rejected.code()).isEqualTo(code);
            assertThat(rejected.storm()).isEqualTo(storm);
        }
    }

    @Test
    void honoursTheRetryInfoOfAStatus() {
        open(Map.of());
        script = (request, message) -> {
            GrpcStub.retryInfo(request.response(), 7);
            request.response().status(GrpcStatus.UNAVAILABLE).end();
        };
        Outcome.Retry retry = (Outcome.Retry) rig.deliver(Deliveries.of(0, "k", "v"));
        assertThat(retry.after()).isEqualTo(Duration.ofSeconds(7));
        assertThat(rig.deliver(Deliveries.of(0, "k", "v")).kind()).isEqualTo(Outcome.Kind.DEFERRED);
    }

    @Test
    void asksForEachAloneWhereABatchIsRefusedForOneOfThem() {
        open(Map.of());
        script = (request, message) -> {
            boolean bad = message.getEntriesList().stream()
                    .anyMatch(write -> write.getTarget().getKey().toStringUtf8().equals("k3"));
            if (bad) {
                request.response().status(GrpcStatus.INVALID_ARGUMENT).end();
                return;
            }
            WriteBatchResponse.Builder reply = WriteBatchResponse.newBuilder();
            message.getEntriesList().forEach(write -> reply.addOutcomes(durable(Trilean.TRILEAN_TRUE, "")));
            request.response().end(reply.build());
        };
        List<Outcome> outcomes = new ArrayList<>(rig.deliver(Deliveries.many(5)));
        assertThat(outcomes.get(3).kind()).isEqualTo(Outcome.Kind.REJECTED);
        outcomes.remove(3);
        assertThat(outcomes).containsOnly(Outcome.applied());
    }

    /** One batch has one call out, whatever is wrong with its entries, and its deadline holds for all calls together. */
    @Test
    void findsTheBadOnesOfALargeBatchWithFewCallsOneAfterTheOther() {
        open(Map.of());
        AtomicInteger open = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        script = (request, message) -> {
            most.accumulateAndGet(open.incrementAndGet(), Math::max);
            server.vertx.setTimer(5, later -> {
                open.decrementAndGet();
                if (message.getEntriesList().stream()
                        .map(write -> write.getTarget().getKey().toStringUtf8())
                        .anyMatch(key -> key.equals("k77") || key.equals("k512"))) {
                    request.response().status(GrpcStatus.INVALID_ARGUMENT).end();
                    return;
                }
                WriteBatchResponse.Builder reply = WriteBatchResponse.newBuilder();
                message.getEntriesList().forEach(write -> reply.addOutcomes(durable(Trilean.TRILEAN_TRUE, "")));
                request.response().end(reply.build());
            });
        };
        List<Outcome> outcomes = new ArrayList<>(rig.deliver(Deliveries.many(1_000)));
        assertThat(outcomes.remove(512).kind()).isEqualTo(Outcome.Kind.REJECTED);
        assertThat(outcomes.remove(77).kind()).isEqualTo(Outcome.Kind.REJECTED);
        assertThat(outcomes).hasSize(998).containsOnly(Outcome.applied());
        assertThat(most).hasValue(1);
        assertThat(seen).hasSizeLessThan(50);
    }

    @Test
    void tellsWhatWasAnsweredWhenTheTimeIsOverAndRetriesTheRestWithoutTakingTheOtherForSick() {
        open(Map.of(), Duration.ofSeconds(2));
        script = (request, message) -> server.vertx.setTimer(
                50,
                later -> request.response().status(GrpcStatus.INVALID_ARGUMENT).end());
        List<Outcome> outcomes = rig.deliver(Deliveries.many(200));
        assertThat(outcomes.stream().map(Outcome::kind))
                .contains(Outcome.Kind.REJECTED, Outcome.Kind.RETRY)
                .doesNotContain(Outcome.Kind.APPLIED);
        assertThat(outcomes)
                .filteredOn(Outcome.Retry.class::isInstance)
                .allMatch(outcome -> ((Outcome.Retry) outcome).code() == ErrorCode.RATE_LIMITED);
    }

    @Test
    void cutsABatchThatIsTooLargeForOneMessage() {
        open(Map.of());
        List<Delivery> large = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            large.add(Deliveries.of(
                    i,
                    Deliveries.entry(
                            Buffer.buffer("k" + i),
                            Operation.PUT,
                            Map.of(),
                            Map.of(),
                            Buffer.buffer(new byte[1 << 20]))));
        }
        assertThat(rig.deliver(large)).hasSize(12).containsOnly(Outcome.applied());
        assertThat(seen).hasSizeGreaterThanOrEqualTo(3).allMatch(message -> message.getSerializedSize() < 8 << 20);
    }

    @Test
    void retriesWhereNoAnswerComesOrNobodyListens() {
        open(Map.of(), Duration.ofSeconds(1));
        script = (request, message) -> {};
        Outcome.Retry late = (Outcome.Retry) rig.deliver(Deliveries.of(0, "k", "v"));
        assertThat(late.code()).isIn(ErrorCode.TARGET_TIMEOUT, ErrorCode.TARGET_UNAVAILABLE);
        server.stop();
        assertThat(rig.deliver(Deliveries.of(0, "k", "v")).kind()).isEqualTo(Outcome.Kind.RETRY);
    }

    @Test
    void aConnectionThatCarriesNothingAnyMoreIsGivenUp() {
        try (TcpProxy proxy = new TcpProxy(server.port())) {
            open(proxy.port(), Map.of(), Duration.ofSeconds(2));
            StalledLink.isGivenUp(rig, proxy);
        }
    }

    @Test
    void aSlowInstanceHasFewerRequestsAndLosesNothing() {
        try (TcpProxy proxy = new TcpProxy(server.port())) {
            rig.deploy("forelog", Map.of("address", "127.0.0.1:" + proxy.port()), SlowPhase.LIMIT);
            int count = SlowPhase.survives(rig, proxy, Duration.ofMillis(100), 1);
            Set<String> keys = new HashSet<>();
            seen.forEach(batch -> batch.getEntriesList()
                    .forEach(write -> keys.add(write.getTarget().getKey().toStringUtf8())));
            assertThat(keys).hasSize(count);
        }
    }

    /** A real one: killed and frozen under load, and each entry is there once when all were applied. */
    @Test
    @Timeout(180)
    void anotherInstanceThatIsKilledAndFrozenGetsAllOfItOnce() {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        int port = Ports.free();
        try (ForelogProcess other = ForelogProcess.in(data.resolve("other"))
                .namespace("copy", "targets: [{name: here, type: kv, default: true}]")
                .start()) {
            TcpProxy before = new TcpProxy(loopback, port, other.ports().grpc());
            open(port, Map.of("namespace", "copy"), Duration.ofSeconds(3));
            List<Delivery> all = Deliveries.many(2_000);
            rig.deliverAll(all.subList(0, 500));
            other.kill();
            before.close();
            assertThat(rig.deliver(all.subList(500, 1_000)))
                    .allMatch(
                            outcome -> outcome.kind() == Outcome.Kind.RETRY || outcome.kind() == Outcome.Kind.DEFERRED);
            other.start();
            try (TcpProxy after = new TcpProxy(loopback, port, other.ports().grpc())) {
                rig.deliverAll(all.subList(500, 1_000));
                other.freeze();
                assertThat(rig.deliver(all.subList(1_000, 1_500)))
                        .allMatch(outcome ->
                                outcome.kind() == Outcome.Kind.RETRY || outcome.kind() == Outcome.Kind.DEFERRED);
                other.thaw();
                rig.deliverAll(all.subList(1_000, 2_000));
                rig.deliverAll(all); // recognized by their tokens
                other.audit("copy").awaitSettled(Duration.ofSeconds(30));
                assertThat(other.audit("copy").read().delivered()).isEqualTo(2_000L);
                assertThat(after.connections()).isPositive();
            }
        }
    }
}

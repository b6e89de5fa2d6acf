package io.forelog.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import io.forelog.bus.AppendReply;
import io.forelog.config.Namespace;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Elsewhere;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.wire.v1.IdempotencyToken;
import io.forelog.wire.v1.Lifecycle;
import io.forelog.wire.v1.Trilean;
import io.forelog.wire.v1.WriteAheadLogGrpcClient;
import io.forelog.wire.v1.WriteBatchRequest;
import io.forelog.wire.v1.WriteBatchResponse;
import io.forelog.wire.v1.WriteStreamRequest;
import io.forelog.wire.v1.WriteStreamResponse;
import io.forelog.wire.v1.WriteToLogRequest;
import io.forelog.wire.v1.WriteToLogResponse;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.GrpcMessageDecoder;
import io.vertx.grpc.common.GrpcMessageEncoder;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.health.v1.HealthCheckRequest;
import io.vertx.grpc.health.v1.HealthCheckResponse;
import io.vertx.grpc.reflection.v1.ServerReflectionRequest;
import io.vertx.grpc.reflection.v1.ServerReflectionResponse;
import io.vertx.grpc.reflection.v1.ServiceResponse;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class GrpcEdgeIT {
    private EdgeFixture fixture;
    private GrpcClient client;

    @BeforeEach
    void start() {
        fixture = new EdgeFixture().durable("ns");
        client = GrpcClient.client(fixture.vertx);
    }

    @AfterEach
    void stop() {
        fixture.close();
    }

    @Test
    void answersTrueWithIdAndReceipt() {
        Answer<WriteToLogResponse> answer = write(request("ns").build(), 0);
        assertThat(answer.status).isEqualTo(GrpcStatus.OK);
        assertThat(answer.message.getDurable()).isEqualTo(Trilean.TRILEAN_TRUE);
        Entry entry = fixture.entries().get(0);
        assertThat(answer.message.getEntryId()).isEqualTo(entry.id().toString());
        assertThat(answer.message.getReceipt()).isEqualTo("ns/0/0");
        assertThat(entry.payload().toString()).isEqualTo("hello");
        assertThat(entry.routes()).containsExactly(1);
    }

    @Test
    void aDelayMovesTheDueTimeAndNothingElse() {
        write(
                request("ns")
                        .setLifecycle(Lifecycle.newBuilder()
                                .setDelay(Duration.newBuilder().setSeconds(3)))
                        .build(),
                0);
        Entry entry = fixture.entries().get(0);
        assertThat(entry.dueMicros() - entry.acceptedMicros()).isEqualTo(3_000_000L);
    }

    @Test
    void anUnknownNamespaceIsNotFound() throws Exception {
        Answer<WriteToLogResponse> answer = write(request("nope").build(), 0);
        assertThat(answer.status).isEqualTo(GrpcStatus.NOT_FOUND);
        assertThat(answer.statusMessage).startsWith("UNKNOWN_NAMESPACE: namespace: 'nope'");
        ErrorInfo info = answer.detail(ErrorInfo.class);
        assertThat(info.getReason()).isEqualTo("UNKNOWN_NAMESPACE");
        assertThat(info.getMetadataMap()).containsEntry("durable", "FALSE");
    }

    @Test
    void aNamespaceOfAnotherShardIsAFailedPreconditionWithTheAddressToGoTo() throws Exception {
        String text = "namespace away: on shard blue (expected: a request to grpc://10.0.0.7:9090)";
        Elsewhere there = Elsewhere.shard("blue", List.of("grpc://10.0.0.7:9090", "http://10.0.0.7:8080"));
        fixture.namespaces.stop("away", WalException.elsewhere(text, there));
        Answer<WriteToLogResponse> answer = write(request("away").build(), 0);
        assertThat(answer.status).isEqualTo(GrpcStatus.FAILED_PRECONDITION);
        assertThat(answer.statusMessage).isEqualTo("WRONG_SHARD: " + text);
        assertThat(answer.details.getMessage()).isEqualTo("WRONG_SHARD: " + text);
        ErrorInfo info = answer.detail(ErrorInfo.class);
        assertThat(info.getReason()).isEqualTo("WRONG_SHARD");
        assertThat(info.getMetadataMap())
                .isEqualTo(Map.of(
                        "durable", "FALSE", "shard", "blue", "addresses", "grpc://10.0.0.7:9090,http://10.0.0.7:8080"));
        WriteBatchRequest batch =
                WriteBatchRequest.newBuilder().addEntries(request("away")).build();
        assertThat(call(WriteAheadLogGrpcClient.WriteBatch, batch, 0)
                        .message
                        .getOutcomes(0)
                        .getMessage())
                .isEqualTo("WRONG_SHARD: " + text);
    }

    @Test
    void everyWrongFieldIsAViolation() throws Exception {
        Answer<WriteToLogResponse> answer = write(
                request("ns")
                        .setLifecycle(Lifecycle.newBuilder()
                                .setDelay(Duration.newBuilder().setSeconds(-3))
                                .setJitter(Duration.newBuilder().setSeconds(-1)))
                        .build(),
                0);
        assertThat(answer.status).isEqualTo(GrpcStatus.INVALID_ARGUMENT);
        assertThat(answer.statusMessage).contains("lifecycle.delay: PT-3S (expected: >= PT0S)");
        assertThat(answer.detail(BadRequest.class).getFieldViolationsList())
                .extracting(BadRequest.FieldViolation::getField)
                .containsExactly("lifecycle.delay", "lifecycle.jitter");
    }

    @Test
    void aRefusalThatPassesSaysWhenToTryAgain() throws Exception {
        fixture.namespaces.put(Samples.namespace("full"));
        fixture.pump(
                "full",
                batch -> EdgeFixture.all(
                        batch, entry -> AppendOutcome.refused(entry.id(), ErrorCode.OVERLOADED, "queue: full")));
        Answer<WriteToLogResponse> answer = write(request("full").build(), 0);
        assertThat(answer.status).isEqualTo(GrpcStatus.UNAVAILABLE);
        assertThat(answer.detail(RetryInfo.class).hasRetryDelay()).isTrue();
    }

    @Test
    void lowDiskIsADecidedFalse() {
        fixture.namespaces.put(Samples.namespace("low"));
        fixture.pump(
                "low",
                batch -> EdgeFixture.all(
                        batch, entry -> AppendOutcome.refused(entry.id(), ErrorCode.LOW_DISK, "disk: 1 GiB free")));
        Answer<WriteToLogResponse> answer = write(request("low").build(), 0);
        assertThat(answer.status).isEqualTo(GrpcStatus.OK);
        assertThat(answer.message.getDurable()).isEqualTo(Trilean.TRILEAN_FALSE);
        assertThat(answer.message.getMessage()).startsWith("LOW_DISK: ");
        assertThat(answer.message.getEntryId()).isEmpty();
    }

    @Test
    void aNamespaceNobodyPumpsIsUnavailableAndFalse() throws Exception {
        fixture.namespaces.put(Samples.namespace("orphan"));
        Answer<WriteToLogResponse> answer = write(request("orphan").build(), 0);
        assertThat(answer.status).isEqualTo(GrpcStatus.UNAVAILABLE);
        assertThat(answer.detail(ErrorInfo.class).getMetadataMap()).containsEntry("durable", "FALSE");
    }

    @Test
    void unknownReachesTheCallerBeforeItsDeadline() {
        fixture.namespaces.put(Samples.namespace("silent"));
        fixture.pump("silent", batch -> Promise.<AppendReply>promise().future());
        Answer<WriteToLogResponse> answer = write(request("silent").build(), 2_000);
        assertThat(answer.status).isEqualTo(GrpcStatus.OK);
        assertThat(answer.message.getDurable()).isEqualTo(Trilean.TRILEAN_UNKNOWN);
        assertThat(answer.message.getEntryId()).isNotEmpty();
    }

    @Test
    void aDeadlineThatIsOverIsExceededAndNothingIsWritten() throws Exception {
        for (String over : List.of("0S", "0n", "00000000H")) {
            deadlineIsExceeded(WriteAheadLogGrpcClient.WriteToLog, request("ns").build(), over);
            deadlineIsExceeded(
                    WriteAheadLogGrpcClient.WriteBatch,
                    WriteBatchRequest.newBuilder().addEntries(request("ns")).build(),
                    over);
            deadlineIsExceeded(
                    WriteAheadLogGrpcClient.WriteStream,
                    WriteStreamRequest.newBuilder().addEntries(request("ns")).build(),
                    over);
        }
        assertThat(fixture.batches).isEmpty();
        // Less than a millisecond is little, not none, and not for ever.
        fixture.namespaces.put(Samples.namespace("silent"));
        fixture.pump("silent", batch -> Promise.<AppendReply>promise().future());
        Answer<WriteBatchResponse> hurried = within(
                WriteAheadLogGrpcClient.WriteBatch,
                WriteBatchRequest.newBuilder().addEntries(request("silent")).build(),
                "900u");
        assertThat(hurried.status).isEqualTo(GrpcStatus.OK);
        assertThat(hurried.message.getOutcomes(0).getDurable()).isNotEqualTo(Trilean.TRILEAN_TRUE);
    }

    private <Q, A> void deadlineIsExceeded(ServiceMethod<A, Q> method, Q request, String timeout) throws Exception {
        Answer<A> answer = within(method, request, timeout);
        assertThat(answer.status).as(method.methodName() + " " + timeout).isEqualTo(GrpcStatus.DEADLINE_EXCEEDED);
        assertThat(answer.statusMessage).contains("grpc-timeout: '" + timeout + "' (expected: ");
        assertThat(answer.detail(ErrorInfo.class).getMetadataMap()).containsEntry("durable", "FALSE");
    }

    /** {@code timeout}: as it stands on the wire. */
    private <Q, A> Answer<A> within(ServiceMethod<A, Q> method, Q request, String timeout) {
        return EdgeFixture.wait(client.request(grpc(), method)
                .compose(call -> {
                    call.headers().set("grpc-timeout", timeout);
                    call.end(request);
                    return call.response().compose(Answer::of);
                })
                .timeout(3, TimeUnit.SECONDS));
    }

    @Test
    void aCallCancelledAfterHandOffIsCountedAndHarmsNobody() throws Exception {
        fixture.namespaces.put(Samples.namespace("slow"));
        Promise<Void> reached = Promise.promise();
        Promise<Void> goOn = Promise.promise();
        fixture.pump("slow", batch -> {
            reached.tryComplete();
            return goOn.future()
                    .map(v -> new AppendReply(
                            batch.entries().stream().map(fixture::appended).toList()));
        });
        client.request(grpc(), WriteAheadLogGrpcClient.WriteToLog).onSuccess(call -> {
            call.end(request("slow").build());
            reached.future().onSuccess(v -> call.cancel());
        });
        EdgeFixture.wait(reached.future());
        Thread.sleep(200);
        goOn.complete();
        org.awaitility.Awaitility.await()
                .atMost(10, TimeUnit.SECONDS)
                .untilAsserted(() -> assertThat(fixture.registry
                                .counter("forelog.abandoned", "namespace", "slow")
                                .count())
                        .isEqualTo(1));
        assertThat(write(request("ns").build(), 0).message.getDurable()).isEqualTo(Trilean.TRILEAN_TRUE);
    }

    @Test
    void aBatchHasAnOutcomeForEachEntryInOrder() {
        WriteBatchRequest.Builder batch = WriteBatchRequest.newBuilder();
        batch.addEntries(request("ns"));
        batch.addEntries(request("nope"));
        batch.addEntries(request("ns").setPriorityValue(99));
        batch.addEntries(request("ns"));
        Answer<WriteBatchResponse> answer = call(WriteAheadLogGrpcClient.WriteBatch, batch.build(), 0);
        assertThat(answer.status).isEqualTo(GrpcStatus.OK);
        assertThat(answer.message.getOutcomesList())
                .extracting(WriteToLogResponse::getDurable)
                .containsExactly(
                        Trilean.TRILEAN_TRUE, Trilean.TRILEAN_FALSE, Trilean.TRILEAN_FALSE, Trilean.TRILEAN_TRUE);
        assertThat(answer.message.getOutcomes(1).getMessage()).startsWith("UNKNOWN_NAMESPACE: ");
        assertThat(answer.message.getOutcomes(2).getMessage()).startsWith("INVALID_ARGUMENT: priority: 99");
        assertThat(fixture.batches).as("one bus message a tick").hasSize(1);
    }

    @Test
    void aBatchOfTooManyIsRefusedWhole() {
        WriteBatchRequest.Builder batch = WriteBatchRequest.newBuilder();
        for (int i = 0; i <= 1_000; i++) {
            batch.addEntries(request("ns"));
        }
        Answer<WriteBatchResponse> answer = call(WriteAheadLogGrpcClient.WriteBatch, batch.build(), 0);
        assertThat(answer.status).isEqualTo(GrpcStatus.INVALID_ARGUMENT);
        assertThat(fixture.batches).isEmpty();
    }

    @Test
    void aStreamAnswersEveryMessageByItsCorrelationId() {
        int messages = 500;
        List<WriteStreamResponse> answers = new ArrayList<>();
        Future<GrpcStatus> status = client.request(grpc(), WriteAheadLogGrpcClient.WriteStream)
                .compose(call -> {
                    for (int i = 1; i <= messages; i++) {
                        call.write(WriteStreamRequest.newBuilder()
                                .setCorrelationId(i)
                                .addEntries(request(i % 10 == 0 ? "nope" : "ns"))
                                .addEntries(request("ns"))
                                .build());
                    }
                    call.end();
                    return call.response().compose(response -> {
                        response.handler(answers::add);
                        return response.end().map(end -> response.status());
                    });
                });
        assertThat(EdgeFixture.wait(status)).isEqualTo(GrpcStatus.OK);
        assertThat(answers).hasSize(messages);
        assertThat(answers.stream().map(WriteStreamResponse::getCorrelationId).distinct())
                .hasSize(messages);
        assertThat(answers).allSatisfy(answer -> {
            assertThat(answer.getOutcomesCount()).isEqualTo(2);
            assertThat(answer.getOutcomes(0).getDurable())
                    .isEqualTo(answer.getCorrelationId() % 10 == 0 ? Trilean.TRILEAN_FALSE : Trilean.TRILEAN_TRUE);
        });
    }

    @Test
    void aTokenThatItsQueueWillNotRecognizeIsAnsweredWithThat() {
        fixture.namespaces.put(Samples.namespace("forgetful", Namespace.State.ACTIVE, Order.NONE, "KAFKA", List.of()));
        fixture.pump("forgetful", batch -> EdgeFixture.all(batch, fixture::appended));
        IdempotencyToken token = IdempotencyToken.newBuilder().setToken("t1").build();
        WriteToLogRequest.Builder with = request("forgetful").setIdempotencyToken(token);
        WriteToLogRequest.Builder recognized = request("ns").setIdempotencyToken(token);
        assertThat(told(WriteAheadLogGrpcClient.WriteToLog, with.build())).isEqualTo("none");
        assertThat(told(WriteAheadLogGrpcClient.WriteToLog, request("forgetful").build()))
                .isNull();
        assertThat(told(WriteAheadLogGrpcClient.WriteToLog, recognized.build())).isNull();
        assertThat(told(
                        WriteAheadLogGrpcClient.WriteBatch,
                        WriteBatchRequest.newBuilder()
                                .addEntries(recognized)
                                .addEntries(with)
                                .build()))
                .isEqualTo("none");
        assertThat(told(
                        WriteAheadLogGrpcClient.WriteStream,
                        WriteStreamRequest.newBuilder().addEntries(with).build()))
                .isEqualTo("none");
    }

    private <Q, A> @Nullable String told(ServiceMethod<A, Q> method, Q request) {
        return EdgeFixture.wait(client.request(grpc(), method).compose(call -> {
            call.end(request);
            return call.response().compose(response -> {
                response.handler(message -> {});
                return response.end().map(end -> response.headers().get("forelog-dedupe"));
            });
        }));
    }

    @Test
    void bytesThatAreNoMessageAreInvalidAndTheServiceStaysHealthy() {
        ServiceMethod<Buffer, Buffer> raw = ServiceMethod.client(
                WriteAheadLogGrpcClient.WriteToLog.serviceName(),
                "WriteToLog",
                GrpcMessageEncoder.IDENTITY,
                GrpcMessageDecoder.IDENTITY);
        Buffer badUtf8 = Buffer.buffer(new byte[] {0x0A, 2, (byte) 0xC3, 0x28});
        Buffer truncated = Buffer.buffer(new byte[] {0x0A, 50, 'n'});
        Buffer hugeVarint = Buffer.buffer(new byte[] {0x0A, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1});
        for (Buffer bad : List.of(badUtf8, truncated, hugeVarint)) {
            assertThat(call(raw, bad, 0).status).isEqualTo(GrpcStatus.INVALID_ARGUMENT);
        }
        assertThat(write(request("ns").build(), 0).status).isEqualTo(GrpcStatus.OK);
    }

    @Test
    void gzipIsUnderstood() {
        Future<Answer<WriteToLogResponse>> answer = client.request(grpc(), WriteAheadLogGrpcClient.WriteToLog)
                .compose(call -> {
                    call.encoding("gzip");
                    call.end(request("ns").build());
                    return call.response().compose(Answer::of);
                });
        assertThat(EdgeFixture.wait(answer).message.getDurable()).isEqualTo(Trilean.TRILEAN_TRUE);
    }

    @Test
    void aDrainingNodeRefusesAndSaysSoToHealthChecks() throws Exception {
        assertThat(health()).isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
        EdgeFixture.wait(fixture.edge.drain());
        assertThat(health()).isEqualTo(HealthCheckResponse.ServingStatus.NOT_SERVING);
        Answer<WriteToLogResponse> answer = write(request("ns").build(), 0);
        assertThat(answer.status).isEqualTo(GrpcStatus.UNAVAILABLE);
        assertThat(answer.detail(ErrorInfo.class).getReason()).isEqualTo("DRAINING");
    }

    @Test
    void aQuestionOfHealthIsSmall() {
        HealthCheckRequest.Builder question = HealthCheckRequest.newBuilder();
        assertThat(call(check(), question.setService("x".repeat(4_000)).build(), 0).status)
                .isEqualTo(GrpcStatus.NOT_FOUND);
        assertThat(call(check(), question.setService("x".repeat(4_100)).build(), 0).status)
                .isEqualTo(GrpcStatus.RESOURCE_EXHAUSTED);
    }

    private static ServiceMethod<HealthCheckResponse, HealthCheckRequest> check() {
        return ServiceMethod.client(
                io.vertx.grpc.common.ServiceName.create("grpc.health.v1", "Health"),
                "Check",
                GrpcMessageEncoder.encoder(),
                GrpcMessageDecoder.decoder(HealthCheckResponse.newBuilder()));
    }

    @Test
    void reflectionListsTheServicesAndDescribesThem() {
        ServiceMethod<ServerReflectionResponse, ServerReflectionRequest> info = ServiceMethod.client(
                io.vertx.grpc.common.ServiceName.create("grpc.reflection.v1", "ServerReflection"),
                "ServerReflectionInfo",
                GrpcMessageEncoder.encoder(),
                GrpcMessageDecoder.decoder(ServerReflectionResponse.newBuilder()));
        ServerReflectionResponse listed = call(
                        info,
                        ServerReflectionRequest.newBuilder().setListServices("").build(),
                        0)
                .message;
        assertThat(listed.getListServicesResponse().getServiceList())
                .extracting(ServiceResponse::getName)
                .contains("forelog.v1.WriteAheadLog", "grpc.health.v1.Health");
        ServerReflectionResponse described = call(
                        info,
                        ServerReflectionRequest.newBuilder()
                                .setFileContainingSymbol("forelog.v1.WriteAheadLog")
                                .build(),
                        0)
                .message;
        assertThat(described.getFileDescriptorResponse().getFileDescriptorProtoList())
                .anyMatch(file -> file.toStringUtf8().contains("WriteToLogRequest"));
    }

    @Test
    void grpcIsServedOnTheHttpPortAsWell() {
        Future<Answer<WriteToLogResponse>> answer = client.request(
                        SocketAddress.inetSocketAddress(fixture.edge.httpPort(), "127.0.0.1"),
                        WriteAheadLogGrpcClient.WriteToLog)
                .compose(call -> {
                    call.end(request("ns").build());
                    return call.response().compose(Answer::of);
                });
        assertThat(EdgeFixture.wait(answer).message.getDurable()).isEqualTo(Trilean.TRILEAN_TRUE);
    }

    private HealthCheckResponse.ServingStatus health() {
        HealthCheckResponse.ServingStatus named = call(
                        check(),
                        HealthCheckRequest.newBuilder()
                                .setService("forelog.v1.WriteAheadLog")
                                .build(),
                        0)
                .message
                .getStatus();
        HealthCheckResponse.ServingStatus whole = call(check(), HealthCheckRequest.getDefaultInstance(), 0)
                .message
                .getStatus();
        assertThat(whole).isEqualTo(named);
        return named;
    }

    private static WriteToLogRequest.Builder request(String namespace) {
        return WriteToLogRequest.newBuilder().setNamespace(namespace).setPayload(ByteString.copyFromUtf8("hello"));
    }

    private SocketAddress grpc() {
        return SocketAddress.inetSocketAddress(fixture.edge.grpcPort(), "127.0.0.1");
    }

    private Answer<WriteToLogResponse> write(WriteToLogRequest request, long timeoutMillis) {
        return call(WriteAheadLogGrpcClient.WriteToLog, request, timeoutMillis);
    }

    private <Q, A> Answer<A> call(ServiceMethod<A, Q> method, Q request, long timeoutMillis) {
        return EdgeFixture.wait(client.request(grpc(), method).compose(call -> {
            if (timeoutMillis > 0) {
                call.timeout(timeoutMillis, TimeUnit.MILLISECONDS);
            }
            call.end(request);
            return call.response().compose(Answer::of);
        }));
    }

    /** What came back. */
    private record Answer<A>(A message, GrpcStatus status, String statusMessage, Status details) {
        static <Q, A> Future<Answer<A>> of(GrpcClientResponse<Q, A> response) {
            List<A> messages = new ArrayList<>();
            response.handler(messages::add);
            return response.end().transform(end -> {
                String details = response.trailers().get(GrpcStatusDetails.TRAILER);
                if (details == null) {
                    details = response.headers().get(GrpcStatusDetails.TRAILER);
                }
                return Future.succeededFuture(new Answer<>(
                        messages.isEmpty() ? null : messages.get(0),
                        response.status(),
                        response.statusMessage(),
                        details == null ? null : parse(details)));
            });
        }

        private static Status parse(String details) {
            try {
                return Status.parseFrom(Base64.getDecoder().decode(details));
            } catch (com.google.protobuf.InvalidProtocolBufferException e) {
                throw new AssertionError(e);
            }
        }

        <T extends com.google.protobuf.Message> T detail(Class<T> type) throws Exception {
            for (com.google.protobuf.Any any : details.getDetailsList()) {
                if (any.is(type)) {
                    return any.unpack(type);
                }
            }
            throw new AssertionError("no " + type.getSimpleName() + " in " + details);
        }
    }
}

package io.forelog.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.forelog.access.Admission;
import io.forelog.bus.AppendReply;
import io.forelog.config.Namespace;
import io.forelog.model.ErrorCode;
import io.forelog.model.Priority;
import io.forelog.wire.v1.WriteAheadLogGrpcClient;
import io.forelog.wire.v1.WriteStreamRequest;
import io.forelog.wire.v1.WriteToLogRequest;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the edge does when its pump, its client or its node is not well. */
@Timeout(90)
class EdgeFaultIT {
    @Test
    void whoStillWaitsWhenTheDrainTimeIsOverIsToldUnknown() {
        try (EdgeFixture fixture =
                new EdgeFixture(EdgeLimits.DEFAULT, Admission.OPEN, EntryDesk.NONE, Duration.ofMillis(300))) {
            fixture.namespaces.put(Samples.namespace("silent"));
            Promise<Void> reached = Promise.promise();
            fixture.pump("silent", batch -> {
                reached.tryComplete();
                return Promise.<AppendReply>promise().future();
            });
            HttpClient client = fixture.vertx.createHttpClient();
            Future<Response> answer = post(client, fixture, "silent", "{\"payload_text\":\"x\"}");
            EdgeFixture.wait(reached.future());
            EdgeFixture.wait(fixture.edge.drain());
            Response unknown = EdgeFixture.wait(answer);
            assertThat(unknown.status).isEqualTo(504);
            assertThat(unknown.body.getString("durable")).isEqualTo("UNKNOWN");
            Response refused = EdgeFixture.wait(post(client, fixture, "silent", "{\"payload_text\":\"x\"}"));
            assertThat(refused.status).isEqualTo(503);
            assertThat(refused.body.getString("code")).isEqualTo("DRAINING");
            assertThat(refused.connection).isEqualTo("close");
        }
    }

    @Test
    void aDrainWaitsForTheAnswersOfTheQueue() {
        try (EdgeFixture fixture = new EdgeFixture()) {
            fixture.namespaces.put(Samples.namespace("slow"));
            Promise<Void> reached = Promise.promise();
            Promise<Void> goOn = Promise.promise();
            fixture.pump("slow", batch -> {
                reached.tryComplete();
                return goOn.future()
                        .map(v -> new AppendReply(
                                batch.entries().stream().map(fixture::appended).toList()));
            });
            Future<Response> answer =
                    post(fixture.vertx.createHttpClient(), fixture, "slow", "{\"payload_text\":\"x\"}");
            EdgeFixture.wait(reached.future());
            Future<Void> drained = fixture.edge.drain();
            assertThat(drained.isComplete()).isFalse();
            goOn.complete();
            assertThat(EdgeFixture.wait(answer).status).isEqualTo(201);
            EdgeFixture.wait(drained);
        }
    }

    @Test
    void aNamespaceWithoutCreditsIsOverloadedAndOthersAreNot() {
        EdgeLimits limits = new EdgeLimits(
                2,
                1 << 20,
                256,
                1 << 20,
                Duration.ofSeconds(5),
                Duration.ofMinutes(1),
                1 << 20,
                1 << 20,
                1 << 20,
                10,
                4);
        try (EdgeFixture fixture = new EdgeFixture(limits, Admission.OPEN, EntryDesk.NONE, Duration.ofMillis(100))) {
            fixture.durable("ns");
            fixture.namespaces.put(Samples.namespace("silent"));
            fixture.pump("silent", batch -> Promise.<AppendReply>promise().future());
            HttpClient client = fixture.vertx.createHttpClient();
            Future<Response> answer = postTo(
                    client,
                    fixture,
                    "/v1/namespaces/silent/entries:batch",
                    "[{\"payload_text\":\"1\"},{\"payload_text\":\"2\"},{\"payload_text\":\"3\"}]",
                    "PT0.5S");
            Response batch = EdgeFixture.wait(answer);
            assertThat(batch.status).isEqualTo(504);
            assertThat(batch.body.getJsonArray("outcomes").getJsonObject(2).getString("code"))
                    .isEqualTo("OVERLOADED");
            assertThat(EdgeFixture.wait(post(client, fixture, "ns", "{\"payload_text\":\"x\"}")).status)
                    .isEqualTo(201);
        }
    }

    @Test
    void admissionIsAskedBeforeTheBodyIsParsedAndGivenBackOnce() {
        AtomicInteger admitted = new AtomicInteger();
        AtomicInteger inFlight = new AtomicInteger();
        Admission two = new Admission() {
            @Override
            public Decision tryAdmit(Namespace namespace, Priority priority, int entries, long bytes) {
                if (priority == Priority.BULK) {
                    return Decision.shed(ErrorCode.RATE_LIMITED, "rate: 1/s", 2_500);
                }
                admitted.addAndGet(entries);
                inFlight.addAndGet(entries);
                return Decision.ADMITTED;
            }

            @Override
            public void release(Namespace namespace, Priority priority, int entries, long bytes, long micros) {
                inFlight.addAndGet(-entries);
            }
        };
        try (EdgeFixture fixture = new EdgeFixture(EdgeLimits.DEFAULT, two, EntryDesk.NONE, Duration.ofSeconds(1))) {
            fixture.durable("ns");
            HttpClient client = fixture.vertx.createHttpClient();
            for (String body : List.of("{\"payload_text\":\"x\"}", "{\"bad\":1}", "{", "{\"priority\":\"CRITICAL\"}")) {
                EdgeFixture.wait(post(client, fixture, "ns", body));
            }
            assertThat(admitted).hasValue(4);
            assertThat(inFlight).hasValue(0);
            Response shed = EdgeFixture.wait(send(
                    client,
                    fixture,
                    "/v1/namespaces/ns/entries",
                    Buffer.buffer("no json"),
                    request -> request.putHeader("forelog-priority", "BULK")
                            .putHeader("content-type", "application/json")));
            assertThat(shed.status).isEqualTo(429);
            assertThat(shed.retryAfter).isEqualTo("3");
            assertThat(shed.body.getString("code")).isEqualTo("RATE_LIMITED");
        }
    }

    @Test
    void aStreamReadsNoMoreThanItMayHaveUnanswered() {
        try (EdgeFixture fixture = new EdgeFixture()) {
            fixture.namespaces.put(Samples.namespace("slow"));
            Promise<Void> goOn = Promise.promise();
            fixture.pump(
                    "slow",
                    batch -> goOn.future()
                            .map(v -> new AppendReply(batch.entries().stream()
                                    .map(fixture::appended)
                                    .toList())));
            int messages = 400;
            List<Long> answered = new ArrayList<>();
            WriteToLogRequest write = WriteToLogRequest.newBuilder()
                    .setNamespace("slow")
                    .setPayload(ByteString.copyFrom(new byte[2_000]))
                    .build();
            Future<Void> ended = GrpcClient.client(fixture.vertx)
                    .request(
                            SocketAddress.inetSocketAddress(fixture.edge.grpcPort(), "127.0.0.1"),
                            WriteAheadLogGrpcClient.WriteStream)
                    .compose(call -> {
                        for (int i = 1; i <= messages; i++) {
                            call.write(WriteStreamRequest.newBuilder()
                                    .setCorrelationId(i)
                                    .addEntries(write)
                                    .build());
                        }
                        call.end();
                        return call.response().compose(response -> {
                            response.handler(answer -> answered.add(answer.getCorrelationId()));
                            return response.end();
                        });
                    });
            Awaitility.await()
                    .atMost(10, TimeUnit.SECONDS)
                    .until(() -> fixture.entries().size() >= EdgeLimits.DEFAULT.streamMessages());
            assertThat(fixture.entries()).hasSize(EdgeLimits.DEFAULT.streamMessages());
            goOn.complete();
            EdgeFixture.wait(ended);
            assertThat(answered).hasSize(messages).doesNotHaveDuplicates();
        }
    }

    @Test
    void noBytesMakeItIll() {
        Random random = new Random(20_260_101L);
        try (EdgeFixture fixture = new EdgeFixture().durable("ns")) {
            HttpClient http = fixture.vertx.createHttpClient();
            HttpClient http2 = fixture.vertx.createHttpClient(new HttpClientOptions()
                    .setProtocolVersion(HttpVersion.HTTP_2)
                    .setHttp2ClearTextUpgrade(false));
            List<String> types = List.of(
                    "application/json", CloudEvents.STRUCTURED, CloudEvents.BATCH, "application/x-ndjson", "x/y", "");
            for (int i = 0; i < 300; i++) {
                Buffer noise = noise(random);
                String type = types.get(random.nextInt(types.size()));
                String path = random.nextBoolean() ? "/v1/namespaces/ns/entries" : "/v1/namespaces/ns/entries:batch";
                Response answer = EdgeFixture.wait(
                        send(http, fixture, path, noise, request -> request.putHeader("content-type", type)));
                assertThat(answer.status).as(type + " " + path).isIn(201, 400, 413, 415, 422);
                String method =
                        List.of("WriteToLog", "WriteBatch", "WriteStream").get(random.nextInt(3));
                Buffer frame = random.nextInt(4) == 0
                        ? noise
                        : Buffer.buffer()
                                .appendByte((byte) 0)
                                .appendInt(noise.length())
                                .appendBuffer(noise);
                EdgeFixture.wait(grpcNoise(http2, fixture, method, frame));
            }
            assertThat(EdgeFixture.wait(post(http, fixture, "ns", "{\"payload_text\":\"x\"}")).status)
                    .isEqualTo(201);
        }
    }

    private static Buffer noise(Random random) {
        byte[] bytes = new byte[random.nextInt(64)];
        random.nextBytes(bytes);
        if (random.nextBoolean() && bytes.length > 2) {
            bytes[0] = random.nextBoolean() ? (byte) '{' : 0x0A;
            bytes[1] = '"';
        }
        return Buffer.buffer(bytes);
    }

    private static Future<Void> grpcNoise(HttpClient client, EdgeFixture fixture, String method, Buffer frame) {
        return client.request(new RequestOptions()
                        .setMethod(HttpMethod.POST)
                        .setPort(fixture.edge.grpcPort())
                        .setHost("127.0.0.1")
                        .setURI("/forelog.v1.WriteAheadLog/" + method)
                        .putHeader("content-type", "application/grpc")
                        .putHeader("te", "trailers"))
                .compose(request -> request.send(frame).compose(response -> response.end()))
                .timeout(10, TimeUnit.SECONDS)
                .recover(reset -> reset instanceof java.util.concurrent.TimeoutException
                        ? Future.failedFuture(reset)
                        : Future.succeededFuture());
    }

    /** What came back. */
    private record Response(int status, String retryAfter, String connection, JsonObject body) {}

    private static Future<Response> post(HttpClient client, EdgeFixture fixture, String namespace, String body) {
        return postTo(client, fixture, "/v1/namespaces/" + namespace + "/entries", body, "PT10S");
    }

    private static Future<Response> postTo(
            HttpClient client, EdgeFixture fixture, String path, String body, String timeout) {
        return send(
                client,
                fixture,
                path,
                Buffer.buffer(body),
                request -> request.putHeader("content-type", "application/json").putHeader("forelog-timeout", timeout));
    }

    private static Future<Response> send(
            HttpClient client,
            EdgeFixture fixture,
            String path,
            Buffer body,
            java.util.function.Consumer<HttpClientRequest> headers) {
        return client.request(HttpMethod.POST, fixture.edge.httpPort(), "127.0.0.1", path)
                .compose(request -> {
                    headers.accept(request);
                    return request.send(body).compose(EdgeFaultIT::read);
                });
    }

    /** To be asked for on the client's event loop, so that nothing of the answer passes before its handlers are there. */
    private static Future<Response> read(HttpClientResponse response) {
        return response.body()
                .map(answer -> new Response(
                        response.statusCode(),
                        response.getHeader("retry-after"),
                        response.getHeader("connection"),
                        answer.length() == 0 ? new JsonObject() : answer.toJsonObject()));
    }
}

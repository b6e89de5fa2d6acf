package io.forelog.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.forelog.access.Admission;
import io.forelog.config.Namespace.State;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.wire.v1.Target;
import io.forelog.wire.v1.WriteAheadLogGrpcClient;
import io.forelog.wire.v1.WriteBatchRequest;
import io.forelog.wire.v1.WriteStreamRequest;
import io.forelog.wire.v1.WriteToLogRequest;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;
import java.net.Socket;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that come in pieces, slowly, or as large as may be. */
@Timeout(60)
class BodyIT {
    private static final int LARGEST = 16 << 20;

    /** A client that sends what the test says when it says it. */
    private static final class Slow implements AutoCloseable {
        private final Socket socket;

        Slow(EdgeFixture fixture, int length, String... headers) throws IOException {
            socket = new Socket("127.0.0.1", fixture.edge.httpPort());
            socket.setSoTimeout(20_000);
            socket.setTcpNoDelay(true);
            send(("POST /v1/namespaces/ns/entries HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: " + length
                            + "\r\n" + String.join("", headers) + "\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
        }

        void send(byte[] bytes) throws IOException {
            socket.getOutputStream().write(bytes);
            socket.getOutputStream().flush();
        }

        /** The head of the answer and what came of its body with it. */
        String answer() throws IOException {
            byte[] bytes = new byte[8_192];
            int length = socket.getInputStream().read(bytes);
            return new String(bytes, 0, Math.max(0, length), StandardCharsets.UTF_8);
        }

        void hangUp() throws IOException {
            socket.close();
        }

        @Override
        public void close() throws IOException {
            hangUp();
        }
    }

    @Test
    void whatItsHeadWasLetInForIsAskedAgainWhenTheBodyIsThere() throws Exception {
        try (EdgeFixture fixture = new EdgeFixture().durable("ns");
                Slow slow = new Slow(fixture, 4)) {
            slow.send("ab".getBytes(StandardCharsets.US_ASCII));
            io.forelog.rig.Await.pause(Duration.ofMillis(200)); // its head has been read
            fixture.namespaces.put(Samples.namespace("ns", State.RETIRING, Order.NONE, "EMBEDDED", List.of()));
            slow.send("cd".getBytes(StandardCharsets.US_ASCII));
            assertThat(slow.answer()).startsWith("HTTP/1.1 503").contains("RETIRING");
            assertThat(fixture.batches).isEmpty();
        }
    }

    @Test
    void theDeadlineCountsFromTheHeadAndNothingIsBegunBehindIt() throws Exception {
        try (EdgeFixture fixture = new EdgeFixture().durable("ns");
                Slow slow = new Slow(fixture, 4, "Forelog-Timeout: PT0.2S\r\n")) {
            slow.send("ab".getBytes(StandardCharsets.US_ASCII));
            io.forelog.rig.Await.pause(Duration.ofMillis(400));
            slow.send("cd".getBytes(StandardCharsets.US_ASCII));
            assertThat(slow.answer())
                    .startsWith("HTTP/1.1 503")
                    .contains("FALSE")
                    .contains("deadline");
            assertThat(fixture.batches).isEmpty();
        }
    }

    @Test
    void piecesOfRequestsThatAreNotCompleteAreBoundedTogether() throws Exception {
        try (EdgeFixture fixture = narrow();
                Slow first = new Slow(fixture, 4_000);
                Slow second = new Slow(fixture, 4_000)) {
            // Each on the event loop that its connection got: one more than there are loops finds one taken.
            try (Slow third = new Slow(fixture, 4_000)) {
                for (Slow each : List.of(first, second, third)) {
                    each.send(new byte[1_000]);
                    io.forelog.rig.Await.pause(Duration.ofMillis(100));
                    each.send(new byte[1_000]);
                    io.forelog.rig.Await.pause(Duration.ofMillis(100));
                }
                assertThat(third.answer()).startsWith("HTTP/1.1 503").contains("OVERLOADED");
            }
            first.hangUp();
            second.hangUp();
            io.forelog.rig.Await.pause(Duration.ofMillis(200));
            try (Slow later = new Slow(fixture, 2_000)) {
                later.send(new byte[1_000]);
                io.forelog.rig.Await.pause(Duration.ofMillis(100));
                later.send(new byte[1_000]);
                assertThat(later.answer()).startsWith("HTTP/1.1 201");
            }
        }
    }

    /** 3,000 bytes of requests may be on their way in to each loop, and a write has half a second. */
    private static EdgeFixture narrow() {
        EdgeLimits all = EdgeLimits.DEFAULT;
        EdgeLimits limits = new EdgeLimits(
                all.credits(),
                all.creditBytes(),
                all.batchEntries(),
                all.batchBytes(),
                Duration.ofMillis(500),
                all.appendLimitMax(),
                all.bodyBytesMax(),
                3_000,
                all.batchBodyBytesMax(),
                all.batchRequestEntries(),
                all.streamMessages());
        return new EdgeFixture(limits, Admission.OPEN, EntryDesk.NONE, Duration.ofSeconds(5)).durable("ns");
    }

    /** A gRPC call of which the test sends the bytes; all of one client come to one loop. */
    private static final class Call {
        final HttpClientRequest request;
        final Future<String> status;

        Call(HttpClientRequest request) {
            this.request = request;
            this.status = request.response()
                    .compose(response -> response.end().map(ended -> {
                        MultiMap told =
                                response.getTrailer("grpc-status") == null ? response.headers() : response.trailers();
                        String text = String.valueOf(told.get("grpc-message"));
                        return told.get("grpc-status") + " " + URLDecoder.decode(text, StandardCharsets.UTF_8);
                    }));
        }

        static Call open(HttpClient client, EdgeFixture fixture, String method, String... headers) {
            HttpClientRequest request = EdgeFixture.wait(client.request(
                    HttpMethod.POST, fixture.edge.grpcPort(), "127.0.0.1", "/forelog.v1.WriteAheadLog/" + method));
            request.setChunked(true).putHeader("content-type", "application/grpc");
            for (int i = 0; i < headers.length; i += 2) {
                request.putHeader(headers[i], headers[i + 1]);
            }
            return new Call(request);
        }

        Call send(Buffer bytes) {
            EdgeFixture.wait(request.write(bytes));
            return this;
        }

        /** The status and its text, once the server has ended the call. */
        String status() {
            return EdgeFixture.wait(status);
        }
    }

    private static Buffer frame(com.google.protobuf.Message message) {
        byte[] bytes = message.toByteArray();
        return Buffer.buffer().appendByte((byte) 0).appendInt(bytes.length).appendBytes(bytes);
    }

    private static HttpClient http2(EdgeFixture fixture) {
        return fixture.vertx.createHttpClient(
                new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2).setHttp2ClearTextUpgrade(false));
    }

    @Test
    void messagesThatAreNotCompleteAreBoundedTogetherByWhateverCallTheyCome() {
        WriteToLogRequest entry = WriteToLogRequest.newBuilder()
                .setNamespace("ns")
                .setPayload(ByteString.copyFrom(new byte[2_500]))
                .build();
        Buffer stream = frame(WriteStreamRequest.newBuilder().addEntries(entry).build());
        Buffer batch = frame(WriteBatchRequest.newBuilder().addEntries(entry).build());
        try (EdgeFixture fixture = narrow()) {
            HttpClient client = http2(fixture);
            Call first = Call.open(client, fixture, "WriteStream").send(stream.slice(0, 1_600));
            for (String[] each : new String[][] {
                {"WriteBatch"}, {"WriteBatch", "gzip"}, {"WriteToLog"}, {"WriteToLog", "gzip"}, {"WriteStream"}
            }) {
                Call other = each.length == 1
                        ? Call.open(client, fixture, each[0])
                        : Call.open(client, fixture, each[0], "grpc-encoding", each[1]);
                assertThat(other.send(batch.slice(0, 1_600)).status())
                        .as(String.join(" ", each))
                        .startsWith("14 OVERLOADED: request: 1600 bytes of requests are on their way in");
            }
            Buffer mute = frame(WriteBatchRequest.getDefaultInstance()).setByte(0, (byte) 1);
            assertThat(Call.open(client, fixture, "WriteBatch").send(mute).status())
                    .as("compressed, and nobody says how")
                    .startsWith("3 INVALID_ARGUMENT: request: ");
            HttpClientRequest http = EdgeFixture.wait(
                    client.request(HttpMethod.POST, fixture.edge.httpPort(), "127.0.0.1", "/v1/namespaces/ns/entries"));
            EdgeFixture.wait(
                    http.setChunked(true).putHeader("content-type", "a/b").write(Buffer.buffer(new byte[3_001])));
            assertThat(EdgeFixture.wait(http.response()).statusCode())
                    .as("a first piece counts, of a body that does not say how long it is")
                    .isEqualTo(503);
            // What was refused holds nothing, and what was begun goes on.
            first.send(stream.slice(1_600, stream.length()));
            first.send(stream.slice(0, 1_600)).send(stream.slice(1_600, stream.length()));
            first.request.end();
            assertThat(first.status()).startsWith("0 ");
            assertThat(fixture.entries()).hasSize(2);
            // Nor does what was left, by its client or at its deadline.
            Call left = Call.open(client, fixture, "WriteStream").send(stream.slice(0, 1_600));
            io.forelog.rig.Await.pause(Duration.ofMillis(100));
            EdgeFixture.wait(left.request.reset(8));
            Call expired = Call.open(client, fixture, "WriteStream", "grpc-timeout", "100m")
                    .send(stream.slice(0, 1_600));
            assertThat(expired.status()).startsWith("4 ");
            Call last = Call.open(client, fixture, "WriteBatch").send(batch.slice(0, 1_600));
            last.send(batch.slice(1_600, batch.length())).request.end();
            assertThat(last.status()).startsWith("0 ");
            assertThat(fixture.entries()).hasSize(3);
        }
    }

    @Test
    void theLargestPayloadComesInInEveryFormAndOneByteMoreInNone() throws Exception {
        byte[] largest = new byte[LARGEST];
        new java.util.Random(1).nextBytes(largest);
        byte[] over = java.util.Arrays.copyOf(largest, LARGEST + 1);
        try (EdgeFixture fixture = new EdgeFixture().durable("ns")) {
            fixture.namespaces.put(Samples.namespace("ns", LARGEST));
            java.net.http.HttpClient http = java.net.http.HttpClient.newHttpClient();
            assertThat(post(http, fixture, "a/b", largest)).isEqualTo(201);
            assertThat(post(http, fixture, "a/b", over)).isEqualTo(413);
            assertThat(post(http, fixture, "application/json", json(largest))).isEqualTo(201);
            assertThat(post(http, fixture, "application/json", json(over))).isEqualTo(413);
            GrpcClient grpc = GrpcClient.client(fixture.vertx, new GrpcClientOptions());
            SocketAddress server = SocketAddress.inetSocketAddress(fixture.edge.grpcPort(), "127.0.0.1");
            assertThat(write(grpc, server, largest)).isEqualTo(GrpcStatus.OK);
            assertThat(write(grpc, server, over)).isEqualTo(GrpcStatus.INVALID_ARGUMENT);
            assertThat(fixture.entries())
                    .hasSize(3)
                    .allSatisfy(entry -> assertThat(entry.payload()).isEqualTo(Buffer.buffer(largest)));
        }
    }

    private static byte[] json(byte[] payload) {
        return ("{\"payload\":\"" + Base64.getEncoder().encodeToString(payload) + "\"}")
                .getBytes(StandardCharsets.US_ASCII);
    }

    private static int post(java.net.http.HttpClient client, EdgeFixture fixture, String type, byte[] body)
            throws IOException, InterruptedException {
        return client.send(
                        java.net.http.HttpRequest.newBuilder(java.net.URI.create(
                                        "http://127.0.0.1:" + fixture.edge.httpPort() + "/v1/namespaces/ns/entries"))
                                .header("content-type", type)
                                .POST(java.net.http.HttpRequest.BodyPublishers.ofByteArray(body))
                                .build(),
                        java.net.http.HttpResponse.BodyHandlers.ofString())
                .statusCode();
    }

    /** On the loop of the call, before anything came. */
    private static GrpcStatus write(GrpcClient client, SocketAddress server, byte[] payload) {
        WriteToLogRequest request = WriteToLogRequest.newBuilder()
                .setNamespace("ns")
                .setPayload(ByteString.copyFrom(payload))
                .setTarget(Target.newBuilder().setName("hook"))
                .build();
        return EdgeFixture.wait(client.request(server, WriteAheadLogGrpcClient.WriteToLog)
                .compose(call -> call.send(request)
                        .compose(answer -> answer.last().transform(ended -> Future.succeededFuture(answer.status())))));
    }
}

package io.forelog.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.access.Admission;
import io.forelog.access.Locks;
import io.forelog.admin.FakeNode;
import io.forelog.bus.Address;
import io.forelog.bus.AppendBatch;
import io.forelog.bus.AppendReply;
import io.forelog.bus.Bus;
import io.forelog.ingest.Edge;
import io.forelog.ingest.EdgeSettings;
import io.forelog.ingest.EntryDesk;
import io.forelog.model.AppendOutcome;
import io.forelog.model.Durable;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Priority;
import io.forelog.model.Receipt;
import io.forelog.model.Ticker;
import io.forelog.queue.HandTicker;
import io.forelog.queue.InMemoryQueue;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both write clients against a real edge. */
@Timeout(60)
class WriteClientIT {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final Vertx vertx = Vertx.vertx();
    private final FakeNode node = new FakeNode();
    private final ConcurrentLinkedQueue<Entry> written = new ConcurrentLinkedQueue<>();
    private Edge edge;

    @BeforeEach
    void listen() {
        Bus bus = Bus.on(vertx);
        node.serve("ns", new InMemoryQueue(InMemoryQueue.spec("ns", 1), new HandTicker()), List.of(), 1);
        edge = new Edge(
                new EdgeSettings("127.0.0.1", 0, 0, Duration.ofSeconds(5), true),
                node,
                Admission.OPEN,
                Locks.OPEN,
                bus,
                Ticker.anchored(),
                new SimpleMeterRegistry(),
                EntryDesk.NONE);
        edge.start(vertx, 1).await();
        bus.serve(Address.APPEND, "ns", this::append);
    }

    private Future<AppendReply> append(AppendBatch batch) {
        written.addAll(batch.entries());
        return Future.succeededFuture(new AppendReply(
                batch.entries().stream().map(WriteClientIT::outcome).toList()));
    }

    private static AppendOutcome outcome(Entry entry) {
        return switch (entry.payload().toString()) {
            case "full" -> AppendOutcome.refused(entry.id(), ErrorCode.LOW_DISK, "disk: 1 % free");
            case "lost" -> AppendOutcome.unknown(entry.id(), "nobody knows");
            default -> AppendOutcome.appended(entry.id(), new Receipt("ns", 0, 7));
        };
    }

    @AfterEach
    void close() {
        vertx.close().await();
    }

    private WriteClient client(String kind) {
        return kind.equals("grpc")
                ? new GrpcWriteClient(vertx, "127.0.0.1", edge.grpcPort(), false, LIMIT)
                : new HttpWriteClient("http://127.0.0.1:" + edge.httpPort(), LIMIT);
    }

    private static Write write(String namespace, String payload) {
        return Write.of(namespace, payload.getBytes(StandardCharsets.UTF_8));
    }

    private static WriteAnswer ask(WriteClient client, Write write) {
        return client.write(write).toCompletableFuture().join();
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "grpc"})
    void carriesAllThatAWriteSays(String kind) {
        try (WriteClient client = client(kind)) {
            WriteAnswer answer = ask(
                    client,
                    new Write(
                            "ns",
                            new byte[] {0, (byte) 0xFF, 1},
                            Duration.ofSeconds(3),
                            Duration.ZERO,
                            Duration.ofMinutes(1),
                            "t1",
                            "",
                            "k1",
                            Operation.DELETE,
                            Priority.CRITICAL,
                            Map.of("ttl", "5"),
                            Map.of("content-type", "text/plain"),
                            "token-1"));
            assertThat(answer.durable()).isEqualTo(Durable.TRUE);
            assertThat(answer.receipt()).isEqualTo("ns/0/7");
            Entry entry = written.remove();
            assertThat(answer.entryId()).isEqualTo(entry.id().toString());
            assertThat(entry.payload().getBytes()).containsExactly(0, 0xFF, 1);
            assertThat(entry.dueMicros() - entry.acceptedMicros()).isEqualTo(3_000_000);
            assertThat(entry.expiresMicros()).isEqualTo(entry.dueMicros() + 60_000_000);
            assertThat(entry.key().toString()).isEqualTo("k1");
            assertThat(entry.operation()).isEqualTo(Operation.DELETE);
            assertThat(entry.priority()).isEqualTo(Priority.CRITICAL);
            assertThat(entry.attributes()).containsEntry("ttl", "5");
            assertThat(entry.headers()).containsEntry("content-type", "text/plain");
            assertThat(entry.token().token()).isEqualTo("token-1");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "grpc"})
    void tellsFalseFromUnknown(String kind) {
        try (WriteClient client = client(kind)) {
            WriteAnswer full = ask(client, write("ns", "full"));
            assertThat(full.durable()).isEqualTo(Durable.FALSE);
            assertThat(full.message()).startsWith("LOW_DISK: disk");
            assertThat(ask(client, write("ns", "lost")).durable()).isEqualTo(Durable.UNKNOWN);
            WriteAnswer nowhere = ask(client, write("nope", "x"));
            assertThat(nowhere.durable()).isEqualTo(Durable.FALSE);
            assertThat(nowhere.message()).startsWith("UNKNOWN_NAMESPACE");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "grpc"})
    void answersABatchInItsOrder(String kind) {
        try (WriteClient client = client(kind)) {
            List<WriteAnswer> answers = client.writeBatch(
                            List.of(write("ns", "a"), write("ns", "full"), write("ns", "b")))
                    .toCompletableFuture()
                    .join();
            assertThat(answers)
                    .extracting(WriteAnswer::durable)
                    .containsExactly(Durable.TRUE, Durable.FALSE, Durable.TRUE);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "grpc"})
    void failsOnlyWhereNobodyListens(String kind) {
        try (WriteClient client = kind.equals("grpc")
                ? new GrpcWriteClient(vertx, "127.0.0.1", 1, false, LIMIT)
                : new HttpWriteClient("http://127.0.0.1:1", LIMIT)) {
            assertThatThrownBy(() -> ask(client, write("ns", "x")))
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(NotListening.class);
        }
    }
}

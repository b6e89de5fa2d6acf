package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.Soak;
import io.forelog.rig.TcpProxy;
import io.forelog.rig.Verdicts;
import io.forelog.rig.backend.ElasticMq;
import io.forelog.wire.v1.Trilean;
import io.forelog.wire.v1.WriteToLogResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A namespace on SQS while the service, the server or the way between them fails, during writes and deliveries: every TRUE is
 * delivered, no FALSE is. The server is ElasticMQ with its messages on disk.
 */
@Timeout(300)
class SqsFaultIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final int SLOTS = 16;

    @TempDir
    Path directory;

    private final ElasticMq server = ElasticMq.shared();

    /** What fails while entries flow. */
    private interface Fault {
        void happen(ForelogProcess service, TcpProxy proxy);
    }

    private void survives(String name, Fault fault) {
        int rounds = Soak.choose(1, 10);
        try (TcpProxy proxy = new TcpProxy(server.port());
                ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .settings("queues:\n  sqs:\n    endpoint: http://127.0.0.1:" + proxy.port()
                                + "\n    anonymous: true\n    create: true\n    visibility: PT3S\n"
                                + "    request_timeout: PT3S\n")
                        .namespace("orders", document(name, receiver.url()))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            writer.start(
                    SLOTS,
                    (slot, n) -> Optional.of(LoadWriter.request(
                            "orders", slot + "-" + n, "", Duration.ofMillis(n % 10 == 0 ? 1_500 : 0))));
            for (int round = 0; round < rounds; round++) {
                int before = receiver.count();
                receiver.awaitCount(before + 200, LIMIT);
                fault.happen(service, proxy);
            }
            int after = receiver.count();
            receiver.awaitCount(after + 200, LIMIT);
            writer.stop();
            Await.until(
                    "every TRUE is delivered",
                    LIMIT,
                    () -> receiver.entryIds().containsAll(writer.trues().keySet()),
                    () -> writer + "\n" + service.logTail());
            Verdicts.everyTrueArrived(writer, receiver);
            Verdicts.noFalseArrived(writer, receiver);
            Verdicts.noneWasEarly(writer, receiver);
            assertThat(writer.trues().size()).as(writer.toString()).isGreaterThan(200 * rounds);
            Soak.tell("SQS, %s: %s", name, writer);
        }
    }

    private static String document(String queue, String url) {
        return Documents.http(url, Documents.PATIENT)
                .replace(
                        "    - physical_storage: { type: EMBEDDED }",
                        "    - physical_storage: { type: SQS }\n      config: { wal-queue: [" + queue
                                + "], queue.poll-interval.secs: 2, queue.max-messages-per-poll: 100 }");
    }

    @Test
    void theLargestPayloadIsDeliveredAndOneByteMoreIsRefusedAtTheEdge() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .settings("queues:\n  sqs:\n    endpoint: " + server.endpoint()
                                + "\n    anonymous: true\n    create: true\n")
                        .namespace(
                                "orders",
                                document("edge-payloads", receiver.url()) + "\ndelivery: { max_payload_bytes: 1MiB }\n")
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            String largest = "x".repeat(1 << 20);
            WriteToLogResponse stored = writer.writeOne(LoadWriter.request("orders", largest));
            assertThat(stored.getDurable()).as(stored.getMessage()).isEqualTo(Trilean.TRILEAN_TRUE);
            assertThatThrownBy(() -> writer.writeOne(LoadWriter.request("orders", largest + "x")))
                    .isInstanceOf(LoadWriter.Refused.class)
                    .hasMessageContaining("1048576");
            receiver.awaitCount(1, LIMIT);
            assertThat(receiver.has(stored.getEntryId())).isTrue();
        }
    }

    @Test
    void theServiceIsKilled() {
        survives("service-killed", (service, proxy) -> service.killAndRestart());
    }

    @Test
    void theServerIsKilledAndComesBack() {
        survives("server-killed", (service, proxy) -> server.killAndRestart());
    }

    @Test
    void theServerIsFrozenForLongerThanARequestMayTake() {
        survives("server-frozen", (service, proxy) -> {
            server.freeze();
            try {
                Await.pause(Duration.ofSeconds(5));
            } finally {
                server.thaw();
            }
        });
    }

    @Test
    void theServiceIsFrozenForLongerThanItsMessagesStayHidden() {
        survives("service-frozen", (service, proxy) -> {
            service.freeze();
            Await.pause(Duration.ofSeconds(5));
            service.thaw();
        });
    }

    @Test
    void connectionsAreResetCutAndRefused() {
        survives("cut", (service, proxy) -> {
            proxy.reset();
            Await.pause(Duration.ofMillis(500));
            proxy.refuse();
            proxy.cut();
            Await.pause(Duration.ofSeconds(2));
            proxy.heal();
        });
    }

    @Test
    void connectionsStallAndComeBack() {
        survives("stalled", (service, proxy) -> {
            proxy.stall();
            Await.pause(Duration.ofSeconds(5));
            proxy.heal();
        });
    }
}

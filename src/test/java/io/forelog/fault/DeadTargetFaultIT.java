package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.Soak;
import io.forelog.rig.TcpProxy;
import io.forelog.wire.v1.Target;
import io.forelog.wire.v1.Trilean;
import io.forelog.wire.v1.WriteAheadLogGrpcClient;
import io.forelog.wire.v1.WriteBatchRequest;
import io.forelog.wire.v1.WriteBatchResponse;
import io.forelog.wire.v1.WriteToLogRequest;
import io.forelog.wire.v1.WriteToLogResponse;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A target that is gone for so long that its backlog is many times what memory holds. */
class DeadTargetFaultIT {
    private static final int BATCH = 500;
    private static final int FRESH = 200;

    @TempDir
    Path directory;

    /** Short: a heap in proportion, and all is delivered. Soak: 5 million in 512 MB, of which the first are delivered. */
    @Test
    @Timeout(1_200)
    void aBacklogBehindADeadTargetNeedsNoMemoryAndHoldsUpNobody() {
        int entries = Soak.choose(200_000, 5_000_000);
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ScriptedReceiver other = new ScriptedReceiver();
                TcpProxy proxy = new TcpProxy(receiver.port());
                ForelogProcess service = ForelogProcess.in(directory)
                        .heap(Soak.isOn() ? "512m" : "160m")
                        .namespace("orders", twoTargets(ScriptedReceiver.url(proxy.port()), other.url()))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            proxy.refuse();
            int pending = writeBatches(service, entries);
            freshOnesArrive(service, writer, other, "beside");

            service.kill();
            long begun = System.nanoTime();
            service.start();
            Soak.tell(
                    "%,d pending behind a dead target: ready %.1f s after a kill -9",
                    pending, (System.nanoTime() - begun) / 1e9);
            service.audit("orders")
                    .await("all are counted", Duration.ofMinutes(3), audit -> audit.pending() == pending);
            freshOnesArrive(service, writer, other, "after");
            assertThat(receiver.count()).as("arrivals at the dead target").isZero();

            proxy.heal();
            int wanted = Math.min(pending, Soak.choose(pending, 300_000));
            begun = System.nanoTime();
            Await.until(
                    wanted + " arrived at the target that is back",
                    Duration.ofMinutes(3),
                    () -> receiver.entryIds().size() >= wanted,
                    () -> receiver.count() + " have; " + service.logTail());
            Soak.tell(
                    "%,d of the backlog delivered in %.1f s; duplicates %d",
                    wanted, (System.nanoTime() - begun) / 1e9, receiver.duplicates());
            if (wanted == pending) {
                assertThat(service.audit("orders")
                                .awaitSettled(Duration.ofSeconds(30))
                                .delivered())
                        .isEqualTo(pending + 2L * FRESH);
            }
        }
    }

    private static String twoTargets(String dead, String other) {
        return Documents.http(dead, Documents.PATIENT).replace("targets:\n", """
                        targets:
                          - name: other
                            type: http
                            config: { url: "%s" }
                        """.formatted(other));
    }

    /** The way of its neighbour is short, whatever lies behind the dead one. */
    private static void freshOnesArrive(
            ForelogProcess service, LoadWriter writer, ScriptedReceiver other, String name) {
        int before = other.count();
        writer.insist()
                .start(
                        10,
                        (slot, n) -> n < FRESH / 10
                                ? Optional.of(LoadWriter.request("orders", name + slot + "-" + n).toBuilder()
                                        .setTarget(Target.newBuilder().setName("other"))
                                        .build())
                                : Optional.empty());
        writer.await(Duration.ofSeconds(30));
        Await.until(
                "all arrived at the other target",
                Duration.ofSeconds(10),
                () -> other.count() >= before + FRESH,
                service::logTail);
    }

    /** At least {@code entries} for the default target; answers how many. What is shed is made up for. */
    private static int writeBatches(ForelogProcess service, int entries) {
        Vertx vertx = Vertx.vertx();
        try {
            WriteAheadLogGrpcClient log = WriteAheadLogGrpcClient.create(
                    GrpcClient.client(vertx),
                    SocketAddress.inetSocketAddress(service.ports().grpc(), "127.0.0.1"));
            WriteBatchRequest.Builder request = WriteBatchRequest.newBuilder();
            for (int i = 0; i < BATCH; i++) {
                request.addEntries(WriteToLogRequest.newBuilder()
                        .setNamespace("orders")
                        .setPayload(ByteString.copyFrom(new byte[100])));
            }
            WriteBatchRequest batch = request.build();
            int written = 0;
            int refusals = 0;
            while (written < entries) {
                List<Future<WriteBatchResponse>> answers = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    answers.add(log.writeBatch(batch));
                }
                int before = written;
                for (Future<WriteBatchResponse> answer : answers) {
                    for (WriteToLogResponse outcome : Await.result(answer).getOutcomesList()) {
                        assertThat(outcome.getDurable())
                                .as(outcome.getMessage())
                                .isNotEqualTo(Trilean.TRILEAN_UNKNOWN);
                        written += outcome.getDurable() == Trilean.TRILEAN_TRUE ? 1 : 0;
                    }
                }
                refusals = written == before ? refusals + 1 : 0;
                assertThat(refusals).as("rounds in which all was refused").isLessThan(200);
                Await.pause(Duration.ofMillis(refusals > 0 ? 50 : 0));
            }
            return written;
        } finally {
            Await.result(vertx.close());
        }
    }
}

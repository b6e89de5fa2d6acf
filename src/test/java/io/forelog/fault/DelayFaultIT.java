package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.LoadWriter.Written;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.ScriptedReceiver.Arrival;
import io.forelog.rig.Soak;
import io.forelog.rig.Verdicts;
import io.forelog.wire.v1.Lifecycle;
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
import io.vertx.grpc.client.GrpcClientOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Delayed entries in numbers: none early, none lost, and a backlog larger than memory. */
class DelayFaultIT {
    private static final int SLOTS = 64;

    @TempDir
    Path directory;

    @Test
    @Timeout(300)
    void noneOfManyDelayedEntriesIsEarly() {
        int entries = Soak.choose(20_000, 100_000);
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(receiver);
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            writeDueOver(
                    writer, entries, Duration.ofSeconds(Soak.choose(12, 20)), Duration.ofSeconds(Soak.choose(8, 30)));
            service.audit("orders").awaitSettled(Duration.ofSeconds(120));
            Verdicts.everyTrueArrived(writer, receiver);
            Verdicts.noneWasEarly(writer, receiver);
            tell("delay", writer, receiver);
        }
    }

    @Test
    @Timeout(300)
    void aRestartInTheMiddleLosesAndHastensNone() {
        int entries = Soak.choose(5_000, 100_000);
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(receiver);
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            writeDueOver(
                    writer, entries, Duration.ofSeconds(Soak.choose(5, 20)), Duration.ofSeconds(Soak.choose(8, 30)));
            receiver.awaitCount(entries / 10, Duration.ofSeconds(60));
            service.kill();
            Await.pause(Duration.ofSeconds(2));
            service.start();
            receiver.awaitCount(entries / 2, Duration.ofSeconds(60));
            service.stop();
            service.start();
            service.audit("orders").awaitSettled(Duration.ofSeconds(120));
            Verdicts.everyTrueArrived(writer, receiver);
            Verdicts.noneWasEarly(writer, receiver);
            tell("delay over restarts", writer, receiver);
        }
    }

    /** Short: what fits in seconds, with a heap in proportion. Soak: 5 million in 512 MB. */
    @Test
    @Timeout(3_600)
    void aBacklogOfDelayedEntriesNeedsNoMemoryAndNoTimeAtStart() {
        int entries = Soak.choose(200_000, 5_000_000);
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .heap(Soak.isOn() ? "512m" : "192m")
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT))
                        .start()) {
            int pending = writeBatches(service, entries);
            awaitCounted(service, pending);
            service.kill();
            long begun = System.nanoTime();
            service.start();
            Soak.tell(
                    "%,d pending delayed entries: ready %.1f s after a kill -9",
                    pending, (System.nanoTime() - begun) / 1e9);
            awaitCounted(service, pending);
            try (LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
                String id = writer.writeOne(LoadWriter.request("orders", "now")).getEntryId();
                Await.until(
                        "a fresh entry overtakes what is not due",
                        Duration.ofSeconds(30),
                        () -> receiver.has(id),
                        service::logTail);
            }
            assertThat(receiver.count())
                    .as("arrivals; all but one are due in days")
                    .isEqualTo(1);
            assertThat(service.isAlive()).isTrue();
        }
    }

    /** Of millions a count takes seconds, and is answered again for a while: what it answers at last must be exact. */
    private static void awaitCounted(ForelogProcess service, int pending) {
        service.audit("orders").await("all are counted", Duration.ofMinutes(3), audit -> audit.pending() == pending);
        assertThat(service.audit("orders").readBalanced().pending()).isEqualTo(pending);
    }

    private ForelogProcess start(ScriptedReceiver receiver) {
        ForelogProcess.Builder builder = ForelogProcess.in(directory);
        return (Soak.isOn() ? builder.forMeasuring().heap("512m") : builder)
                .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT))
                .start();
    }

    /** Every entry is due at a moment of its own, evenly over {@code span} behind {@code lead}. */
    private static void writeDueOver(LoadWriter writer, int entries, Duration lead, Duration span) {
        long begun = System.nanoTime();
        writer.insist().start(SLOTS, (slot, n) -> {
            long index = n * SLOTS + slot;
            long due = lead.toNanos() + span.toNanos() * index / entries;
            Duration delay = Duration.ofNanos(Math.max(0, due - (System.nanoTime() - begun)));
            return index < entries
                    ? Optional.of(LoadWriter.request("orders", Long.toString(index), "", delay))
                    : Optional.empty();
        });
        writer.await(Duration.ofSeconds(120));
        assertThat(writer.trues()).as(writer.toString()).hasSize(entries);
    }

    /** At least {@code entries}; answers how many. What is shed is made up for. */
    private static int writeBatches(ForelogProcess service, int entries) {
        Vertx vertx = Vertx.vertx();
        try {
            GrpcClient client = GrpcClient.client(vertx, new GrpcClientOptions().setMaxMessageSize(4 << 20));
            WriteAheadLogGrpcClient log = WriteAheadLogGrpcClient.create(
                    client, SocketAddress.inetSocketAddress(service.ports().grpc(), "127.0.0.1"));
            int batch = 500;
            int written = 0;
            int refusals = 0;
            while (written < entries) {
                List<Future<WriteBatchResponse>> answers = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    answers.add(log.writeBatch(batch(batch, written + i * batch)));
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

    private static WriteBatchRequest batch(int entries, int first) {
        WriteBatchRequest.Builder request = WriteBatchRequest.newBuilder();
        for (int i = 0; i < entries; i++) {
            request.addEntries(WriteToLogRequest.newBuilder()
                    .setNamespace("orders")
                    .setPayload(ByteString.copyFrom(new byte[100]))
                    .setLifecycle(Lifecycle.newBuilder()
                            .setDelay(LoadWriter.protobuf(Duration.ofDays(1).plusMillis(first + i)))));
        }
        return request.build();
    }

    /** Lateness by the sender's clock: from the sending, plus the delay, to the first arrival. */
    private static void tell(String what, LoadWriter writer, ScriptedReceiver receiver) {
        Map<String, Written> trues = writer.trues();
        long[] late = receiver.arrivals().stream()
                .filter(arrival -> arrival.time() == 1 && trues.containsKey(arrival.entryId()))
                .mapToLong(arrival -> lateness(arrival, trues.get(arrival.entryId())))
                .sorted()
                .toArray();
        Soak.tell(
                "%s: %,d entries, lateness p50 %.1f ms, p99 %.1f, max %.1f; duplicates %d",
                what,
                late.length,
                late[late.length / 2] / 1000.0,
                late[late.length * 99 / 100] / 1000.0,
                Arrays.stream(late).max().orElse(0) / 1000.0,
                receiver.duplicates());
    }

    private static long lateness(Arrival arrival, Written written) {
        return arrival.micros() - written.sentMicros() - written.delay().toNanos() / 1_000;
    }
}

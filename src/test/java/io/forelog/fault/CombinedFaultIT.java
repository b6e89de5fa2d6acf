package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.queue.rocksdb.SecondQueueProvider;
import io.forelog.rig.AuditProbe;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.ScriptedReceiver.Reply;
import io.forelog.rig.Soak;
import io.forelog.rig.Verdicts;
import io.forelog.rig.backend.ElasticMq;
import io.forelog.rig.backend.KafkaCluster;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Namespaces with several queues, killed and changed under load. The second queue is a third party's that keeps its word. */
class CombinedFaultIT {
    private static final Duration SOON = Duration.ofSeconds(40);
    private static final String ONE = "    - physical_storage: { type: EMBEDDED }\n";
    private static final String OTHER = "    - physical_storage: { type: SECOND }\n";
    private static final String KAFKA = "    - physical_storage: { type: KAFKA }\n"
            + "      config: { wal-kafka-topics: [swapped], wal.kafka.bootstrap.servers.prefix: local }\n";
    private static final String JOINED = "    - physical_storage: { type: KAFKA }\n"
            + "      config: { wal-kafka-topics: [joined], wal.kafka.bootstrap.servers.prefix: local }\n";
    private static final String JOINED_BY_SQS = JOINED + "      serves: [immediate]\n"
            + "    - physical_storage: { type: SQS }\n      config: { wal-queue: [joined] }\n      serves: [delayed, retry]\n";
    private static final String BOTH = "    - physical_storage: { type: EMBEDDED }\n      serves: [immediate]\n"
            + "    - physical_storage: { type: SECOND }\n      serves: [delayed, retry]\n";

    @TempDir
    Path directory;

    @Test
    @Timeout(240)
    void killedAgainAndAgainWhileRetriesMoveItLosesNothingAndTheBooksBalance() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(document(BOTH, receiver));
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            AtomicInteger asked = new AtomicInteger();
            receiver.script(arrival -> asked.incrementAndGet() % 3 == 0 ? Reply.OK : Reply.status(503));
            writer.start(8, CombinedFaultIT::someDelayed);
            for (int round = 0; round < Soak.choose(4, 30); round++) {
                receiver.awaitCount(receiver.count() + 300, SOON);
                service.killAndRestart();
                assertThat(service.audit("orders").readBalanced().movedOut()).isPositive();
            }
            writer.stop();
            receiver.script(arrival -> Reply.OK);
            service.audit("orders").awaitSettled(SOON);
            Verdicts.everyTrueArrived(writer, receiver);
            Verdicts.noFalseArrived(writer, receiver);
            Verdicts.noneWasEarly(writer, receiver);
            AuditProbe.Audit audit = service.audit("orders").readBalanced();
            assertThat(audit.movedIn()).isGreaterThanOrEqualTo(audit.movedOut());
            assertThat(audit.pending()).isZero();
        }
    }

    @Test
    @Timeout(180)
    void aQueueAddedToALiveNamespaceUnderLoadLosesAndRepeatsNothing() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(document(ONE, receiver));
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            writer.insist().start(8, CombinedFaultIT::someDelayed);
            receiver.awaitCount(300, SOON);
            apply(service, document(BOTH, receiver));
            receiver.awaitCount(receiver.count() + 300, SOON);
            apply(service, document(ONE, receiver));
            receiver.awaitCount(receiver.count() + 300, SOON);
            writer.stop();
            service.audit("orders").awaitSettled(SOON);
            Verdicts.everyTrueArrived(writer, receiver);
            Verdicts.noneWasEarly(writer, receiver);
            assertThat(receiver.duplicates()).isZero();
            service.audit("orders").readBalanced();
        }
    }

    @Test
    @Timeout(180)
    void aQueueThatIsSwappedUnderLoadIsDrainedAlsoOverAKillAndThenGone() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(document(ONE, receiver, "retention: PT0S"));
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            writer.insist().start(8, CombinedFaultIT::someDelayed);
            receiver.awaitCount(300, SOON);
            writer.writeOne(LoadWriter.request("orders", "long/1", "long", Duration.ofSeconds(12)));
            apply(service, document(OTHER, receiver, "retention: PT0S"));
            receiver.awaitCount(receiver.count() + 300, SOON);
            assertThat(state(service).getJsonArray("warnings").encode())
                    .contains("queue 1 (EMBEDDED) is being drained");
            service.killAndRestart();
            receiver.awaitCount(receiver.count() + 300, SOON);
            assertThat(state(service).getJsonArray("warnings").encode())
                    .contains("queue 1 (EMBEDDED) is being drained");
            writer.stop();
            service.audit("orders").awaitSettled(SOON);
            Verdicts.everyTrueArrived(writer, receiver);
            Verdicts.noneWasEarly(writer, receiver);
            assertThat(receiver.arrivals()).anyMatch(arrival -> arrival.text().equals("long/1"));
            Await.until(
                    "the old queue is gone",
                    SOON,
                    () -> state(service).getJsonArray("warnings").isEmpty(),
                    () -> state(service).encode());
            service.killAndRestart();
            assertThat(state(service).getJsonArray("warnings")).isEmpty();
            assertThat(writer.writeOne(LoadWriter.request("orders", "after"))
                            .getDurable()
                            .name())
                    .isEqualTo("TRILEAN_TRUE");
            service.audit("orders").awaitSettled(SOON);
        }
    }

    @Test
    @Timeout(180)
    void kafkaThatIsSwappedForTheDiskUnderLoadIsDrainedAlsoOverAKillAndLosesNothing() {
        String cluster =
                "bootstrap_servers: { local: \"" + KafkaCluster.shared(1).bootstrap() + "\" }";
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(document(KAFKA, receiver, "retention: PT0S"), cluster);
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            AtomicInteger asked = new AtomicInteger();
            receiver.script(arrival -> asked.incrementAndGet() % 3 == 0 ? Reply.status(503) : Reply.OK);
            writer.insist().start(8, CombinedFaultIT::someDelayed);
            receiver.awaitCount(300, SOON);
            writer.writeOne(LoadWriter.request("orders", "long/1", "long", Duration.ofSeconds(15)));
            apply(service, document(ONE, receiver, "retention: PT0S"));
            receiver.awaitCount(receiver.count() + 300, SOON);
            service.killAndRestart();
            receiver.awaitCount(receiver.count() + 300, SOON);
            assertThat(state(service).getJsonArray("warnings").encode()).contains("queue 1 (KAFKA) is being drained");
            writer.stop();
            receiver.script(arrival -> Reply.OK);
            AuditProbe.Audit audit = service.audit("orders").awaitSettled(SOON);
            assertThat(audit.dead()).as(audit.raw()).isZero();
            Verdicts.everyTrueArrived(writer, receiver);
            Verdicts.noFalseArrived(writer, receiver);
            Verdicts.noneWasEarly(writer, receiver);
            assertThat(receiver.arrivals()).anyMatch(arrival -> arrival.text().equals("long/1"));
            Await.until(
                    "the old queue is gone",
                    SOON,
                    () -> state(service).getJsonArray("warnings").isEmpty(),
                    () -> state(service).encode() + service.logTail());
        }
    }

    @Test
    @Timeout(240)
    void sqsThatJoinsALiveKafkaNamespaceTakesItsDelaysAndRetriesAlsoOverAKillAndLosesNothing() {
        String cluster =
                "bootstrap_servers: { local: \"" + KafkaCluster.shared(1).bootstrap() + "\" }";
        String sqs = "queues: { sqs: { endpoint: \"" + ElasticMq.shared().endpoint()
                + "\", anonymous: true, create: true } }";
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(document(JOINED, receiver), cluster, sqs);
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            AtomicInteger asked = new AtomicInteger();
            receiver.script(arrival -> asked.incrementAndGet() % 3 == 0 ? Reply.status(503) : Reply.OK);
            writer.insist().pace(Duration.ofMillis(5)).start(8, CombinedFaultIT::someDelayed);
            receiver.awaitCount(300, SOON);
            apply(service, document(JOINED_BY_SQS, receiver));
            receiver.awaitCount(receiver.count() + 300, SOON);
            service.killAndRestart();
            receiver.awaitCount(receiver.count() + 300, SOON);
            writer.stop();
            receiver.script(arrival -> Reply.OK);
            // Beside SQS the books are estimates over a kill.
            service.audit("orders").await("nothing is pending", SOON, audit -> audit.pending() == 0);
            AuditProbe.Audit audit = service.audit("orders").read();
            assertThat(audit.dead()).as(audit.raw()).isZero();
            assertThat(audit.movedOut()).as("retries moved to SQS").isPositive();
            Verdicts.everyTrueArrived(writer, receiver);
            Verdicts.noFalseArrived(writer, receiver);
            Verdicts.noneWasEarly(writer, receiver);
        }
    }

    @Test
    @Timeout(180)
    void withOrderASwappedQueueKeepsTheOrderOfItsKeys() {
        String ordered = "delivery: { order: key }";
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(document(ONE, receiver, ordered));
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            receiver.script(arrival -> Reply.slow(Duration.ofMillis(5)));
            writer.insist()
                    .start(
                            8,
                            (slot, n) -> Optional.of(
                                    LoadWriter.request("orders", "k" + slot + "/" + n, "k" + slot, Duration.ZERO)));
            receiver.awaitCount(300, SOON);
            apply(service, document(OTHER, receiver, ordered));
            receiver.awaitCount(receiver.count() + 300, SOON);
            writer.stop();
            service.audit("orders").awaitSettled(SOON);
            Verdicts.everyTrueArrived(writer, receiver);
            Verdicts.keysKeptTheirOrder(receiver);
        }
    }

    @Test
    @Timeout(180)
    void aQueueThatCannotBeReachedIsStateAndComesBackByItself() throws IOException {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(document(BOTH, receiver));
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            writer.writeOne(LoadWriter.request("orders", "late", "k", Duration.ofSeconds(1)));
            Path away = service.data().resolve(SecondQueueProvider.AWAY);
            service.kill();
            Files.createFile(away);
            service.start();
            assertThat(state(service).getString("state")).isEqualTo("ACTIVE");
            assertThat(state(service).getJsonArray("problems").encode())
                    .contains("queue 2 (SECOND) is not open, tried again: UNAVAILABLE: second: connection refused");
            writer.writeOne(LoadWriter.request("orders", "now"));
            receiver.awaitCount(1, SOON);
            assertThat(receiver.arrivals().get(0).text()).isEqualTo("now");
            assertThatThrownBy(
                            () -> writer.writeOne(LoadWriter.request("orders", "refused", "k", Duration.ofSeconds(1))))
                    .isInstanceOf(LoadWriter.Refused.class)
                    .hasMessageContaining("UNAVAILABLE: queue of namespace orders: not open, tried again");
            Files.delete(away);
            receiver.awaitCount(2, SOON);
            Await.until(
                    "no problem is left",
                    SOON,
                    () -> state(service).getJsonArray("problems").isEmpty());
            service.audit("orders").awaitSettled(SOON);
            Verdicts.everyTrueArrived(writer, receiver);
            assertThat(receiver.arrivals())
                    .extracting(ScriptedReceiver.Arrival::text)
                    .containsExactly("now", "late");
        }
    }

    private static Optional<io.forelog.wire.v1.WriteToLogRequest> someDelayed(int slot, long n) {
        Duration delay = n % 4 == 0 ? Duration.ofMillis(300) : Duration.ZERO;
        return Optional.of(LoadWriter.request("orders", slot + "/" + n, "k" + slot, delay));
    }

    private static String document(String queues, ScriptedReceiver receiver, String... more) {
        return Documents.http(receiver.url(), Documents.PATIENT)
                        .replace("    - physical_storage: { type: EMBEDDED }\n", queues)
                + String.join("\n", more);
    }

    private static void apply(ForelogProcess service, String document) {
        long before = state(service).getLong("applied_revision");
        service.putDocument("orders", document);
        Await.until(
                "the document serves",
                SOON,
                () -> state(service).getLong("applied_revision") > before,
                () -> state(service).encode() + service.logTail());
    }

    private static JsonObject state(ForelogProcess service) {
        return service.admin().get("/admin/v1/namespaces/orders").json();
    }

    private ForelogProcess start(String document, String... settings) {
        return ForelogProcess.in(directory)
                .settings("reload: { poll: PT0.05S }\n" + String.join("\n", settings))
                .namespace("orders", document)
                .extensions(SecondQueueProvider.on(directory.resolve("extensions")))
                .start();
    }
}

package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.AuditProbe;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.ScriptedReceiver.Reply;
import io.forelog.rig.Verdicts;
import io.forelog.rig.backend.ElasticMq;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The article's documents, byte for byte, on real brokers; what they leave out comes from the node's configuration. */
@Timeout(240)
class PersonasIT {
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private static String defaults(ScriptedReceiver receiver) {
        return "namespace_defaults:\n  targets:\n    - { name: hook, type: http, default: true, config: { url: \""
                + receiver.url() + "\" } }\n"
                + "  retry: { initial: PT0.05S, max: PT0.5S, max_attempts: 1000 }\n";
    }

    private static String sqs() {
        return "queues: { sqs: { endpoint: \"" + ElasticMq.shared().endpoint()
                + "\", anonymous: true, create: true } }\n";
    }

    private ForelogProcess start(String persona, String settings) {
        ForelogProcess.Builder builder = ForelogProcess.in(directory).settings(settings);
        try {
            Files.copy(
                    Path.of("src/test/resources/personas", persona + ".json"),
                    directory.resolve("conf/namespaces/" + persona + ".json"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return builder.start();
    }

    private static JsonObject state(ForelogProcess service, String namespace) {
        return service.admin().get("/admin/v1/namespaces/" + namespace).json();
    }

    /** Writes, some of them delayed, and sees all of them arrive, none early, the service being killed in between. */
    private static void runs(ForelogProcess service, ScriptedReceiver receiver, String namespace) {
        assertThat(state(service, namespace).getString("state")).isEqualTo("ACTIVE");
        try (LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            writer.start(
                    8,
                    (slot, n) -> Optional.of(LoadWriter.request(
                            namespace, slot + "/" + n, "", n % 5 == 0 ? Duration.ofSeconds(1) : Duration.ZERO)));
            receiver.awaitCount(200, SOON);
            service.killAndRestart();
            receiver.awaitCount(receiver.count() + 200, SOON);
            writer.stop();
            Await.until(
                    "every TRUE is delivered",
                    SOON,
                    () -> receiver.entryIds().containsAll(writer.trues().keySet()),
                    service::logTail);
            Verdicts.noFalseArrived(writer, receiver);
            Verdicts.noneWasEarly(writer, receiver);
        }
    }

    @Test
    void theDelayedQueueRunsOnSqs() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start("delayed-queue", defaults(receiver) + sqs())) {
            runs(service, receiver, "delayed-queue");
            assertThat(state(service, "delayed-queue").getJsonArray("warnings")).isEmpty();
        }
    }

    /** The article's retry queue with what needs no Kafka: immediate entries on disk, delays and retries on SQS. */
    @Test
    void retriesMoveToSqsAndComeBack() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .settings(sqs())
                        .namespace(
                                "orders",
                                Documents.http(receiver.url(), Documents.PATIENT)
                                        .replace(
                                                "    - physical_storage: { type: EMBEDDED }\n",
                                                "    - physical_storage: { type: EMBEDDED }\n      serves: [immediate]\n"
                                                        + "    - physical_storage: { type: SQS }\n      serves: [delayed, retry]\n"
                                                        + "      config: { wal-queue: [orders-retry] }\n"))
                        .start()) {
            AtomicInteger asked = new AtomicInteger();
            receiver.script(arrival -> asked.incrementAndGet() % 3 == 0 ? Reply.status(503) : Reply.OK);
            runs(service, receiver, "orders");
            AuditProbe.Audit audit = service.audit("orders").read();
            assertThat(audit.movedOut()).isPositive();
        }
    }
}

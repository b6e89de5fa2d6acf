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
import io.forelog.rig.backend.KafkaCluster;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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

    /** Both names of the article's documents, and one of ours, for one cluster. */
    private static String kafka() {
        String servers = KafkaCluster.shared(1).bootstrap();
        return "bootstrap_servers: { kafka-foobar: \"" + servers + "\", kaas_kafka-dgwwal_foobar7102: \"" + servers
                + "\", local: \"" + servers + "\" }\n";
    }

    private ForelogProcess start(String settings, String... personas) {
        ForelogProcess.Builder builder = ForelogProcess.in(directory).settings(settings);
        for (String persona : personas) {
            try {
                Files.copy(
                        Path.of("src/test/resources/personas", persona + ".json"),
                        directory.resolve("conf/namespaces/" + persona + ".json"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return builder.start();
    }

    private static JsonObject state(ForelogProcess service, String namespace) {
        return service.admin().get("/admin/v1/namespaces/" + namespace).json();
    }

    /**
     * Writes to the namespaces in turns, some entries delayed, and sees all of them arrive, none early, the service being
     * killed in between. Answers what was TRUE, by entry id.
     */
    private static Set<String> runs(ForelogProcess service, ScriptedReceiver receiver, String... namespaces) {
        for (String namespace : namespaces) {
            assertThat(state(service, namespace).getString("state"))
                    .as(namespace)
                    .isEqualTo("ACTIVE");
        }
        try (LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            writer.start(
                    8,
                    (slot, n) -> Optional.of(LoadWriter.request(
                            namespaces[slot % namespaces.length],
                            slot + "/" + n,
                            "",
                            n % 5 == 0 ? Duration.ofSeconds(1) : Duration.ZERO)));
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
            return Set.copyOf(writer.trues().keySet());
        }
    }

    /** As {@link #runs}, but the target fails every third time; answers the books in the end. */
    private static AuditProbe.Audit retries(ForelogProcess service, ScriptedReceiver receiver, String namespace) {
        Set<String> taken = ConcurrentHashMap.newKeySet();
        AtomicInteger asked = new AtomicInteger();
        receiver.script(arrival -> {
            if (asked.incrementAndGet() % 3 == 0) {
                return Reply.status(503);
            }
            taken.add(arrival.entryId());
            return Reply.OK;
        });
        Set<String> trues = runs(service, receiver, namespace);
        Await.until("every TRUE is taken", SOON, () -> taken.containsAll(trues), service::logTail);
        AuditProbe.Audit audit = service.audit(namespace).read();
        assertThat(audit.movedOut()).as(audit.raw()).isPositive();
        assertThat(audit.dead()).as(audit.raw()).isZero();
        return audit;
    }

    private static String retrying(ScriptedReceiver receiver, String... queues) {
        return Documents.http(receiver.url(), Documents.PATIENT)
                .replace("    - physical_storage: { type: EMBEDDED }\n", String.join("", queues));
    }

    private static String queue(String type, String serves, String config) {
        return "    - physical_storage: { type: " + type + " }\n      serves: [" + serves + "]\n      config: { "
                + config + " }\n";
    }

    private static String onKafka(String topic) {
        return queue(
                "KAFKA", "immediate", "wal-kafka-topics: [" + topic + "], wal.kafka.bootstrap.servers.prefix: local");
    }

    private static String onSqs(String queue) {
        return queue("SQS", "delayed, retry", "wal-queue: [" + queue + "]");
    }

    @Test
    void theDelayedQueueRunsOnSqs() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(defaults(receiver) + sqs(), "delayed-queue")) {
            runs(service, receiver, "delayed-queue");
            assertThat(state(service, "delayed-queue").getJsonArray("warnings")).isEmpty();
        }
    }

    /** Replication to other regions and batches of mutations are not of this version: the documents serve, and say so. */
    @Test
    void replicationAndMutationsRunOnKafkaAndSayWhatDoesNothingYet() {
        String replication = "cross-region-replication";
        String mutations = "multi-partition-mutations";
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(defaults(receiver) + kafka(), replication, mutations)) {
            runs(service, receiver, replication, mutations);
            assertThat(state(service, replication).getJsonArray("warnings").encode())
                    .contains(
                            "config.target: ",
                            "uswest2",
                            "has no effect yet; this version has no routes to other regions")
                    .doesNotContain("durable_storage");
            assertThat(state(service, mutations).getJsonArray("warnings").encode())
                    .contains("config.durable_storage: ", "has no effect yet; this version has no MutateItems")
                    .doesNotContain("config.target");
            for (String namespace : new String[] {replication, mutations}) {
                AuditProbe.Audit audit = service.audit(namespace).awaitSettled(SOON);
                assertThat(audit.accepted()).as(audit.raw()).isPositive();
                assertThat(audit.dead()).as(audit.raw()).isZero();
            }
        }
    }

    /** The article's retry queue without a broker for what comes at once. */
    @Test
    void retriesMoveToSqsAndComeBack() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .settings(sqs())
                        .namespace(
                                "orders", retrying(receiver, queue("EMBEDDED", "immediate", ""), onSqs("orders-retry")))
                        .start()) {
            retries(service, receiver, "orders");
        }
    }

    /** The article's retry queue: Kafka's consumers go on, what fails waits on SQS, whose figures are approximate. */
    @Test
    void retriesMoveFromKafkaToSqsAndComeBack() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .settings(kafka() + sqs())
                        .namespace("payments-sqs", retrying(receiver, onKafka("payments-sqs"), onSqs("payments-retry")))
                        .start()) {
            AuditProbe.Audit audit = retries(service, receiver, "payments-sqs");
            assertThat(new JsonObject(audit.raw()).getBoolean("exact")).isFalse();
        }
    }

    @Test
    void retriesMoveFromKafkaToTheDiskAndComeBackAndTheBooksBalance() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .settings(kafka())
                        .namespace(
                                "payments-disk",
                                retrying(receiver, onKafka("payments-disk"), queue("EMBEDDED", "delayed, retry", "")))
                        .start()) {
            retries(service, receiver, "payments-disk");
            AuditProbe.Audit audit = service.audit("payments-disk").awaitSettled(SOON);
            assertThat(audit.movedIn()).as(audit.raw()).isGreaterThanOrEqualTo(audit.movedOut());
        }
    }
}

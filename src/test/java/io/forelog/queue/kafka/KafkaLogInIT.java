package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Durable;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.queue.DeadLetterCursor;
import io.forelog.queue.Entries;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.MediumHealth;
import io.forelog.queue.QueueMedium;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.Settlement;
import io.forelog.queue.Tally;
import io.forelog.queue.Verdict;
import io.forelog.rig.LogTape;
import io.forelog.rig.backend.LockedKafka;
import io.forelog.target.Deliveries;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A cluster that wants TLS and a password: of the queue, and of the target. */
@Timeout(120)
class KafkaLogInIT {
    private static final String PASSWORD = "kafka-5f1c0c7a9e-password";
    private static final String WRONG = "kafka-77d03f1b2c-password";
    private static final String PROVIDER = "org.apache.kafka.common.config.provider.FileConfigProvider";

    @TempDir
    static Path shared;

    private static LockedKafka kafka;

    @TempDir
    Path directory;

    private final Ticker ticker = Ticker.anchored();

    @BeforeAll
    static void start() throws IOException {
        kafka = LockedKafka.start(shared, PASSWORD);
    }

    @AfterAll
    static void stop() {
        kafka.close();
    }

    /** As a node's settings have it: the password in a file of its own. */
    private KafkaRig rig(String password) throws IOException {
        Path secret = directory.resolve("kafka.properties");
        Files.writeString(secret, "password=" + password + "\n");
        Map<String, Object> cluster = new HashMap<>(kafka.client());
        cluster.put("bootstrap.servers", kafka.address());
        cluster.put("config.providers", "file");
        cluster.put("config.providers.file.class", PROVIDER);
        cluster.put("sasl.jaas.config", LockedKafka.logIn("${file:" + secret + ":password}"));
        return rig(cluster);
    }

    private KafkaRig rig(Map<String, Object> cluster) {
        KafkaRig rig = new KafkaRig(kafka.address(), ticker, directory);
        rig.set("clusters", Map.of("locked", cluster));
        return rig;
    }

    private static QueueSpec spec(KafkaRig rig) {
        return rig.with(
                rig.name(), "locked", InMemoryQueue.spec("any", 1), Map.of("wal-kafka-topics", List.of(rig.name())));
    }

    /** Whatever kind of client a queue has: producer, readers, tiers, transactions, administration. */
    @Test
    void everythingThatAQueueDoesGoesOverTlsWithItsPassword() throws Exception {
        KafkaRig rig = rig(PASSWORD);
        try (LogTape tape = new LogTape("io.forelog", "org.apache.kafka.clients", "org.apache.kafka.common")) {
            KafkaQueue queue = rig.open(spec(rig));
            Entries entries = new Entries(ticker, rig.name());
            for (Duration delay : List.of(Duration.ZERO, Duration.ofMillis(1_100))) {
                AppendOutcome outcome = KafkaRig.await(queue.append(List.of(entries.delayed("p", delay))))
                        .get(0);
                assertThat(outcome.durable()).as(outcome.text()).isEqualTo(Durable.TRUE);
            }
            settle(queue, new Verdict.Dead(new Failure(ticker.micros(), ErrorCode.TARGET_REJECTED, "no")));
            settle(queue, new Verdict.Delivered(ticker.micros()));
            String letter = KafkaRig.await(queue.deadLetters(new DeadLetterCursor(-1, ""), 5))
                    .items()
                    .get(0)
                    .id();
            KafkaRig.await(queue.redrive(List.of(letter)));
            settle(queue, new Verdict.Delivered(ticker.micros()));
            Tally.RouteTally books = KafkaRig.await(queue.tally()).routes().get(0);
            assertThat(books.balanced()).as(books.toString()).isTrue();
            assertThat(books.delivered()).isEqualTo(2);
            assertThat(tape.text()).contains("sasl.jaas.config").doesNotContain(PASSWORD);
        } finally {
            rig.close();
        }
    }

    private static void settle(KafkaQueue queue, Verdict verdict) throws Exception {
        List<Delivery> taken = KafkaRig.await(queue.take(1, 1, 1 << 20));
        KafkaRig.await(queue.settle(List.of(new Settlement(taken.get(0), verdict))));
    }

    @Test
    void aWrongPasswordIsToldByTheNameOfTheClusterAndIsNowhere() throws Exception {
        KafkaRig rig = rig(WRONG);
        try (LogTape tape = new LogTape("io.forelog", "org.apache.kafka.clients", "org.apache.kafka.common")) {
            String said = refusal(rig);
            assertThat(said).contains("Kafka cluster locked", "SCRAM-SHA-512").doesNotContain(WRONG);
            assertThat(tape.text()).contains("Kafka cluster locked").doesNotContain(WRONG);
        } finally {
            rig.close();
        }
    }

    @Test
    void aCertificateOfNobodyThatIsKnownIsToldByTheNameOfTheCluster() throws Exception {
        Map<String, Object> cluster = new HashMap<>(kafka.client());
        cluster.remove("ssl.truststore.type");
        cluster.remove("ssl.truststore.location");
        cluster.put("bootstrap.servers", kafka.address());
        cluster.put("sasl.jaas.config", LockedKafka.logIn(PASSWORD));
        KafkaRig rig = rig(cluster);
        try {
            assertThat(refusal(rig)).contains("Kafka cluster locked", "SSL").doesNotContain(PASSWORD);
        } finally {
            rig.close();
        }
    }

    /** The namespace is there and takes nothing; what its writers and its health are told. */
    private String refusal(KafkaRig rig) throws Exception {
        QueueMedium medium = rig.medium();
        KafkaQueue queue = (KafkaQueue) KafkaRig.await(medium.open(spec(rig)));
        AppendOutcome outcome = KafkaRig.await(queue.append(List.of(new Entries(ticker, rig.name()).immediate("p"))))
                .get(0);
        assertThat(outcome.durable()).isEqualTo(Durable.FALSE);
        assertThat(outcome.code()).isEqualTo(ErrorCode.UNAVAILABLE);
        MediumHealth health = medium.health().get(0);
        assertThat(health.state()).isEqualTo(MediumHealth.State.RECOVERING);
        return outcome.text() + "\n" + health;
    }

    @Test
    void theTargetLogsInTooAndAWrongPasswordOfItIsNowhere() throws Exception {
        kafka.plain().createTopic("locked-target", 1, 1);
        try (LogTape tape = new LogTape("io.forelog", "org.apache.kafka.clients", "org.apache.kafka.common")) {
            assertThat(delivered(PASSWORD)).isEqualTo(Outcome.applied());
            assertThat(delivered(WRONG))
                    .isInstanceOfSatisfying(
                            Outcome.Rejected.class,
                            rejected -> assertThat(rejected.storm()).isTrue())
                    .asString()
                    .contains("SCRAM-SHA-512")
                    .doesNotContain(WRONG);
            assertThat(tape.text()).contains("sasl.jaas.config").doesNotContain(PASSWORD, WRONG);
        }
        assertThat(kafka.plain().records("locked-target")).hasSize(1);
    }

    private Outcome delivered(String password) throws IOException {
        Path secret = directory.resolve("jaas");
        Files.writeString(secret, LockedKafka.logIn(password));
        try (WriterRig rig = new WriterRig(Files.createDirectories(directory.resolve(password)))) {
            rig.deploy(
                    "kafka",
                    Map.of(
                            "bootstrap_servers", kafka.address(),
                            "topic", "locked-target",
                            "client", kafka.client(),
                            "client_secrets", Map.of("sasl.jaas.config", "file:" + secret)),
                    new TargetSpec.Limit(4, 0, Duration.ofSeconds(20), 0));
            return rig.deliver(Deliveries.of(0, "k", "p"));
        }
    }
}

package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.forelog.rig.AuditProbe.Audit;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.Fleet;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.ServiceClasspath;
import io.forelog.rig.Soak;
import io.forelog.rig.Verdicts;
import io.forelog.rig.backend.KafkaCluster;
import io.forelog.rig.backend.PostgresServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three nodes of another build of the service are rolled to this one and back, node by node, under load: a namespace on Kafka, an
 * embedded one, entries that are due later. Skipped but where another build is named: {@code src/bench/mixed.sh REVISION} makes
 * one of an older revision and calls this.
 */
@Timeout(420)
class MixedFleetIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final Duration CALL_LIMIT = Duration.ofSeconds(15);
    private static final int SLOTS = 4;
    private static final int LATER = 50;

    @TempDir
    Path directory;

    private final String onKafka = "mixed-kafka-" + System.nanoTime();
    private final String embedded = "mixed-embedded-" + System.nanoTime();
    private final AtomicInteger turn = new AtomicInteger();

    private static String document(ScriptedReceiver receiver, String queue) {
        return Documents.http(receiver.url(), Documents.PATIENT)
                .replace("- physical_storage: { type: EMBEDDED }", queue);
    }

    private LoadWriter writer(List<ForelogProcess> nodes) {
        return LoadWriter.across(
                        () -> nodes.get(Math.floorMod(turn.incrementAndGet(), nodes.size()))
                                .grpc(),
                        CALL_LIMIT)
                .insist();
    }

    private static LoadWriter.Script into(String namespace) {
        return (slot, n) -> Optional.of(LoadWriter.request(namespace, slot + "/" + n, "k" + slot, Duration.ZERO));
    }

    @Test
    void aFleetIsRolledToThisBuildAndBackAndLosesNothing() {
        Optional<String> other = ServiceClasspath.other();
        assumeTrue(other.isPresent(), "SKIPPED: no other build (src/bench/mixed.sh makes one)");
        String here = ServiceClasspath.find();
        KafkaCluster kafka = KafkaCluster.shared(1);
        try (ScriptedReceiver kafkaReceiver = new ScriptedReceiver();
                ScriptedReceiver embeddedReceiver = new ScriptedReceiver();
                PostgresServer server = PostgresServer.create();
                Fleet fleet = new Fleet(
                        directory,
                        server.uri(),
                        3,
                        "bootstrap_servers: { test: '" + kafka.bootstrap() + "' }\n"
                                + "queues: { kafka: { partitions: 6, tier_partitions: 1 } }")) {
            List<String> names = List.of("a", "b", "c");
            names.forEach(name -> fleet.start(name, "", other.get()));
            List<ForelogProcess> nodes = fleet.all();
            String first = document(
                    kafkaReceiver,
                    "- physical_storage: { type: KAFKA }\n      config: { wal.kafka.bootstrap.servers.prefix: test }");
            fleet.apply(onKafka, first);
            fleet.apply(embedded, document(embeddedReceiver, "- physical_storage: { type: EMBEDDED }"));
            try (LoadWriter kafkaWriter = writer(nodes);
                    LoadWriter embeddedWriter = writer(nodes)) {
                kafkaWriter.start(SLOTS, into(onKafka));
                embeddedWriter.start(SLOTS, into(embedded));
                fleet.awaitMore(kafkaWriter, 200, "Kafka, all of the other build");
                fleet.awaitMore(embeddedWriter, 200, "embedded, all of the other build");
                for (String build : List.of(here, other.get())) {
                    for (int n = 0; n < LATER; n++) {
                        for (String namespace : List.of(onKafka, embedded)) {
                            LoadWriter writer = namespace.equals(onKafka) ? kafkaWriter : embeddedWriter;
                            writer.writeOne(
                                    LoadWriter.request(namespace, "later/" + n, "later" + n, Duration.ofSeconds(20)));
                        }
                    }
                    String to = build.equals(here) ? "to this build" : "back";
                    for (ForelogProcess node : nodes) {
                        assertThat(node.stop()).isZero();
                        node.setService(build);
                        node.start();
                        fleet.awaitMore(kafkaWriter, 200, "Kafka, one more rolled " + to);
                        fleet.awaitMore(embeddedWriter, 200, "embedded, one more rolled " + to);
                        // From the one that was rolled: every build reads what the other one has stored.
                        fleet.apply(onKafka, first + "\nretention: PT" + (2 + turn.get() % 20) + "H\n", node);
                    }
                }
                kafkaWriter.stop();
                embeddedWriter.stop();
                settled(onKafka, kafkaWriter, kafkaReceiver, fleet);
                settled(embedded, embeddedWriter, embeddedReceiver, fleet);
                assertThat(kafkaWriter.unknowns())
                        .as("writes that nobody answered")
                        .isEmpty();
            }
        }
    }

    private static void settled(String namespace, LoadWriter writer, ScriptedReceiver receiver, Fleet fleet) {
        Await.until(
                "every TRUE has arrived, and what was due later",
                LIMIT,
                () -> receiver.entryIds().containsAll(writer.trues().keySet()) && later(receiver) == 2L * LATER,
                () -> writer + "; later: " + later(receiver) + fleet.logTails());
        Verdicts.everyTrueArrived(writer, receiver);
        Audit audit = Await.until(
                "nothing is pending",
                LIMIT,
                () -> audit(fleet.all().get(0), namespace).filter(counted -> counted.pending() == 0),
                fleet::logTails);
        assertThat(audit.addsUp()).as(audit.raw()).isTrue();
        Soak.tell("%s: %s; %d duplicates; audit %s", namespace, writer, receiver.duplicates(), audit.raw());
    }

    private static long later(ScriptedReceiver receiver) {
        return receiver.arrivals().stream()
                .filter(arrival -> arrival.text().startsWith("later/"))
                .map(ScriptedReceiver.Arrival::entryId)
                .distinct()
                .count();
    }

    /** While partitions change hands a count may be refused: asked again. */
    private static Optional<Audit> audit(ForelogProcess node, String namespace) {
        try {
            return Optional.of(node.audit(namespace).read());
        } catch (AssertionError e) {
            return Optional.empty();
        }
    }
}

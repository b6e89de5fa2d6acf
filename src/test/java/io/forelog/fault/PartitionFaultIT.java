package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.forelog.rig.AuditProbe.Audit;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.Fleet;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.Ports;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.Soak;
import io.forelog.rig.TcpProxy;
import io.forelog.rig.Verdicts;
import io.forelog.rig.backend.Islands;
import io.forelog.rig.backend.KafkaCluster;
import io.forelog.rig.backend.PostgresServer;
import io.forelog.wire.v1.WriteToLogRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three real nodes, each in a network namespace of its own, cut off from each other and from everything while they are written
 * through: a namespace on Kafka, and an embedded one that lies on one of them. Skipped where there are no network namespaces.
 */
@Timeout(420)
class PartitionFaultIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    /** Longer than the cluster waits for a silent member, and than a lease holds. */
    private static final Duration CUT = Duration.ofSeconds(25);

    private static final int SLOTS = 4;
    /** So long that only what is lost is not answered, on however busy a machine; shorter than a cut. */
    private static final Duration CALL_LIMIT = Duration.ofSeconds(15);

    private static final Duration PACE = Duration.ofMillis(5);
    private static final List<String> NAMES = List.of("a", "b", "c");

    @TempDir
    Path directory;

    private final String onKafka = "kafka-" + System.nanoTime();
    private final String embedded = "embedded-" + System.nanoTime();
    private final AtomicInteger turn = new AtomicInteger();
    /** What clients send to: a load balancer takes a node out that does not answer. */
    private final List<ForelogProcess> inReach = new CopyOnWriteArrayList<>();

    private static String document(String url, String queue) {
        return Documents.http(url, Documents.PATIENT).replace("- physical_storage: { type: EMBEDDED }", queue);
    }

    private LoadWriter writer() {
        return LoadWriter.across(
                        () -> inReach.get(Math.floorMod(turn.incrementAndGet(), inReach.size()))
                                .grpc(),
                        CALL_LIMIT)
                .insist()
                .pace(PACE);
    }

    private static LoadWriter.Script into(String namespace) {
        return (slot, n) -> Optional.of(request(namespace, slot, n));
    }

    private static WriteToLogRequest request(String namespace, int slot, long n) {
        return LoadWriter.request(namespace, slot + "/" + n, "k" + slot, Duration.ZERO);
    }

    private static List<JsonObject> nodes(ForelogProcess node) {
        JsonArray nodes = node.admin().get("/admin/v1/cluster").json().getJsonArray("nodes");
        return nodes.stream().map(JsonObject.class::cast).toList();
    }

    private String owner(ForelogProcess asked) {
        return Await.until(
                "it has an owner",
                LIMIT,
                () -> nodes(asked).stream()
                        .filter(each -> each.getJsonArray("namespaces").contains(embedded))
                        .map(each -> each.getString("name"))
                        .findFirst(),
                asked::logTail);
    }

    @Test
    void noTrueIsLostWhoeverIsCutOffFromWhom() throws Exception {
        assumeTrue(Islands.possible());
        int inner = Ports.free();
        int outer = Ports.free();
        try (Islands islands = new Islands(directory, NAMES.size());
                ScriptedReceiver kafkaReceiver = new ScriptedReceiver();
                ScriptedReceiver embeddedReceiver = new ScriptedReceiver();
                TcpProxy kafkaTarget = new TcpProxy(islands.host(), 0, kafkaReceiver.port());
                TcpProxy embeddedTarget = new TcpProxy(islands.host(), 0, embeddedReceiver.port());
                KafkaCluster kafka = KafkaCluster.start(
                        1,
                        directory.resolve("kafka"),
                        KafkaCluster.behindProxy(inner, islands.host().getHostAddress() + ":" + outer));
                TcpProxy broker = new TcpProxy(islands.host(), outer, inner);
                PostgresServer server = PostgresServer.create();
                TcpProxy database = new TcpProxy(islands.host(), 0, server.port());
                Fleet fleet = new Fleet(
                        directory,
                        server.uri()
                                .replace(
                                        "127.0.0.1:" + server.port(),
                                        islands.host().getHostAddress() + ":" + database.port()),
                        islands.sites(),
                        "bootstrap_servers: { test: '" + islands.host().getHostAddress() + ":" + broker.port() + "' }\n"
                                + "queues: { kafka: { partitions: 6, tier_partitions: 1 } }")) {
            assertThat(kafka.size()).isOne();
            NAMES.forEach(name -> inReach.add(fleet.start(name)));
            try (LeaseBook leases = new LeaseBook(server.uri());
                    LoadWriter kafkaWriter = writer();
                    LoadWriter embeddedWriter = writer()) {
                String host = islands.host().getHostAddress();
                fleet.apply(
                        onKafka,
                        document(
                                kafkaReceiver
                                        .url()
                                        .replace("127.0.0.1:" + kafkaReceiver.port(), host + ":" + kafkaTarget.port()),
                                "- physical_storage: { type: KAFKA }\n"
                                        + "      config: { wal.kafka.bootstrap.servers.prefix: test }"));
                String second = document(
                        embeddedReceiver
                                .url()
                                .replace("127.0.0.1:" + embeddedReceiver.port(), host + ":" + embeddedTarget.port()),
                        "- physical_storage: { type: EMBEDDED }");
                fleet.apply(embedded, second);
                kafkaWriter.start(SLOTS, into(onKafka));
                embeddedWriter.start(SLOTS, into(embedded));
                fleet.awaitMore(kafkaWriter, 300, "Kafka, begun");
                fleet.awaitMore(embeddedWriter, 300, "embedded, begun");
                int owner = NAMES.indexOf(owner(fleet.get("c")));
                int one = (owner + 1) % 3;
                int other = (owner + 2) % 3;

                // Nodes that can't hear each other, and all that is around them can.
                islands.separate(owner, one);
                islands.separate(owner, other);
                long revision = revised(fleet, one, second);
                fleet.awaitApplied(embedded, revision);
                Await.pause(CUT);
                assertThat(kafkaWriter.unknowns())
                        .as("no write on Kafka needs another node")
                        .isEmpty();
                fleet.awaitMore(kafkaWriter, 300, "Kafka, the owner cut off from the others");
                islands.join(owner, one);
                islands.join(owner, other);
                awaitTogether(fleet);
                fleet.awaitMore(embeddedWriter, 300, "embedded, together again");

                // One that nobody hears, neither clients nor the database.
                inReach.remove(fleet.get(NAMES.get(owner)));
                islands.isolate(owner);
                Await.pause(CUT);
                fleet.awaitMore(kafkaWriter, 300, "Kafka, the owner alone");
                islands.rejoin(owner);
                awaitTogether(fleet);
                inReach.add(fleet.get(NAMES.get(owner)));
                fleet.awaitMore(embeddedWriter, 300, "embedded, all there again");
                fleet.awaitMore(kafkaWriter, 300, "Kafka, all there again");
                kafkaWriter.stop();
                embeddedWriter.stop();
                assertThat(kafkaWriter.unknowns()).hasSizeLessThanOrEqualTo(SLOTS);
                settled(onKafka, kafkaWriter, kafkaReceiver, fleet);
                settled(embedded, embeddedWriter, embeddedReceiver, fleet);
                assertThat(leases.doublyHeld()).isEmpty();
            }
        }
    }

    private long revised(Fleet fleet, int node, String document) {
        var reply =
                fleet.all().get(node).admin().put("/admin/v1/namespaces/" + embedded, document + "\nretention: PT2H\n");
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        return reply.json().getLong("desired_revision");
    }

    private void awaitTogether(Fleet fleet) {
        for (ForelogProcess node : fleet.all()) {
            Await.until(
                    "all are there",
                    LIMIT,
                    () -> nodes(node).stream()
                                    .filter(each -> "READY".equals(each.getString("state")))
                                    .count()
                            == NAMES.size(),
                    () -> nodes(node) + node.logTail());
        }
    }

    private static void settled(String namespace, LoadWriter writer, ScriptedReceiver receiver, Fleet fleet) {
        Await.until(
                "every TRUE has arrived",
                LIMIT,
                () -> receiver.entryIds().containsAll(writer.trues().keySet()),
                () -> writer + fleet.logTails());
        Verdicts.everyTrueArrived(writer, receiver);
        Audit audit = Await.until(
                "nothing is pending",
                LIMIT,
                () -> audit(fleet.all().get(0), namespace).filter(counted -> counted.pending() == 0),
                fleet::logTails);
        assertThat(audit.addsUp()).as(audit.raw()).isTrue();
        Soak.tell("%s: %s; %d duplicates; audit %s", namespace, writer, receiver.duplicates(), audit.raw());
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

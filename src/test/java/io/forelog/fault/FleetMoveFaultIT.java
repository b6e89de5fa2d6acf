package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.rig.AdminClient;
import io.forelog.rig.AdminClient.Reply;
import io.forelog.rig.AuditProbe.Audit;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.Fleet;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.ScriptedReceiver.Arrival;
import io.forelog.rig.Soak;
import io.forelog.rig.Verdicts;
import io.forelog.rig.backend.KafkaCluster;
import io.forelog.rig.backend.PostgresServer;
import io.forelog.wire.v1.WriteToLogRequest;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.LongStream;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Under ordered load a namespace is taken from a node, put on Kafka and back, and moved to another shard. */
@Timeout(600)
class FleetMoveFaultIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    /** Longer than the cluster waits for a silent member. */
    private static final Duration FROZEN = Duration.ofSeconds(15);

    private static final int SLOTS = 4;
    private static final Duration PACE = Duration.ofMillis(5);
    private static final int KEYS = 40;

    @TempDir
    Path directory;

    private final String namespace = "moves-" + System.nanoTime();
    private final ScriptedReceiver receiver = new ScriptedReceiver();
    private final AtomicInteger turn = new AtomicInteger();
    /** By slot: how far its keys' numbers have come. */
    private final AtomicLongArray reached = new AtomicLongArray(SLOTS);
    /** Numbers of this range were written, or waited, while no order was wanted. */
    private long anyOrderFrom = Long.MAX_VALUE;

    private long anyOrderTo = Long.MIN_VALUE;
    /** When which began to go well, for whoever reads of an arrival out of order. */
    private final StringBuilder phases = new StringBuilder();

    private String document(String queue, String... more) {
        return Documents.http(receiver.url(), Documents.PATIENT, "delivery: { order: key }", "retention: PT1S")
                        .replace("- physical_storage: { type: EMBEDDED }", queue)
                + "\n" + String.join("\n", more);
    }

    private static final String EMBEDDED = "- physical_storage: { type: EMBEDDED }";
    private static final String KAFKA =
            "- physical_storage: { type: KAFKA }\n" + "      config: { wal.kafka.bootstrap.servers.prefix: test }";

    private Optional<WriteToLogRequest> ofOneKeyAtATime(int slot, long n) {
        int keysOfSlot = KEYS / SLOTS;
        String key = "k" + (slot * keysOfSlot + n % keysOfSlot);
        reached.set(slot, n / keysOfSlot);
        return Optional.of(LoadWriter.request(namespace, key + "/" + n / keysOfSlot, key, Duration.ZERO));
    }

    /** What came by now came in order, which is judged later; what had not come may come in any. */
    private long arrivedOfEveryKey() {
        Map<String, Long> last = new HashMap<>();
        receiver.arrivals().forEach(arrival -> last.merge(arrival.key(), number(arrival), Math::max));
        return last.values().stream().mapToLong(Long::longValue).min().orElseThrow();
    }

    /** While keys are parked and go on being written, and back again. */
    private void takeOrderAwayAndGiveItBack(Fleet fleet, LoadWriter writer, AtomicBoolean alone) {
        anyOrderFrom = 1 + arrivedOfEveryKey();
        fleet.apply(namespace, document(KAFKA).replace("order: key", "order: none"));
        awaitMore(writer, 300, "no order is wanted", fleet);
        giveItBackWhileANodeIsOutOfReachAndAnotherIsRestarted(fleet, writer, alone);
        anyOrderTo = LongStream.range(0, SLOTS)
                        .map(slot -> reached.get((int) slot))
                        .max()
                        .orElseThrow()
                + 1;
        awaitMore(writer, 300, "order is wanted again", fleet);
    }

    private void giveItBackWhileANodeIsOutOfReachAndAnotherIsRestarted(
            Fleet fleet, LoadWriter writer, AtomicBoolean alone) {
        ForelogProcess first = fleet.get("first");
        ForelogProcess second = fleet.get("second");
        alone.set(true);
        Await.pause(Duration.ofMillis(500));
        second.freeze();
        Reply ordered = first.admin().put("/admin/v1/namespaces/" + namespace, document(KAFKA));
        assertThat(ordered.status()).as(ordered::toString).isEqualTo(200);
        long revision = ordered.json().getLong("desired_revision");
        Await.until(
                "it is applied where it can be",
                LIMIT,
                () -> Fleet.applied(first, namespace) == revision,
                first::logTail);
        Await.pause(Duration.ofMillis(500));
        int before = writer.trues().size();
        first.killAndRestart();
        Await.pause(Duration.ofSeconds(3));
        assertThat(writer.trues())
                .as("the other may still write as it did, a restart changes nothing of it: %s", writer)
                .hasSize(before);
        second.thaw();
        fleet.awaitApplied(namespace, revision);
        alone.set(false);
    }

    /** Who has its embedded queue, as {@code node} knows. */
    private List<String> ownersBy(ForelogProcess node) {
        return node.admin().get("/admin/v1/cluster").json().getJsonArray("nodes").stream()
                .map(JsonObject.class::cast)
                .filter(each -> each.getJsonArray("namespaces").contains(namespace))
                .map(each -> each.getString("name"))
                .toList();
    }

    private void awaitOwner(ForelogProcess node, String what, List<String> wanted, Fleet fleet) {
        Await.until(what, LIMIT, () -> ownersBy(node).equals(wanted), () -> ownersBy(node) + " " + doing(fleet));
    }

    private JsonObject status(ForelogProcess node) {
        return node.admin().get("/admin/v1/namespaces/" + namespace).json();
    }

    private void awaitNothingDrains(ForelogProcess node, Fleet fleet) {
        Await.until(
                "no queue drains",
                LIMIT,
                () -> !status(node).getJsonArray("warnings").encode().contains("drained"),
                () -> status(node) + fleet.logTails());
    }

    private String doing(Fleet fleet) {
        StringBuilder text = new StringBuilder();
        for (ForelogProcess node : fleet.all()) {
            String path = "/admin/v1/namespaces/" + namespace;
            text.append('\n')
                    .append(node.admin().get(path + "/pumps"))
                    .append(node.admin().get(path + "/audit"))
                    .append(node.admin().get(path))
                    .append(node.admin().get("/admin/v1/cluster"))
                    .append(node.logTail());
        }
        return text.toString();
    }

    private void awaitMore(LoadWriter writer, int more, String what, Fleet fleet) {
        int from = writer.trues().size();
        int arrived = receiver.count();
        Await.until(
                what + ": writes are TRUE and arrive",
                LIMIT,
                () -> writer.trues().size() > from + more && receiver.count() > arrived + more,
                () -> writer + "; " + (receiver.count() - arrived) + " arrivals since; " + doing(fleet));
        Soak.tell("%s: %s, %d arrivals", what, writer, receiver.count());
        phases.append(ScriptedReceiver.nowMicros()).append(": ").append(what).append('\n');
    }

    @Test
    void noTrueIsLostAndNoKeyIsOutOfOrderWhereverItGoes() {
        KafkaCluster kafka = KafkaCluster.shared(1);
        try (receiver;
                PostgresServer server = PostgresServer.create();
                Fleet fleet = new Fleet(
                        directory,
                        server.uri(),
                        3,
                        "bootstrap_servers: { test: '" + kafka.bootstrap() + "' }\n"
                                + "queues: { kafka: { partitions: 3, tier_partitions: 1 } }")) {
            ForelogProcess first = fleet.start("first");
            fleet.apply(namespace, document(EMBEDDED));
            ForelogProcess second = fleet.start("second");
            ForelogProcess blue = fleet.start("blue", "shard: blue");
            List<ForelogProcess> here = List.of(first, second);
            receiver.script(this::reply);
            AtomicInteger moved = new AtomicInteger();
            AtomicBoolean alone = new AtomicBoolean();
            try (LoadWriter writer = new LoadWriter(() -> moved.get() == 1
                    ? blue.ports().grpc()
                    : here.get(alone.get() ? 0 : turn.incrementAndGet() % 2)
                            .ports()
                            .grpc())) {
                writer.insist().pace(PACE).start(SLOTS, this::ofOneKeyAtATime);
                awaitMore(writer, 300, "on the first node", fleet);
                assertThat(ownersBy(second)).containsExactly("first");

                assertThat(first.admin()
                                .post("/admin/v1/cluster/nodes/first:drain", new JsonObject())
                                .status())
                        .isEqualTo(202);
                awaitOwner(blue, "the second node has it", List.of("second"), fleet);
                awaitMore(writer, 300, "drained from the first node", fleet);
                assertThat(first.admin()
                                .post("/admin/v1/cluster/nodes/first:undrain", new JsonObject())
                                .status())
                        .isEqualTo(202);

                // While one of its nodes is out of reach: nobody writes in the new way before that one has heard of it.
                alone.set(true);
                Await.pause(Duration.ofMillis(500));
                second.freeze();
                Reply changed = first.admin().put("/admin/v1/namespaces/" + namespace, document(KAFKA));
                assertThat(changed.status()).as(changed::toString).isEqualTo(200);
                Await.pause(FROZEN);
                second.thaw();
                fleet.awaitApplied(namespace, changed.json().getLong("desired_revision"));
                alone.set(false);
                awaitMore(writer, 300, "on Kafka", fleet);
                awaitOwner(blue, "nobody's disk has it", List.of(), fleet);
                here.forEach(node -> awaitNothingDrains(node, fleet));
                awaitMore(writer, 300, "on Kafka alone", fleet);
                kafka.addPartitions(namespace, 7);
                assertThat(second.stop()).isZero();
                second.start();
                Await.until(
                        "the added partitions are read",
                        LIMIT,
                        () -> kafka.assigned("forelog." + namespace + ".1").contains(new TopicPartition(namespace, 6)),
                        fleet::logTails);
                awaitMore(writer, 300, "on a topic that has grown, one node begun since", fleet);

                takeOrderAwayAndGiveItBack(fleet, writer, alone);

                fleet.apply(namespace, document(EMBEDDED));
                awaitMore(writer, 300, "embedded again", fleet);
                here.forEach(node -> awaitNothingDrains(node, fleet));

                Reply put = first.admin().put("/admin/v1/namespaces/" + namespace, document(EMBEDDED, "shard: blue"));
                assertThat(put.status()).as(put::toString).isEqualTo(200);
                Await.until("it is there", LIMIT, () -> Fleet.applied(blue, namespace) > 0, fleet::logTails);
                wrongShardIsTold(first, blue);
                moved.set(1);
                awaitOwner(blue, "its disk has it, and no other", List.of("blue"), fleet);
                awaitMore(writer, 300, "on the other shard", fleet);
                writer.stop();
                Await.until(
                        "all TRUE have arrived",
                        LIMIT,
                        () -> receiver.entryIds().containsAll(writer.trues().keySet()),
                        () -> writer + fleet.logTails());
                Verdicts.everyTrueArrived(writer, receiver);
                List<Arrival> late = lateFirsts(receiver.arrivals());
                assertThat(late).as(() -> around(late)).isEmpty();
                Await.until("nothing is pending", LIMIT, () -> pending(blue) == 0, blue::logTail);
                Audit audit = blue.audit(namespace).read();
                assertThat(audit.addsUp()).as(audit.raw()).isTrue();
                Soak.tell(
                        "moved about: %s, %d arrivals, %d duplicates", writer, receiver.count(), receiver.duplicates());
            }
        }
    }

    private long pending(ForelogProcess node) {
        return node.audit(namespace).read().pending();
    }

    private Reply write(ForelogProcess node) {
        return new AdminClient(() -> node.ports().http())
                .send("POST", "/v1/namespaces/" + namespace + "/entries", "x", "application/octet-stream");
    }

    private void wrongShardIsTold(ForelogProcess wrong, ForelogProcess right) {
        String address = "grpc://127.0.0.1:" + right.ports().grpc();
        Await.until(
                "it names the other shard's address",
                LIMIT,
                () -> write(wrong).body().contains(address),
                () -> String.valueOf(write(wrong)));
        assertThat(write(wrong).status()).isEqualTo(421);
        assertThat(write(wrong).body()).contains("on shard blue");
        assertThat(write(wrong).json().getString("shard")).isEqualTo("blue");
        assertThat(write(wrong).json().getJsonArray("addresses"))
                .containsExactly(address, "http://127.0.0.1:" + right.ports().http());
        try (LoadWriter grpc = new LoadWriter(() -> wrong.ports().grpc())) {
            assertThatThrownBy(() -> grpc.writeOne(LoadWriter.request(namespace, "misdirected")))
                    .as("9 = FAILED_PRECONDITION")
                    .hasMessageStartingWith("9: WRONG_SHARD: ")
                    .hasMessageContaining("on shard blue")
                    .hasMessageContaining(address);
        }
    }

    /** One in fifty fails so often that its key is parked. */
    private ScriptedReceiver.Reply reply(Arrival arrival) {
        boolean fails = Math.floorMod(arrival.text().hashCode(), 50) == 0 && arrival.time() <= 3;
        return fails ? ScriptedReceiver.Reply.status(500) : ScriptedReceiver.Reply.OK;
    }

    private List<Arrival> lateFirsts(List<Arrival> arrivals) {
        Map<String, Long> last = new HashMap<>();
        return arrivals.stream()
                .filter(arrival -> arrival.time() == 1)
                .filter(arrival -> number(arrival) < anyOrderFrom || number(arrival) > anyOrderTo)
                .filter(arrival -> last.merge(arrival.key(), number(arrival), Math::max) > number(arrival))
                .toList();
    }

    /** How those of the first late one's key came. */
    private String around(List<Arrival> late) {
        StringBuilder text = new StringBuilder(phases);
        receiver.arrivals().stream()
                .filter(arrival ->
                        arrival.key().equals(late.get(0).key()) && Math.abs(number(arrival) - number(late.get(0))) < 30)
                .forEach(arrival -> text.append(arrival).append('\n'));
        return text.toString();
    }

    private static long number(Arrival arrival) {
        return Long.parseLong(arrival.text().substring(arrival.text().indexOf('/') + 1));
    }
}

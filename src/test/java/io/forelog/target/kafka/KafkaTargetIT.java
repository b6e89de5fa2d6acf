package io.forelog.target.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.IdempotencyToken;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.rig.Await;
import io.forelog.rig.Ports;
import io.forelog.rig.TcpProxy;
import io.forelog.rig.backend.KafkaCluster;
import io.forelog.target.Deliveries;
import io.forelog.target.FrozenPhase;
import io.forelog.target.KilledPhase;
import io.forelog.target.SlowPhase;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(240)
class KafkaTargetIT {
    @TempDir
    static Path directory;

    private static KafkaCluster own;
    private static TcpProxy proxy;

    @TempDir
    Path data;

    private WriterRig rig;

    @BeforeEach
    void start() {
        rig = new WriterRig(data);
    }

    @AfterEach
    void stop() {
        rig.close();
    }

    private void open(KafkaCluster cluster, String topic, Map<String, Object> more, Duration timeout) {
        Map<String, Object> config = new HashMap<>(more);
        config.put("bootstrap_servers", cluster.bootstrap());
        config.put("topic", topic);
        rig.deploy("kafka", config, new TargetSpec.Limit(4, 0, timeout, 0));
    }

    @Test
    void carriesKeyPayloadAndWhichEntryItIs() {
        KafkaCluster cluster = KafkaCluster.shared(1);
        cluster.createTopic("target-carries-place", 3, 1);
        open(cluster, "target-carries-{destination}", Map.of(), Duration.ofSeconds(20));
        byte[] octets = {0, (byte) 0xFF, 7};
        var entry = Deliveries.with(
                Deliveries.entry(
                        Buffer.buffer("k1"),
                        Operation.PUT,
                        Map.of(),
                        Map.of("traceparent", "00-1-2-01", "content-type", "text/plain", "authorization", "no"),
                        Buffer.buffer(octets)),
                0,
                "place",
                new IdempotencyToken("tok", 5L));
        assertThat(rig.deliver(Deliveries.of(0, entry))).isEqualTo(Outcome.applied());

        List<ConsumerRecord<byte[], byte[]>> records = cluster.records("target-carries-place");
        assertThat(records).hasSize(1);
        assertThat(records.get(0).key()).isEqualTo("k1".getBytes(UTF_8));
        assertThat(records.get(0).value()).isEqualTo(octets);
        assertThat(headers(records.get(0)))
                .containsEntry("forelog-entry-id", entry.id().toString())
                .containsEntry("forelog-namespace", "shop")
                .containsEntry("forelog-attempt", "1")
                .containsEntry("forelog-operation", "PUT")
                .containsEntry("idempotency-key", "tok")
                .containsEntry("traceparent", "00-1-2-01")
                .containsEntry("content-type", "text/plain")
                .doesNotContainKey("authorization");
    }

    @Test
    void aBatchIsConfirmedRecordByRecordAndWhatIsTooLargeStopsNothingButItself() {
        KafkaCluster cluster = KafkaCluster.shared(1);
        cluster.createTopic("target-large", 1, 1);
        open(cluster, "target-large", Map.of("client", Map.of("compression.type", "none")), Duration.ofSeconds(20));
        List<Delivery> batch = new ArrayList<>(Deliveries.many(40));
        batch.set(7, large(7, 2 << 20));
        List<Outcome> outcomes = rig.deliver(batch);
        assertThat(outcomes.get(7))
                .isInstanceOfSatisfying(
                        Outcome.Rejected.class,
                        rejected -> assertThat(rejected.storm()).isFalse());
        outcomes = new ArrayList<>(outcomes);
        outcomes.remove(7);
        assertThat(outcomes).hasSize(39).containsOnly(Outcome.applied());
        assertThat(cluster.records("target-large")).hasSize(39);
    }

    @Test
    void aMissingTopicIsAnErrorOfTheRouteAndHoldsUpNoOther() {
        KafkaCluster cluster = KafkaCluster.shared(1);
        cluster.createTopic("target-there", 1, 1);
        open(cluster, "target-{destination}", Map.of("destination", "there"), Duration.ofSeconds(20));
        List<Delivery> batch = new ArrayList<>(Deliveries.many(4));
        for (int index : new int[] {1, 2}) {
            batch.set(
                    index, Deliveries.of(index, Deliveries.with(batch.get(index).entry(), 0, "nowhere", null)));
        }
        batch.add(Deliveries.of(4, Deliveries.with(batch.get(0).entry(), 0, "not a name", null)));
        List<Outcome> outcomes = rig.deliver(batch);
        assertThat(outcomes.get(0)).isEqualTo(Outcome.applied());
        assertThat(outcomes.get(3)).isEqualTo(Outcome.applied());
        for (int index : new int[] {1, 2}) {
            assertThat(outcomes.get(index))
                    .isInstanceOfSatisfying(
                            Outcome.Rejected.class,
                            rejected -> assertThat(rejected.storm()).isTrue());
        }
        assertThat(outcomes.get(4))
                .isInstanceOfSatisfying(
                        Outcome.Rejected.class,
                        rejected -> assertThat(rejected.storm()).isFalse());
    }

    @Test
    void aDeleteGoesOutAsATombstoneWhereThatIsAskedFor() {
        KafkaCluster cluster = KafkaCluster.shared(1);
        cluster.createTopic("target-tombstones", 1, 1, Map.of("cleanup.policy", "compact"));
        open(cluster, "target-tombstones", Map.of("tombstones", true), Duration.ofSeconds(20));
        var gone =
                Deliveries.entry(Buffer.buffer("k1"), Operation.DELETE, Map.of(), Map.of(), Buffer.buffer("ignored"));
        var keyless = Deliveries.entry(Buffer.buffer(), Operation.DELETE, Map.of(), Map.of(), Buffer.buffer());
        List<Outcome> outcomes = rig.deliver(List.of(Deliveries.of(0, gone), Deliveries.of(1, keyless)));
        assertThat(outcomes.get(0)).isEqualTo(Outcome.applied());
        assertThat(outcomes.get(1).kind()).isEqualTo(Outcome.Kind.REJECTED);
        assertThat(cluster.records("target-tombstones").get(0).value()).isNull();
    }

    @Test
    void aBrokerThatIsKilledUnderLoadLosesNothing() {
        KafkaCluster cluster = KafkaCluster.shared(1);
        cluster.createTopic("target-down", 3, 1);
        open(cluster, "target-down", Map.of(), Duration.ofSeconds(4));
        int count = KilledPhase.survives(rig, () -> cluster.kill(1), () -> cluster.start(1));
        Set<String> values = new HashSet<>();
        cluster.records("target-down").forEach(found -> values.add(new String(found.value(), UTF_8)));
        assertThat(values).hasSize(count);
    }

    @Test
    void aFrozenBrokerIsRetriedInTimeAndHoldsNoMoreThanTheLimit() {
        KafkaCluster cluster = KafkaCluster.shared(1);
        cluster.createTopic("target-frozen", 1, 1);
        open(cluster, "target-frozen", Map.of(), Duration.ofSeconds(3));
        FrozenPhase.survives(rig, 4, () -> cluster.freeze(1), () -> cluster.thaw(1));
        Set<String> values = new HashSet<>();
        cluster.records("target-frozen").forEach(found -> values.add(new String(found.value(), UTF_8)));
        assertThat(values).contains("payload 0", "payload 255");
    }

    /** A broker of this class's own: with access control, and a listener that leads clients to a proxy. */
    private static KafkaCluster own() {
        if (own == null) {
            int listener = Ports.free();
            proxy = new TcpProxy(listener);
            Map<String, String> settings = new HashMap<>(KafkaCluster.behindProxy(listener, proxy.port()));
            settings.put("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer");
            settings.put("allow.everyone.if.no.acl.found", "true");
            own = KafkaCluster.start(1, directory, settings);
        }
        return own;
    }

    @AfterAll
    static void stopOwn() {
        if (own != null) {
            own.close();
            proxy.close();
            own = null;
        }
    }

    @Test
    void aSlowBrokerHasFewerRequestsAndLosesNothing() {
        own().createTopic("target-slow", 3, 1);
        rig.deploy(
                "kafka",
                Map.of("bootstrap_servers", "127.0.0.1:" + proxy.port(), "topic", "target-slow"),
                SlowPhase.LIMIT);
        int count = SlowPhase.survives(rig, proxy, Duration.ofMillis(100), 4);
        Set<String> values = new HashSet<>();
        own().records("target-slow").forEach(found -> values.add(new String(found.value(), UTF_8)));
        assertThat(values).hasSize(count);
    }

    @Test
    void aRefusedTopicIsAnErrorOfTheRouteAndServesOnceItIsAllowed() throws Exception {
        KafkaCluster cluster = own();
        try (Admin admin = cluster.admin()) {
            cluster.createTopic("target-guarded", 1, 1);
            AclBinding denial = new AclBinding(
                    new ResourcePattern(ResourceType.TOPIC, "target-guarded", PatternType.LITERAL),
                    new AccessControlEntry("User:ANONYMOUS", "*", AclOperation.WRITE, AclPermissionType.DENY));
            admin.createAcls(List.of(denial)).all().get();
            open(cluster, "target-guarded", Map.of(), Duration.ofSeconds(8));
            Await.until(
                    "the broker refuses",
                    Duration.ofSeconds(20),
                    () -> rig.deliver(Deliveries.of(0, "k", "refused")) instanceof Outcome.Rejected rejected
                            && rejected.storm()
                            && rejected.text().contains("Authorization"));
            admin.deleteAcls(List.of(denial.toFilter())).all().get();
            Await.until(
                    "the broker allows",
                    Duration.ofSeconds(40),
                    () -> rig.deliver(Deliveries.of(1, "k", "allowed")).equals(Outcome.applied()));
        }
    }

    private static Delivery large(int sequence, int bytes) {
        return Deliveries.of(
                sequence,
                Deliveries.entry(
                        Buffer.buffer("large"), Operation.PUT, Map.of(), Map.of(), Buffer.buffer(new byte[bytes])));
    }

    private static Map<String, String> headers(ConsumerRecord<byte[], byte[]> found) {
        Map<String, String> headers = new HashMap<>();
        found.headers().forEach(header -> headers.put(header.key(), new String(header.value(), UTF_8)));
        return headers;
    }
}

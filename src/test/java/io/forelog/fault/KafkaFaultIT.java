package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.AuditProbe.Audit;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.Ports;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.ScriptedReceiver.Reply;
import io.forelog.rig.Soak;
import io.forelog.rig.TcpProxy;
import io.forelog.rig.Verdicts;
import io.forelog.rig.backend.KafkaCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A namespace on Kafka while the service and the brokers die, freeze and come back. */
class KafkaFaultIT {
    private static final int SLOTS = 16;
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private static String document(String url) {
        return Documents.http(url, Documents.PATIENT)
                .replace(
                        "- physical_storage: { type: EMBEDDED }",
                        "- physical_storage: { type: KAFKA }\n"
                                + "      config: { wal.kafka.bootstrap.servers.prefix: test }");
    }

    private ForelogProcess.Builder service(KafkaCluster kafka, String name, ScriptedReceiver receiver) {
        return service(kafka.bootstrap(), name, receiver);
    }

    private ForelogProcess.Builder service(String bootstrap, String name, ScriptedReceiver receiver) {
        return ForelogProcess.in(directory)
                .settings("name: " + name)
                .settings("shard: " + name)
                .settings("bootstrap_servers: { test: '" + bootstrap + "' }")
                .settings("queues: { kafka: { partitions: 2, tier_partitions: 1 } }")
                .namespace(name, document(receiver.url()) + "shard: " + name + "\n");
    }

    private static void write(LoadWriter writer, String namespace) {
        writer.start(
                SLOTS,
                (slot, n) -> Optional.of(LoadWriter.request(
                        namespace,
                        slot + "-" + n,
                        n % 3 == 0 ? "key-" + slot : "",
                        n % 4 == 3 ? Duration.ofMillis(500L * (1 + n % 8)) : Duration.ZERO)));
    }

    private static void verify(ForelogProcess service, LoadWriter writer, ScriptedReceiver receiver, String namespace) {
        Audit audit = service.audit(namespace).awaitSettled(Duration.ofSeconds(90));
        Soak.tell(
                "kafka, %s: %s; %d arrivals, %d of them duplicates; audit %s",
                namespace, writer, receiver.count(), receiver.duplicates(), audit.raw());
        Verdicts.everyTrueArrived(writer, receiver);
        Verdicts.noFalseArrived(writer, receiver);
        Verdicts.noneWasEarly(writer, receiver);
        assertThat(audit.dead()).isZero();
        assertThat(audit.accepted()).isGreaterThanOrEqualTo(writer.trues().size());
    }

    private static String onTopics(String topics, String name, ScriptedReceiver receiver) {
        return document(receiver.url()).replace("prefix: test", "prefix: test, wal-kafka-topics: [" + topics + "]")
                + "shard: " + name + "\n";
    }

    private static boolean isWrittenTo(KafkaCluster kafka, String topic) {
        try {
            return kafka.records(topic).size() > SLOTS;
        } catch (IllegalStateException e) {
            return false; // it is not there yet
        }
    }

    @Test
    @Timeout(300)
    void everyTrueIsDeliveredThoughTheServiceIsKilledAndATopicIsAdded() {
        KafkaCluster kafka = KafkaCluster.shared(1);
        String name = "killed-" + System.nanoTime();
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = service(kafka, name, receiver)
                        .namespace(name, onTopics(name, name, receiver))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            receiver.script(
                    arrival -> arrival.time() == 1 && arrival.text().endsWith("7") ? Reply.status(503) : Reply.OK);
            write(writer, name);
            for (int cycle = 0; cycle < Soak.choose(4, 30); cycle++) {
                Await.pause(Duration.ofMillis(1_500));
                service.killAndRestart();
            }
            service.putDocument(name, onTopics(name + ", " + name + "-more", name, receiver));
            Await.until(
                    "a topic that is added is written to",
                    SOON,
                    () -> isWrittenTo(kafka, name + "-more"),
                    service::logTail);
            Await.pause(Duration.ofMillis(500));
            writer.stop();
            verify(service, writer, receiver, name);
            assertThat(writer.trues().size()).as("writes that got through").isGreaterThan(SLOTS);
        }
    }

    @Test
    @Timeout(400)
    void brokersThatDieOrFreezeLoseNothingThatWasTrueAndNothingFalseIsThere() {
        String name = "brokers";
        try (KafkaCluster kafka = KafkaCluster.start(3, directory.resolve("kafka"));
                ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = service(kafka, name, receiver).start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            write(writer, name);
            Await.pause(Duration.ofSeconds(2));
            int leader = kafka.leaderOf(name, 0);
            kafka.kill(leader);
            Await.pause(Duration.ofSeconds(Soak.choose(6, 20)));
            kafka.start(leader);
            int other = leader % 3 + 1;
            kafka.freeze(other);
            Await.pause(Duration.ofSeconds(Soak.choose(6, 20)));
            kafka.thaw(other);
            Await.pause(Duration.ofSeconds(2));
            kafka.kill(1);
            kafka.kill(2);
            Await.pause(Duration.ofSeconds(Soak.choose(6, 20)));
            kafka.launch(1);
            kafka.launch(2);
            kafka.awaitReady(java.util.List.of(1, 2, 3));
            Await.pause(Duration.ofSeconds(2));
            writer.stop();
            assertThat(writer.unknowns()).as("two of three brokers were gone").isNotEmpty();
            verify(service, writer, receiver, name);
        }
    }

    @Test
    @Timeout(300)
    void connectionsThatAreCutAndThatStallLoseNothingThatWasTrue() {
        String name = "proxied";
        int inner = Ports.free();
        try (TcpProxy proxy = new TcpProxy(inner);
                KafkaCluster kafka = KafkaCluster.start(
                        1, directory.resolve("kafka"), KafkaCluster.behindProxy(inner, proxy.port()));
                ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service =
                        service("127.0.0.1:" + proxy.port(), name, receiver).start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            assertThat(kafka.size()).isEqualTo(1);
            write(writer, name);
            receiver.awaitCount(500, SOON);
            for (int cycle = 0; cycle < Soak.choose(2, 10); cycle++) {
                proxy.reset();
                Await.pause(Duration.ofSeconds(1));
                proxy.refuse();
                proxy.cut();
                Await.pause(Duration.ofSeconds(Soak.choose(6, 20)));
                proxy.heal();
                receiver.awaitCount(receiver.count() + 200, SOON);
                proxy.stall();
                Await.pause(Duration.ofSeconds(Soak.choose(7, 20)));
                proxy.heal();
                receiver.awaitCount(receiver.count() + 200, SOON);
            }
            writer.stop();
            assertThat(writer.unknowns())
                    .as("answers were on their way when it stalled")
                    .isNotEmpty();
            verify(service, writer, receiver, name);
        }
    }

    @Test
    @Timeout(200)
    void aServiceThatFreezesLongerThanItsGroupWaitsForItLosesNothing() {
        KafkaCluster kafka = KafkaCluster.shared(1);
        String name = "frozen-" + System.nanoTime();
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = service(kafka, name, receiver).start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            write(writer, name);
            receiver.awaitCount(500, SOON);
            service.freeze();
            Await.pause(Duration.ofSeconds(Soak.choose(12, 60)));
            service.thaw();
            receiver.awaitCount(receiver.count() + 500, SOON);
            writer.stop();
            verify(service, writer, receiver, name);
        }
    }

    @Test
    @Timeout(120)
    void theLargestPayloadIsTakenAndAByteMoreIsRefused() {
        KafkaCluster kafka = KafkaCluster.shared(1);
        String name = "sizes-" + System.nanoTime();
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = service(kafka, name, receiver).start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            String largest = "x".repeat(1 << 20);
            var answer = writer.writeOne(LoadWriter.request(name, largest));
            Await.until(
                    "it arrived", Duration.ofSeconds(30), () -> receiver.has(answer.getEntryId()), service::logTail);
            org.assertj.core.api.Assertions.assertThatThrownBy(
                            () -> writer.writeOne(LoadWriter.request(name, largest + "x")))
                    .isInstanceOf(LoadWriter.Refused.class);
        }
    }

    @Test
    @Timeout(120)
    void aNodeOfAStackDeliversWhatNamesTheStackAndWhatLiesOnItsDisk() {
        KafkaCluster kafka = KafkaCluster.shared(1);
        String named = "named-" + System.nanoTime();
        String shard = "shard: " + named + "\n";
        String others = "others-" + System.nanoTime();
        String embedded = "embedded-" + System.nanoTime();
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = service(kafka, named, receiver)
                        .settings("stack: fast")
                        .namespace(
                                named,
                                document(receiver.url())
                                                .replace("prefix: test }", "prefix: test, consumer_stack: fast }")
                                        + shard)
                        .namespace(others, document(receiver.url()) + shard)
                        .namespace(embedded, Documents.http(receiver.url(), Documents.PATIENT) + "\n" + shard)
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            String otherId = writer.writeOne(LoadWriter.request(others, "x")).getEntryId();
            assertThat(otherId).isNotEmpty();
            for (String each : new String[] {named, embedded}) {
                String id = writer.writeOne(LoadWriter.request(each, "x")).getEntryId();
                Await.until(each + ": it arrived", Duration.ofSeconds(30), () -> receiver.has(id), service::logTail);
            }
            assertThat(receiver.has(otherId)).isFalse();
            assertThat(pumps(service, named)).isEqualTo(1);
            assertThat(pumps(service, others)).isZero();
        }
    }

    private static int pumps(ForelogProcess service, String namespace) {
        return service.admin()
                .get("/admin/v1/namespaces/" + namespace + "/pumps")
                .json()
                .getJsonArray("pumps")
                .size();
    }
}

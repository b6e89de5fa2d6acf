package io.forelog.rig.backend;

import io.forelog.rig.Await;
import io.forelog.rig.ClassArchive;
import io.forelog.rig.Ports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * A real Kafka cluster of one or three KRaft nodes (numbered from 1), each a child JVM on fixed ports and a directory of its
 * own, so that a killed node comes back as itself. {@link #shared} is one for the whole test run: whoever breaks a node of it
 * brings it back; whoever can't, starts one of his own. Used by one test thread at a time.
 */
public final class KafkaCluster implements AutoCloseable {
    private static final Duration READY_LIMIT = Duration.ofSeconds(60);
    /** One broker's life tells what they all load. */
    private static final int RECORDED = 1;

    private static final String CLUSTER_ID = "Rm9yZWxvZ1Rlc3RSaWcwMQ";
    private static final Map<Integer, KafkaCluster> SHARED = new HashMap<>();

    private final Map<Integer, Integer> ports;
    private final Map<Integer, ChildProcess> nodes = new HashMap<>();

    private KafkaCluster(Map<Integer, Integer> ports) {
        this.ports = ports;
    }

    /** One for all tests of this JVM, started at the first call; ends with the JVM. */
    public static synchronized KafkaCluster shared(int nodes) {
        return SHARED.computeIfAbsent(nodes, count -> {
            Path directory = RunDirectory.create("kafka-" + count);
            KafkaCluster cluster = start(count, directory);
            RunDirectory.atExit(cluster, directory);
            return cluster;
        });
    }

    public static KafkaCluster start(int nodes, Path directory) {
        return start(nodes, directory, Map.of());
    }

    /**
     * Settings of one node that has another listener, on {@code port}, and tells whoever comes through it that its address is
     * {@code proxy}: a fault proxy stands before all of that client's connections, and before none of the rig's.
     */
    public static Map<String, String> behindProxy(int port, int proxy) {
        return behindProxy(port, "127.0.0.1:" + proxy);
    }

    public static Map<String, String> behindProxy(int port, String proxy) {
        return Map.of(
                "listeners",
                "PLAINTEXT://127.0.0.1:@port@,CONTROLLER://127.0.0.1:@controller-port@,PROXIED://127.0.0.1:" + port,
                "advertised.listeners",
                "PLAINTEXT://127.0.0.1:@port@,PROXIED://" + proxy,
                "listener.security.protocol.map",
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT");
    }

    /** With more server settings, over the rig's; ends when every node is registered. */
    public static KafkaCluster start(int nodes, Path directory, Map<String, String> settings) {
        List<Integer> free = Ports.free(nodes * 2);
        Map<Integer, Integer> ports = new HashMap<>();
        Map<Integer, Integer> controllers = new HashMap<>();
        for (int node = 1; node <= nodes; node++) {
            ports.put(node, free.get(2 * node - 2));
            controllers.put(node, free.get(2 * node - 1));
        }
        KafkaCluster cluster = new KafkaCluster(ports);
        try {
            for (int node = 1; node <= nodes; node++) {
                Path home = directory.resolve("node-" + node);
                Files.createDirectories(home);
                Path file = home.resolve("server.properties");
                Files.writeString(file, properties(node, ports, controllers, home, settings));
                ChildProcess.run(
                        home,
                        java(
                                "128m",
                                0,
                                "kafka.tools.StorageTool",
                                List.of("format", "-t", CLUSTER_ID, "-c", file.toString(), "--ignore-formatted")),
                        60);
                cluster.nodes.put(
                        node,
                        new ChildProcess(
                                "kafka-" + node,
                                home,
                                () -> java("320m", RECORDED, "kafka.Kafka", List.of(file.toString()))));
            }
            cluster.nodes.values().forEach(ChildProcess::start);
            cluster.awaitReady(cluster.nodes.keySet().stream().toList());
            return cluster;
        } catch (IOException e) {
            cluster.close();
            throw new UncheckedIOException(e);
        } catch (RuntimeException | Error e) {
            cluster.close();
            throw e;
        }
    }

    /** Every node's address, for {@code bootstrap.servers}. */
    public String bootstrap() {
        return ports.keySet().stream().sorted().map(this::address).collect(Collectors.joining(","));
    }

    /** One node's address: what a fault proxy stands in front of. */
    public String address(int node) {
        return "127.0.0.1:" + ports.get(node);
    }

    public int size() {
        return nodes.size();
    }

    /** SIGKILL. */
    public void kill(int node) {
        nodes.get(node).kill();
    }

    /** SIGTERM: the node hands its leaderships over and leaves. */
    public void stop(int node) {
        nodes.get(node).stop(30);
    }

    /** Up again on the same directory and ports; ends when the node is registered (which wants a majority of nodes). */
    public void start(int node) {
        launch(node);
        awaitReady(List.of(node));
    }

    /** As {@link #start(int)}, without waiting. */
    public void launch(int node) {
        nodes.get(node).start();
    }

    /** Ends when these nodes are registered and say so themselves. */
    public void awaitReady(List<Integer> wanted) {
        for (int node : wanted) {
            Await.until(
                    "Kafka's node " + node + " is registered",
                    READY_LIMIT,
                    () -> {
                        if (!nodes.get(node).isAlive()) {
                            throw new IllegalStateException(
                                    "it ended\n" + nodes.get(node).logTail());
                        }
                        return isRegistered(node);
                    },
                    nodes.get(node)::logTail);
        }
    }

    public void freeze(int node) {
        nodes.get(node).freeze();
    }

    public void thaw(int node) {
        nodes.get(node).thaw();
    }

    public boolean isAlive(int node) {
        return nodes.get(node).isAlive();
    }

    public long pid(int node) {
        return nodes.get(node).pid();
    }

    /** The caller closes it. */
    public Admin admin() {
        return admin(bootstrap());
    }

    /** {@code replication} is cut to the number of nodes. */
    public void createTopic(String topic, int partitions, int replication) {
        createTopic(topic, partitions, replication, Map.of());
    }

    /** Behind the back of whoever uses it: more partitions, {@code count} in all. */
    public void addPartitions(String topic, int count) {
        try (Admin admin = admin()) {
            result(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(count)))
                    .all());
        }
    }

    /** The partitions that the members of a group have between them. */
    public Set<TopicPartition> assigned(String group) {
        try (Admin admin = admin()) {
            return result(admin.describeConsumerGroups(List.of(group)).all()).get(group).members().stream()
                    .flatMap(member -> member.assignment().topicPartitions().stream())
                    .collect(Collectors.toSet());
        }
    }

    /** The members of a group, each by the name that it got when it came. */
    public Set<String> members(String group) {
        try (Admin admin = admin()) {
            return result(admin.describeConsumerGroups(List.of(group)).all()).get(group).members().stream()
                    .map(MemberDescription::consumerId)
                    .collect(Collectors.toSet());
        }
    }

    public void createTopic(String topic, int partitions, int replication, Map<String, String> settings) {
        NewTopic wanted =
                new NewTopic(topic, partitions, (short) Math.min(replication, nodes.size())).configs(settings);
        try (Admin admin = admin()) {
            result(admin.createTopics(List.of(wanted)).all());
        }
        Await.until("every partition of " + topic + " has a leader", READY_LIMIT, () -> {
            try {
                return partitions(topic).stream()
                        .allMatch(partition -> partition.leader() != null
                                && !partition.leader().isEmpty());
            } catch (IllegalStateException e) {
                return false;
            }
        });
    }

    /** Which node leads the partition, or 0 while none does. */
    public int leaderOf(String topic, int partition) {
        return partitions(topic).stream()
                .filter(found -> found.partition() == partition)
                .map(found -> found.leader() == null || found.leader().isEmpty()
                        ? 0
                        : found.leader().id())
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no partition " + partition + " of " + topic));
    }

    /** All that the topic holds now, committed transactions only: partition by partition, by offset. */
    public List<ConsumerRecord<byte[], byte[]>> records(String topic) {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", bootstrap(), "isolation.level", "read_committed", "auto.offset.reset", "none");
        List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = partitions(topic).stream()
                    .map(partition -> new TopicPartition(topic, partition.partition()))
                    .toList();
            consumer.assign(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions, Duration.ofSeconds(20));
            consumer.seekToBeginning(partitions);
            Await.until("all records of " + topic + " are read", READY_LIMIT, () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(all::add);
                return ends.entrySet().stream()
                        .allMatch(end -> consumer.position(end.getKey(), Duration.ofSeconds(20)) >= end.getValue());
            });
        }
        return all;
    }

    @Override
    public void close() {
        nodes.values().forEach(ChildProcess::close);
    }

    private boolean isRegistered(int node) {
        try (Admin admin = admin(address(node))) {
            return result(admin.describeCluster().nodes()).stream().anyMatch(found -> found.id() == node);
        } catch (IllegalStateException e) {
            return false;
        }
    }

    private List<TopicPartitionInfo> partitions(String topic) {
        try (Admin admin = admin()) {
            return result(admin.describeTopics(List.of(topic)).allTopicNames())
                    .get(topic)
                    .partitions();
        }
    }

    private static Admin admin(String bootstrap) {
        return Admin.create(Map.of(
                "bootstrap.servers", bootstrap, "request.timeout.ms", "3000", "default.api.timeout.ms", "10000"));
    }

    private static List<String> java(String heap, int recorded, String mainClass, List<String> arguments) {
        List<String> flags = new ArrayList<>(ClassArchive.RIG.flags("kafka", BackendClasspath.of("kafka"), recorded));
        flags.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
        return ChildProcess.java("kafka", heap, flags, mainClass, arguments);
    }

    private static <T> T result(KafkaFuture<T> future) {
        try {
            return future.get(15, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static String properties(
            int node,
            Map<Integer, Integer> ports,
            Map<Integer, Integer> controllers,
            Path home,
            Map<String, String> settings)
            throws IOException {
        int copies = ports.size();
        Map<String, String> values = Map.of(
                "node", Integer.toString(node),
                "port", Integer.toString(ports.get(node)),
                "controller-port", Integer.toString(controllers.get(node)),
                "voters",
                        IntStream.rangeClosed(1, copies)
                                .mapToObj(voter -> voter + "@127.0.0.1:" + controllers.get(voter))
                                .collect(Collectors.joining(",")),
                "data", home.resolve("data").toString(),
                "copies", Integer.toString(copies),
                "copies-min", Integer.toString(Math.min(2, copies)));
        String more = settings.entrySet().stream()
                .map(each -> each.getKey() + "=" + each.getValue() + "\n")
                .collect(Collectors.joining());
        return Template.fill(BackendClasspath.folder("kafka").resolve("server.properties"), more, values);
    }
}

package io.forelog.target.evcache;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.Delivery;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.observe.MetricNames;
import io.forelog.rig.Await;
import io.forelog.rig.TcpProxy;
import io.forelog.rig.backend.CacheServer;
import io.forelog.target.Deliveries;
import io.forelog.target.FrozenPhase;
import io.forelog.target.SlowPhase;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.buffer.Buffer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.spy.memcached.DefaultHashAlgorithm;
import net.spy.memcached.KetamaConnectionFactory;
import net.spy.memcached.KetamaNodeLocator;
import net.spy.memcached.MemcachedClient;
import net.spy.memcached.MemcachedNode;
import net.spy.memcached.NodeLocator;
import net.spy.memcached.util.DefaultKetamaNodeLocatorConfiguration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class EvcacheTargetIT {
    private static final String LATER = "2037-01-01T00:00:00Z";

    @TempDir
    Path data;

    private final List<CacheServer> servers = new ArrayList<>();
    private WriterRig rig;

    @BeforeEach
    void start() {
        Assumptions.assumeTrue(CacheServer.isInstalled("memcached"));
        rig = new WriterRig(data);
    }

    @AfterEach
    void stop() {
        if (rig != null) {
            rig.close();
        }
        servers.forEach(CacheServer::close);
    }

    private CacheServer server(String... more) {
        try {
            Path directory = Files.createDirectory(data.resolve("memcached-" + servers.size()));
            servers.add(CacheServer.memcached(directory, more));
            return servers.get(servers.size() - 1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A group for each server, zone-0 and so on. */
    private void open(String quorum, Duration timeout, Map<String, Object> more) {
        Map<String, String> groups = new LinkedHashMap<>();
        for (int i = 0; i < servers.size(); i++) {
            groups.put("zone-" + i, servers.get(i).address());
        }
        Map<String, Object> config = new HashMap<>(Map.of("groups", groups, "quorum", quorum));
        config.putAll(more);
        rig.deploy("evcache", config, new TargetSpec.Limit(4, 0, timeout, 0));
    }

    private static List<String> ask(String host, int port, String command, String last) {
        try (Socket socket = new Socket(host, port)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write((command + "\r\n").getBytes(UTF_8));
            BufferedReader reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
            List<String> lines = new ArrayList<>();
            for (String line = reader.readLine(); line != null && !line.matches(last); line = reader.readLine()) {
                lines.add(line);
            }
            return lines;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Null where there is none. */
    private static String get(CacheServer server, String key) {
        List<String> lines = ask("127.0.0.1", server.port(), "get " + key, "END");
        return lines.isEmpty() ? null : lines.get(1);
    }

    private static long sets(CacheServer server) {
        return ask("127.0.0.1", server.port(), "stats", "END").stream()
                .filter(line -> line.startsWith("STAT cmd_set "))
                .mapToLong(line -> Long.parseLong(line.split(" ")[2]))
                .findFirst()
                .orElseThrow();
    }

    private double missed(int zone) {
        return rig.metrics
                .get(MetricNames.EVCACHE_MISSED)
                .tag(MetricNames.OUTCOME, "zone-" + zone)
                .counter()
                .count();
    }

    private static Delivery delivery(String key, Operation operation, String ttl, Buffer payload) {
        return Deliveries.of(
                0,
                Deliveries.entry(
                        Buffer.buffer(key),
                        operation,
                        ttl.isEmpty() ? Map.of() : Map.of("ttl", ttl),
                        Map.of(),
                        payload));
    }

    /** As the pump makes it again. */
    private static List<Delivery> again(List<Delivery> deliveries) {
        return deliveries.stream()
                .map(each -> new Delivery(
                        each.entry(),
                        each.route(),
                        each.receipt(),
                        each.place(),
                        each.attempt() + 1,
                        each.dueMicros(),
                        null,
                        null,
                        0))
                .toList();
    }

    @Test
    void everyGroupHasEachWrite() {
        for (int i = 0; i < 3; i++) {
            server();
        }
        open("all", Duration.ofSeconds(5), Map.of("prefix", "users"));
        assertThat(rig.deliver(Deliveries.many(300))).containsOnly(Outcome.applied());
        for (CacheServer server : servers) {
            assertThat(get(server, "users:k0")).isEqualTo("payload 0");
            assertThat(get(server, "users:k299")).isEqualTo("payload 299");
            assertThat(ask("127.0.0.1", server.port(), "get users:k7", "END").get(0))
                    .as("flags of a text")
                    .isEqualTo("VALUE users:k7 0 9");
        }
        assertThat(rig.deliver(delivery("k0", Operation.TOUCH, LATER, Buffer.buffer())))
                .isEqualTo(Outcome.applied());
        assertThat(rig.deliver(delivery("k1", Operation.DELETE, "", Buffer.buffer())))
                .isEqualTo(Outcome.applied());
        for (CacheServer server : servers) {
            assertThat(ask("127.0.0.1", server.port(), "mg users:k0 t\r\nmn", "MN")
                            .get(0))
                    .startsWith("HD t")
                    .isNotEqualTo("HD t-1");
            assertThat(get(server, "users:k1")).isNull();
        }
    }

    @Test
    void aClientAsEvcachesReadsTextsAndBytesOfAGroupOfSeveralNodes() throws Exception {
        CacheServer one = server("-l", "127.0.0.2", "-l", "127.0.0.3");
        List<String> hosts = List.of("127.0.0.1", "127.0.0.2", "127.0.0.3");
        CacheServer two = server("-l", "127.0.0.2");
        open(
                "all",
                Duration.ofSeconds(5),
                Map.of(
                        "groups",
                        Map.of(
                                "a", "127.0.0.1:%1$d,127.0.0.2:%1$d,127.0.0.3:%1$d".formatted(one.port()),
                                "b", "127.0.0.1:%1$d,127.0.0.2:%1$d".formatted(two.port())),
                        "value",
                        "bytes"));
        byte[] bytes = {0, 1, (byte) 0xFF, '\r', '\n'};
        List<Delivery> batch = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            batch.add(delivery("key-" + i, Operation.PUT, LATER, Buffer.buffer(bytes)));
        }
        assertThat(rig.deliver(batch)).containsOnly(Outcome.applied());
        MemcachedClient client = new MemcachedClient(
                new KetamaConnectionFactory() {
                    @Override
                    public NodeLocator createLocator(List<MemcachedNode> nodes) {
                        return new KetamaNodeLocator(nodes, DefaultHashAlgorithm.KETAMA_HASH, new EvcacheNames());
                    }
                },
                hosts.stream().map(host -> address(host, one.port())).toList());
        try {
            assertThat(client.get("key-0")).isEqualTo(bytes);
            // All three addresses are one server here: which of them a key is asked of is to be seen in the locator
            // alone.
            List<GroupNode> nodes = GroupNode.parse(String.join(
                    ",", hosts.stream().map(host -> host + ":" + one.port()).toList()));
            var ring = new io.forelog.target.memcached.KetamaRing(
                    nodes.stream().map(GroupNode::ringName).toList());
            for (int i = 0; i < 500; i++) {
                String key = "key-" + i;
                InetSocketAddress theirs = (InetSocketAddress)
                        client.getNodeLocator().getPrimary(key).getSocketAddress();
                assertThat(hosts.get(ring.nodeOf(key.getBytes(UTF_8))))
                        .isEqualTo(theirs.getAddress().getHostAddress());
            }
        } finally {
            client.shutdown();
        }
        try (WriterRig other = new WriterRig(data.resolve("other"))) {
            WriterRig first = rig;
            rig = other;
            open("all", Duration.ofSeconds(5), Map.of());
            assertThat(rig.deliver(delivery("json", Operation.PUT, "", Buffer.buffer("{\"grün\":1}"))))
                    .isEqualTo(Outcome.applied());
            rig = first;
        }
        MemcachedClient plain = new MemcachedClient(address("127.0.0.1", two.port()));
        try {
            assertThat(plain.get("json")).isEqualTo("{\"grün\":1}");
        } finally {
            plain.shutdown();
        }
    }

    /** Nodes' names as EVCache has them: name/address:11211-repetition, whatever the port. */
    private static final class EvcacheNames extends DefaultKetamaNodeLocatorConfiguration {
        @Override
        public String getKeyForNode(MemcachedNode node, int repetition) {
            InetSocketAddress address = (InetSocketAddress) node.getSocketAddress();
            String ip = address.getAddress().getHostAddress();
            return ip + "/" + ip + ":11211-" + repetition;
        }
    }

    private static InetSocketAddress address(String ip, int port) {
        try {
            return new InetSocketAddress(
                    InetAddress.getByAddress(ip, InetAddress.getByName(ip).getAddress()), port);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void withAQuorumOfAllADeadGroupIsWaitedForAndTheOthersAreNotWrittenAgain() {
        for (int i = 0; i < 3; i++) {
            server();
        }
        open("all", Duration.ofSeconds(3), Map.of());
        List<Delivery> batch = Deliveries.many(100);
        servers.get(1).kill();
        assertThat(rig.deliver(batch))
                .allSatisfy(outcome -> assertThat(outcome)
                        .isInstanceOfSatisfying(
                                Outcome.Retry.class,
                                retry -> assertThat(retry.text()).startsWith("zone-1: ")));
        assertThat(get(servers.get(0), "k5")).as("the others have it").isEqualTo("payload 5");
        servers.get(1).start();
        List<Delivery> second = again(batch);
        Await.until(
                "all are applied",
                Duration.ofSeconds(60),
                () -> rig.deliver(second).stream().allMatch(Outcome.applied()::equals));
        for (int i = 0; i < 100; i++) {
            assertThat(get(servers.get(1), "k" + i)).isEqualTo("payload " + i);
        }
        assertThat(sets(servers.get(0))).isEqualTo(100);
        assertThat(sets(servers.get(2))).isEqualTo(100);
    }

    @Test
    void withAMajorityADeadAndAFrozenGroupHoldNothingUpAndWhatTheyMissIsCounted() {
        for (int i = 0; i < 3; i++) {
            server();
        }
        open("majority", Duration.ofSeconds(3), Map.of());
        servers.get(2).kill();
        assertThat(rig.deliver(Deliveries.many(200))).containsOnly(Outcome.applied());
        Await.until("what it missed is counted", Duration.ofSeconds(10), () -> missed(2) == 200);
        assertThat(missed(0) + missed(1)).isZero();
        servers.get(2).start();
        Await.until("it serves again", Duration.ofSeconds(30), () -> {
            assertThat(rig.deliver(Deliveries.of(0, "back", "there"))).isEqualTo(Outcome.applied());
            return "there".equals(get(servers.get(2), "back"));
        });
        servers.get(0).freeze();
        try {
            double before = missed(0);
            for (int i = 0; i < 20; i++) {
                assertThat(rig.deliver(Deliveries.many(50))).containsOnly(Outcome.applied());
            }
            assertThat(rig.status().breaker()).isEqualTo("closed");
            Await.until("what it missed is counted", Duration.ofSeconds(20), () -> missed(0) == before + 1_000);
        } finally {
            servers.get(0).thaw();
        }
        servers.get(1).freeze();
        servers.get(2).kill();
        try {
            assertThat(rig.deliver(Deliveries.many(10)))
                    .allSatisfy(outcome -> assertThat(outcome.kind()).isIn(Outcome.Kind.RETRY, Outcome.Kind.DEFERRED));
        } finally {
            servers.get(1).thaw();
            servers.get(2).start();
        }
        Await.until(
                "a majority is back",
                Duration.ofSeconds(60),
                () -> rig.deliver(Deliveries.of(2, "k2", "after")).equals(Outcome.applied()));
        Await.until(
                "all groups are",
                Duration.ofSeconds(60),
                () -> rig.deliver(Deliveries.of(3, "k3", "after")).equals(Outcome.applied())
                        && servers.stream().allMatch(server -> "after".equals(get(server, "k3"))));
    }

    /** With a quorum of all the slow group gives the pace; what it has in the end is the same. */
    @Test
    void aSlowGroupHasFewerRequestsAndLosesNothing() {
        CacheServer fast = server();
        CacheServer slow = server();
        try (TcpProxy proxy = new TcpProxy(slow.port())) {
            rig.deploy(
                    "evcache",
                    Map.of("groups", Map.of("fast", fast.address(), "slow", "127.0.0.1:" + proxy.port())),
                    SlowPhase.LIMIT);
            int count = SlowPhase.survives(rig, proxy, Duration.ofMillis(100), 1);
            for (int i = 0; i < count; i++) {
                assertThat(get(fast, "k" + i)).isEqualTo("payload " + i);
                assertThat(get(slow, "k" + i)).isEqualTo("payload " + i);
            }
        }
    }

    @Test
    void frozenGroupsHoldNoMoreThanTheLimit() {
        for (int i = 0; i < 2; i++) {
            server();
        }
        open("all", Duration.ofSeconds(2), Map.of());
        FrozenPhase.survives(
                rig, 4, () -> servers.get(0).freeze(), () -> servers.get(0).thaw());
        assertThat(get(servers.get(0), "k255")).isEqualTo("payload 255");
    }

    @Test
    void aBadItemStopsNothingButItselfAndIsRejectedInAGroupsWords() {
        server();
        server();
        open("all", Duration.ofSeconds(5), Map.of("prefix", "users"));
        List<Delivery> batch = new ArrayList<>(Deliveries.many(60));
        batch.set(20, delivery("large", Operation.PUT, "", Buffer.buffer(new byte[2 << 20])));
        batch.set(21, delivery("with space", Operation.PUT, "", Buffer.buffer("v")));
        batch.set(22, delivery("x".repeat(201), Operation.PUT, "", Buffer.buffer("v")));
        List<Outcome> outcomes = new ArrayList<>(rig.deliver(batch));
        List<String> words = new ArrayList<>();
        for (int bad = 22; bad >= 20; bad--) {
            words.add(0, ((Outcome.Rejected) outcomes.remove(bad)).text());
        }
        assertThat(words.get(0)).matches("zone-[01]: SERVER_ERROR object too large for cache");
        assertThat(words.get(1)).contains("a space or a control character");
        assertThat(words.get(2)).contains("207 characters");
        assertThat(outcomes).hasSize(57).containsOnly(Outcome.applied());
    }

    @Test
    void aQuorumOfMoreGroupsThanThereAreIsToldWhenTheTargetIsLoaded() {
        server();
        assertThatThrownBy(() -> open("2", Duration.ofSeconds(5), Map.of()))
                .hasStackTraceContaining("quorum: 2 of 1 groups (expected: at most 1)");
        assertThatThrownBy(() -> open("most", Duration.ofSeconds(5), Map.of()))
                .hasMessageContaining("all, majority, one or a number");
    }
}

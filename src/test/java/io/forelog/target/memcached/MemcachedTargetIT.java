package io.forelog.target.memcached;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
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
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class MemcachedTargetIT {
    private static final String LATER = "2037-01-01T00:00:00Z";
    private static final long LATER_SECONDS = 2_114_380_800L;

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

    private void open(Map<String, Object> more, Duration timeout) {
        Map<String, Object> config = new HashMap<>(more);
        config.put("nodes", servers.stream().map(CacheServer::address).toList());
        rig.deploy("memcached", config, new TargetSpec.Limit(4, 0, timeout, 0));
    }

    private static List<String> ask(CacheServer server, String command, String last) {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
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
        List<String> lines = ask(server, "get " + key, "END");
        return lines.isEmpty() ? null : lines.get(1);
    }

    /** Seconds that are left; -1 = for ever. */
    private static long left(CacheServer server, String key) {
        Matcher found = Pattern.compile("HD t(-?\\d+)")
                .matcher(ask(server, "mg " + key + " t\r\nmn", "MN").get(0));
        assertThat(found.matches()).isTrue();
        return Long.parseLong(found.group(1));
    }

    private static long stat(CacheServer server, String name) {
        return ask(server, "stats", "END").stream()
                .filter(line -> line.startsWith("STAT " + name + " "))
                .mapToLong(line -> Long.parseLong(line.split(" ")[2]))
                .findFirst()
                .orElseThrow();
    }

    private static Delivery delivery(String key, Operation operation, String ttl, Buffer payload) {
        Entry entry = Deliveries.entry(
                Buffer.buffer(key), operation, ttl.isEmpty() ? Map.of() : Map.of("ttl", ttl), Map.of(), payload);
        return Deliveries.of(0, entry);
    }

    private static Delivery delivery(String key, Operation operation, String ttl, String payload) {
        return delivery(key, operation, ttl, Buffer.buffer(payload));
    }

    @Test
    void putsTouchesAndDeletes() {
        CacheServer server = server();
        open(Map.of("key", "{namespace}:{key}", "flags", 7), Duration.ofSeconds(5));
        assertThat(rig.deliver(delivery("k", Operation.PUT, "", "line\r\nEND"))).isEqualTo(Outcome.applied());
        assertThat(ask(server, "get shop:k\r\nmn", "MN")).containsExactly("VALUE shop:k 7 9", "line", "END", "END");
        assertThat(left(server, "shop:k")).isEqualTo(-1);
        assertThat(rig.deliver(delivery("k", Operation.TOUCH, LATER, ""))).isEqualTo(Outcome.applied());
        assertThat(left(server, "shop:k"))
                .isBetween(LATER_SECONDS - System.currentTimeMillis() / 1_000L - 200, LATER_SECONDS);
        assertThat(rig.deliver(delivery("k", Operation.PUT, LATER, "two"))).isEqualTo(Outcome.applied());
        assertThat(left(server, "shop:k")).isPositive();
        assertThat(rig.deliver(delivery("k", Operation.DELETE, "", ""))).isEqualTo(Outcome.applied());
        assertThat(get(server, "shop:k")).isNull();
        assertThat(rig.deliver(delivery("k", Operation.DELETE, "", ""))).isEqualTo(Outcome.applied());
        assertThat(rig.deliver(delivery("k", Operation.TOUCH, LATER, ""))).isEqualTo(Outcome.applied());
        // an end that is past by now: 2023
        assertThat(rig.deliver(delivery("k", Operation.PUT, "60", "ended"))).isEqualTo(Outcome.applied());
        assertThat(get(server, "shop:k")).isNull();
    }

    @Test
    void aBadItemStopsNothingButItselfAndIsRejectedInTheServersWords() {
        CacheServer server = server();
        open(Map.of(), Duration.ofSeconds(5));
        List<Delivery> batch = new ArrayList<>(Deliveries.many(60));
        batch.set(20, delivery("large", Operation.PUT, "", Buffer.buffer(new byte[2 << 20])));
        batch.set(21, delivery("with space", Operation.PUT, "", "v"));
        batch.set(22, delivery("x".repeat(251), Operation.PUT, "", "v"));
        batch.set(23, delivery("touch", Operation.TOUCH, "", ""));
        List<Outcome> outcomes = new ArrayList<>(rig.deliver(batch));
        List<String> words = new ArrayList<>();
        for (int bad = 23; bad >= 20; bad--) {
            Outcome.Rejected rejected = (Outcome.Rejected) outcomes.remove(bad);
            assertThat(rejected.storm()).isFalse();
            words.add(0, rejected.text());
        }
        assertThat(words.get(0)).isEqualTo("SERVER_ERROR object too large for cache");
        assertThat(words.get(1)).contains("a space or a control character");
        assertThat(words.get(2)).contains("251 bytes");
        assertThat(words.get(3)).contains("attributes.ttl: missing");
        assertThat(outcomes).hasSize(56).containsOnly(Outcome.applied());
        assertThat(get(server, "k59")).isEqualTo("payload 59");
        assertThat(stat(server, "total_connections"))
                .as("the connection was kept")
                .isLessThanOrEqualTo(5);
    }

    @Test
    void keysThatMemcachedCannotTakeAreHashedWhereThatIsAskedFor() {
        CacheServer server = server();
        open(Map.of("long_keys", "hash"), Duration.ofSeconds(5));
        assertThat(rig.deliver(delivery("with space", Operation.PUT, "", "v"))).isEqualTo(Outcome.applied());
        assertThat(get(server, "sha256-" + sha256("with space"))).isEqualTo("v");
        assertThat(rig.deliver(delivery("plain", Operation.PUT, "", "w"))).isEqualTo(Outcome.applied());
        assertThat(get(server, "plain")).isEqualTo("w");
    }

    private static String sha256(String text) {
        try {
            return java.util.HexFormat.of()
                    .formatHex(
                            java.security.MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void severalNodesShareTheKeysAndADeadOneFailsItsOwnOnly() {
        for (int i = 0; i < 3; i++) {
            server();
        }
        open(Map.of(), Duration.ofSeconds(3));
        List<Delivery> batch = Deliveries.many(300);
        assertThat(rig.deliver(batch)).containsOnly(Outcome.applied());
        long[] items =
                servers.stream().mapToLong(server -> stat(server, "curr_items")).toArray();
        assertThat(items[0] + items[1] + items[2]).isEqualTo(300);
        assertThat(LongStream.of(items).boxed())
                .allSatisfy(count -> assertThat(count).isBetween(30L, 200L));
        List<Boolean> onSecond = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            onSecond.add(get(servers.get(1), "k" + i) != null);
        }
        servers.get(1).kill();
        List<Outcome> outcomes = rig.deliver(batch);
        for (int i = 0; i < 300; i++) {
            assertThat(outcomes.get(i).kind()).isEqualTo(onSecond.get(i) ? Outcome.Kind.RETRY : Outcome.Kind.APPLIED);
        }
        servers.get(1).start();
        Await.until(
                "the node serves its keys again",
                Duration.ofSeconds(30),
                () -> rig.deliver(batch).stream().allMatch(Outcome.applied()::equals));
        assertThat(stat(servers.get(1), "curr_items")).isEqualTo(items[1]);
    }

    @Test
    void aKilledServerIsRetriedAndWhatIsAppliedAfterItsReturnIsThere() {
        CacheServer server = server();
        open(Map.of(), Duration.ofSeconds(3));
        assertThat(rig.deliver(Deliveries.many(200))).containsOnly(Outcome.applied());
        server.kill();
        List<Delivery> open = new ArrayList<>(Deliveries.many(400));
        assertThat(rig.deliver(List.copyOf(open)))
                .allSatisfy(outcome -> assertThat(outcome.kind()).isIn(Outcome.Kind.RETRY, Outcome.Kind.DEFERRED));
        server.start();
        Await.until("all are applied", Duration.ofSeconds(60), () -> {
            List<Outcome> outcomes = rig.deliver(List.copyOf(open));
            List<Delivery> left = new ArrayList<>();
            for (int i = 0; i < outcomes.size(); i++) {
                if (!outcomes.get(i).equals(Outcome.applied())) {
                    left.add(open.get(i));
                }
            }
            open.retainAll(left);
            return open.isEmpty();
        });
        for (int i = 0; i < 400; i++) {
            assertThat(get(server, "k" + i)).isEqualTo("payload " + i);
        }
    }

    @Test
    void aFrozenServerIsRetriedInTimeAndHoldsNoMoreThanTheLimit() {
        CacheServer server = server();
        open(Map.of(), Duration.ofSeconds(2));
        FrozenPhase.survives(rig, 4, server::freeze, server::thaw);
        assertThat(get(server, "k255")).isEqualTo("payload 255");
        Await.until("old connections are gone", Duration.ofSeconds(30), () -> stat(server, "curr_connections") <= 4);
    }

    @Test
    void aSlowServerHasFewerRequestsAndLosesNothing() {
        CacheServer server = server();
        try (TcpProxy proxy = new TcpProxy(server.port())) {
            rig.deploy("memcached", Map.of("nodes", List.of("127.0.0.1:" + proxy.port())), SlowPhase.LIMIT);
            int count = SlowPhase.survives(rig, proxy, Duration.ofMillis(100), 1);
            for (int i = 0; i < count; i++) {
                assertThat(get(server, "k" + i)).isEqualTo("payload " + i);
            }
        }
    }

    @Test
    void aFullServerThatMayNotEvictIsRetriedInItsWords() {
        CacheServer server = server("-M", "-m", "16");
        open(Map.of(), Duration.ofSeconds(5));
        List<Delivery> batch = new ArrayList<>();
        for (int i = 0; i < 256; i++) {
            batch.add(delivery("k" + i, Operation.PUT, "", Buffer.buffer(new byte[100_000])));
        }
        List<Outcome> outcomes = rig.deliver(batch);
        assertThat(outcomes.get(0)).isEqualTo(Outcome.applied());
        assertThat(outcomes.get(255))
                .isInstanceOfSatisfying(
                        Outcome.Retry.class,
                        retry -> assertThat(retry.text()).isEqualTo("SERVER_ERROR out of memory storing object"));
        ask(server, "flush_all\r\nmn", "MN");
        Await.until(
                "there is room again",
                Duration.ofSeconds(60),
                () -> rig.deliver(batch.get(0)).equals(Outcome.applied()));
    }

    @Test
    void aRouteThatIsNotLetInIsAnErrorOfTheRoute() throws Exception {
        Path users = Files.writeString(data.resolve("users"), "writer:right\n");
        server("-Y", users.toString());
        Path wrong = Files.writeString(data.resolve("wrong"), "wrong");
        open(Map.of("user", "writer", "password", "file:" + wrong), Duration.ofSeconds(5));
        assertThat(rig.deliver(Deliveries.of(0, "k", "v"))).isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
            assertThat(rejected.text()).isEqualTo("CLIENT_ERROR authentication failure");
            assertThat(rejected.storm()).isTrue();
        });
        try (WriterRig other = new WriterRig(data.resolve("other"))) {
            WriterRig first = rig;
            rig = other;
            open(Map.of(), Duration.ofSeconds(5));
            assertThat(rig.deliver(Deliveries.of(0, "k", "v")))
                    .isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
                        assertThat(rejected.text()).startsWith("CLIENT_ERROR").contains("authenticat");
                        assertThat(rejected.storm()).isTrue();
                    });
            rig = first;
        }
        try (WriterRig third = new WriterRig(data.resolve("third"))) {
            WriterRig first = rig;
            rig = third;
            Path right = Files.writeString(data.resolve("right"), "right\n");
            open(Map.of("user", "writer", "password", "file:" + right), Duration.ofSeconds(5));
            assertThat(rig.deliver(Deliveries.many(100))).containsOnly(Outcome.applied());
            rig = first;
        }
    }
}

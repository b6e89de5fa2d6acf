package io.forelog.target.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.IdempotencyToken;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.rig.Await;
import io.forelog.rig.Soak;
import io.forelog.rig.TcpProxy;
import io.forelog.rig.backend.CacheServer;
import io.forelog.target.Deliveries;
import io.forelog.target.FrozenPhase;
import io.forelog.target.SlowPhase;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class RedisTargetIT {
    private static final long NOW = System.currentTimeMillis() * 1_000L;
    private static final String LATER = "2100-01-01T00:00:00Z";

    @TempDir
    Path data;

    private CacheServer server;
    private WriterRig rig;
    private Redis asking;

    @BeforeEach
    void start() throws Exception {
        Assumptions.assumeTrue(CacheServer.isInstalled("redis-server"));
        server = CacheServer.redis(Files.createDirectory(data.resolve("redis")));
        rig = new WriterRig(data);
        asking = Redis.createClient(rig.vertx, "redis://" + server.address());
    }

    @AfterEach
    void stop() {
        if (rig != null) {
            rig.close();
        }
        if (server != null) {
            server.close();
        }
    }

    private void open(Map<String, Object> more) {
        open(more, new TargetSpec.Limit(4, 0, Duration.ofSeconds(10), 0));
    }

    private void open(Map<String, Object> more, TargetSpec.Limit limit) {
        Map<String, Object> config = new HashMap<>(more);
        config.put("address", server.address());
        rig.deploy("redis", config, limit);
    }

    private Response ask(Command command, String... arguments) {
        Request request = Request.cmd(command);
        for (String argument : arguments) {
            request.arg(argument);
        }
        return WriterRig.await(asking.send(request));
    }

    private String get(String key) {
        Response value = ask(Command.GET, key);
        return value == null ? null : value.toString();
    }

    private long endOf(String key) {
        return ask(Command.PEXPIRETIME, key).toLong();
    }

    private static Entry entry(String key, Operation operation, String ttl, String payload) {
        return Deliveries.entry(
                Buffer.buffer(key),
                operation,
                ttl.isEmpty() ? Map.of() : Map.of("ttl", ttl),
                Map.of(),
                Buffer.buffer(payload));
    }

    /** {@code time}: of the write, in microseconds since an hour before now. */
    private static Delivery at(long time, String destination, Entry entry) {
        Entry old = Deliveries.with(entry, NOW - 3_600_000_000L + time, destination, null);
        return Deliveries.of(
                0,
                new Entry(
                        old.id(),
                        old.namespace(),
                        NOW,
                        NOW,
                        0L,
                        old.writeMicros(),
                        old.routes(),
                        old.destination(),
                        old.key(),
                        old.operation(),
                        old.priority(),
                        old.attributes(),
                        old.headers(),
                        old.payload(),
                        null));
    }

    @Test
    void putsTouchesAndDeletesStrings() {
        for (boolean versioned : List.of(true, false)) {
            WriterRig used = rig;
            try (WriterRig own = new WriterRig(data.resolve("versioned-" + versioned))) {
                rig = own;
                open(Map.of("versioned", versioned, "key", versioned + ":{namespace}:{key}"));
                String key = versioned + ":shop:k";
                assertThat(rig.deliver(at(1, "", entry("k", Operation.PUT, "", "one"))))
                        .isEqualTo(Outcome.applied());
                assertThat(get(key)).isEqualTo("one");
                assertThat(endOf(key)).isEqualTo(-1);
                assertThat(rig.deliver(at(2, "", entry("k", Operation.TOUCH, LATER, ""))))
                        .isEqualTo(Outcome.applied());
                assertThat(endOf(key)).isEqualTo(4_102_444_800_000L);
                assertThat(get(key)).isEqualTo("one");
                assertThat(rig.deliver(at(3, "", entry("k", Operation.PUT, "3600", "two"))))
                        .isEqualTo(Outcome.applied());
                assertThat(endOf(key)).isEqualTo(NOW / 1_000L + 3_600_000L);
                assertThat(rig.deliver(at(4, "", entry("k", Operation.DELETE, "", ""))))
                        .isEqualTo(Outcome.applied());
                assertThat(get(key)).isNull();
            } finally {
                rig = used;
            }
        }
    }

    @Test
    void aDeletionIsRememberedForAsLongAsSaidAndAnEndlessValuesVersionForEver() {
        open(Map.of("tombstones", "PT1H"));
        rig.deliver(at(1, "", entry("gone", Operation.DELETE, "", "")));
        rig.deliver(at(1, "", entry("there", Operation.PUT, "", "v")));
        long end = endOf("{gone}:forelog");
        assertThat(end - NOW / 1_000L).isBetween(3_600_000L, 3_600_000L + 180_000L);
        assertThat(endOf("{there}:forelog")).isEqualTo(-1);
    }

    /** An item's write must not be taken for, nor be compared with, another's version. */
    @Test
    void noItemHasAnotherVersionsNameAndNoTwoItemsHaveOneVersion() {
        open(Map.of());
        assertThat(rig.deliver(List.of(
                        at(10, "", entry("x", Operation.PUT, "", "plain")),
                        at(5, "", entry("{x}", Operation.PUT, "", "in braces")),
                        at(5, "", entry("{x}y", Operation.PUT, "", "tagged")),
                        at(5, "", entry("a{b", Operation.PUT, "", "half")),
                        at(5, "", entry("x:forelog:y", Operation.PUT, "", "within")))))
                .containsOnly(Outcome.applied());
        assertThat(get("x")).isEqualTo("plain");
        assertThat(get("{x}")).isEqualTo("in braces");
        assertThat(get("{x}:forelog")).as("of x").isNotNull();
        assertThat(get("{x}:forelog:forelog")).as("of {x}").isNotNull();
        for (String name : List.of("{x}:forelog", "x:forelog", "{x}:forelog:forelog", "a}b", "{}x", "}")) {
            assertThat(rig.deliver(at(20, "", entry(name, Operation.PUT, "", "v"))))
                    .as(name)
                    .isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
                        assertThat(rejected.text()).startsWith("key: ").contains("expected");
                        assertThat(rejected.storm()).isFalse();
                    });
        }
    }

    @Test
    void noHashWhoseFieldsHaveVersionsHasTheNameOfOne() {
        open(Map.of("form", "hash", "field", "f"));
        for (String name : List.of("{h}:forelog:f", "{h}:forelog:other", "h:forelog")) {
            assertThat(rig.deliver(at(20, "", entry(name, Operation.PUT, "", "v"))))
                    .as(name)
                    .isInstanceOf(Outcome.Rejected.class);
        }
        assertThat(rig.deliver(at(20, "", entry("h", Operation.PUT, "", "v")))).isEqualTo(Outcome.applied());
    }

    @Test
    void aHashHasTheMembersOfThePayloadAndNoOthers() {
        open(Map.of("form", "hash"));
        rig.deliver(at(1, "", entry("h", Operation.PUT, "", "{\"a\":\"x\",\"gone\":1}")));
        assertThat(rig.deliver(at(2, "", entry("h", Operation.PUT, "60", "{\"a\":1.5,\"b\":{\"c\":[1]},\"n\":null}"))))
                .isEqualTo(Outcome.applied());
        assertThat(ask(Command.HGET, "h", "a").toString()).isEqualTo("1.5");
        assertThat(ask(Command.HGET, "h", "b").toString()).isEqualTo("{\"c\":[1]}");
        assertThat(ask(Command.HLEN, "h").toLong()).isEqualTo(2);
        assertThat(endOf("h")).isEqualTo(NOW / 1_000L + 60_000L);
        assertThat(rig.deliver(at(3, "", entry("h", Operation.DELETE, "", "")))).isEqualTo(Outcome.applied());
        assertThat(ask(Command.EXISTS, "h").toLong()).isZero();
    }

    @Test
    void aHashOfThousandsOfFieldsIsWrittenWhole() {
        open(Map.of("form", "hash"));
        StringBuilder payload = new StringBuilder("{\"first\":0");
        for (int i = 0; i < 20_000; i++) {
            payload.append(",\"f").append(i).append("\":").append(i);
        }
        assertThat(rig.deliver(at(
                        1, "", entry("h", Operation.PUT, "", payload.append('}').toString()))))
                .isEqualTo(Outcome.applied());
        assertThat(ask(Command.HLEN, "h").toLong()).isEqualTo(20_001);
        assertThat(ask(Command.HGET, "h", "f19999").toString()).isEqualTo("19999");
    }

    @Test
    void aFieldChangesAndTheOthersStay() {
        open(Map.of("form", "hash", "field", "ours"));
        ask(Command.HSET, "h", "theirs", "t");
        assertThat(rig.deliver(at(1, "", entry("h", Operation.PUT, "", "o")))).isEqualTo(Outcome.applied());
        assertThat(ask(Command.HGET, "h", "ours").toString()).isEqualTo("o");
        assertThat(rig.deliver(at(2, "", entry("h", Operation.DELETE, "", "")))).isEqualTo(Outcome.applied());
        assertThat(ask(Command.HKEYS, "h")).hasSize(1);
        assertThat(ask(Command.HGET, "h", "theirs").toString()).isEqualTo("t");
    }

    @Test
    void aStreamGetsAMessageEachThatSaysWhichEntryItIs() {
        open(Map.of("form", "stream", "key", "events-{destination}", "destination", "web", "max_length", 1_000));
        Entry named = Deliveries.with(entry("k", Operation.DELETE, "", "p"), 0, "", new IdempotencyToken("tok", 5L));
        assertThat(rig.deliver(Deliveries.of(0, named))).isEqualTo(Outcome.applied());
        Response fields = ask(Command.XRANGE, "events-web", "-", "+").get(0).get(1);
        List<String> words = new ArrayList<>();
        fields.forEach(word -> words.add(word.toString()));
        assertThat(words)
                .containsSubsequence("forelog-entry-id", named.id().toString())
                .containsSubsequence("idempotency-key", "tok")
                .containsSubsequence("forelog-operation", "DELETE")
                .containsSubsequence("forelog-key", "k")
                .endsWith("payload", "p");
        for (int i = 0; i < 40; i++) {
            assertThat(rig.deliver(Deliveries.many(100))).containsOnly(Outcome.applied());
        }
        assertThat(ask(Command.XLEN, "events-web").toLong()).isBetween(1_000L, 1_200L);
    }

    @Test
    void aBadItemStopsNothingButItselfAndIsRejectedInTheServersWords() {
        open(Map.of("form", "hash"));
        ask(Command.SET, "k30", "a string");
        List<Delivery> batch = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            batch.add(at(
                    1, "", entry("k" + i, Operation.PUT, "", i == 10 ? "[1]" : i == 11 ? "{" : "{\"f\":" + i + "}")));
        }
        List<Outcome> outcomes = new ArrayList<>(rig.deliver(batch));
        assertThat(outcomes.remove(30)).isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
            assertThat(rejected.text()).startsWith("WRONGTYPE Operation against a key");
            assertThat(rejected.storm()).isFalse();
        });
        for (int bad : new int[] {11, 10}) {
            assertThat(outcomes.remove(bad))
                    .isInstanceOfSatisfying(
                            Outcome.Rejected.class,
                            rejected -> assertThat(rejected.text()).contains("expected: a JSON object"));
        }
        assertThat(outcomes).hasSize(57).containsOnly(Outcome.applied());
        assertThat(ask(Command.HGET, "k59", "f").toString()).isEqualTo("59");
    }

    @Test
    void duplicatesAndReorderingConverge() {
        open(Map.of("key", "{destination}:{key}"));
        for (long seed = 1; seed <= Soak.choose(40, 2_000); seed++) {
            Random random = new Random(seed);
            List<Entry> history = new ArrayList<>();
            List<Long> times = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                Operation operation = Operation.values()[random.nextInt(3)];
                String ttl = operation == Operation.TOUCH || operation == Operation.PUT && random.nextBoolean()
                        ? Long.toString(1_000 + random.nextInt(100_000))
                        : "";
                history.add(entry("k" + seed, operation, ttl, "v" + i));
                times.add((long) i / 2); // two of each time: the id decides
            }
            List<Delivery> inOrder = new ArrayList<>();
            List<Delivery> mixed = new ArrayList<>();
            for (int i = 0; i < history.size(); i++) {
                inOrder.add(at(times.get(i), "ordered", history.get(i)));
                mixed.add(at(times.get(i), "mixed", history.get(i)));
            }
            mixed.addAll(List.copyOf(mixed));
            Collections.shuffle(mixed, random);
            assertThat(rig.deliver(inOrder)).containsOnly(Outcome.applied());
            assertThat(rig.deliver(mixed)).containsOnly(Outcome.applied());
            assertThat(get("mixed:k" + seed)).as("seed %d", seed).isEqualTo(get("ordered:k" + seed));
            assertThat(endOf("mixed:k" + seed)).as("seed %d", seed).isEqualTo(endOf("ordered:k" + seed));
            // what the history says by itself, without a touch after a deletion in it
            assertThat(get("ordered:k" + seed)).as("seed %d", seed).isEqualTo(lastValue(history));
        }
    }

    private static String lastValue(List<Entry> history) {
        String value = null;
        for (Entry entry : history) {
            if (entry.operation() == Operation.PUT) {
                value = entry.payload().toString();
            } else if (entry.operation() == Operation.DELETE) {
                value = null;
            }
        }
        return value;
    }

    @Test
    void scriptsThatTheServerForgotAreTaughtAgain() {
        open(Map.of());
        assertThat(rig.deliver(Deliveries.many(50))).containsOnly(Outcome.applied());
        ask(Command.SCRIPT, "FLUSH");
        List<Delivery> batch = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            batch.add(at(9, "", entry("k" + i, Operation.PUT, "", "new")));
        }
        assertThat(rig.deliver(batch)).containsOnly(Outcome.applied());
        assertThat(get("k49")).isEqualTo("new");
    }

    @Test
    void aKilledServerLosesNothingThatWasApplied() {
        open(Map.of(), new TargetSpec.Limit(4, 0, Duration.ofSeconds(2), 0));
        int count = Soak.choose(4_000, 100_000);
        List<Delivery> all = Deliveries.many(count);
        int killAt = count / 2;
        boolean killed = false;
        int next = 0;
        List<Delivery> open = new ArrayList<>();
        long end = System.nanoTime() + Duration.ofSeconds(150).toNanos();
        while (next < count || !open.isEmpty()) {
            assertThat(System.nanoTime()).as("all are applied in time").isLessThan(end);
            while (open.size() < 400 && next < count) {
                open.add(all.get(next++));
            }
            Future<List<Outcome>> sent = rig.send(List.copyOf(open));
            boolean killNow = next > killAt && !killed;
            if (killNow) {
                killed = true;
                server.kill();
            }
            List<Outcome> outcomes = WriterRig.await(sent);
            List<Delivery> left = new ArrayList<>();
            for (int i = 0; i < outcomes.size(); i++) {
                assertThat(outcomes.get(i).kind()).isNotEqualTo(Outcome.Kind.REJECTED);
                if (outcomes.get(i).kind() != Outcome.Kind.APPLIED) {
                    left.add(open.get(i));
                }
            }
            open = left;
            if (killNow) {
                assertThat(rig.deliver(all.get(0)).kind()).isIn(Outcome.Kind.RETRY, Outcome.Kind.DEFERRED);
                server.start();
            } else if (!left.isEmpty()) {
                Await.pause(Duration.ofMillis(50));
            }
        }
        assertThat(killed).isTrue();
        for (int i = 0; i < count; i++) {
            assertThat(get("k" + i)).isEqualTo("payload " + i);
        }
    }

    @Test
    void aFrozenServerIsRetriedInTimeAndHoldsNoMoreThanTheLimit() {
        open(Map.of(), new TargetSpec.Limit(2, 0, Duration.ofSeconds(2), 0));
        FrozenPhase.survives(rig, 2, server::freeze, server::thaw);
        assertThat(get("k255")).isEqualTo("payload 255");
        Await.until(
                "old connections are gone",
                Duration.ofSeconds(30),
                () -> ask(Command.CLIENT, "LIST").toString().lines().count() <= 3);
    }

    @Test
    void aSlowServerHasFewerRequestsAndLosesNothing() {
        try (TcpProxy proxy = new TcpProxy(server.port())) {
            rig.deploy("redis", Map.of("address", "127.0.0.1:" + proxy.port()), SlowPhase.LIMIT);
            int count = SlowPhase.survives(rig, proxy, Duration.ofMillis(100), 1);
            for (int i = 0; i < count; i++) {
                assertThat(get("k" + i)).isEqualTo("payload " + i);
            }
        }
    }

    @Test
    void aServerThatMayNotWriteIsRetriedUntilItMay() {
        open(Map.of());
        ask(Command.REPLICAOF, "127.0.0.1", "1");
        assertThat(rig.deliver(Deliveries.of(0, "k", "v")))
                .isInstanceOfSatisfying(
                        Outcome.Retry.class, retry -> assertThat(retry.text()).startsWith("READONLY"));
        ask(Command.REPLICAOF, "NO", "ONE");
        assertThat(rig.deliver(Deliveries.of(1, "k", "v"))).isEqualTo(Outcome.applied());
        ask(Command.CONFIG, "SET", "maxmemory", "1");
        assertThat(rig.deliver(Deliveries.of(2, "k", "v")))
                .isInstanceOfSatisfying(
                        Outcome.Retry.class, retry -> assertThat(retry.text()).contains("OOM"));
        ask(Command.CONFIG, "SET", "maxmemory", "0");
        assertThat(rig.deliver(Deliveries.of(3, "k", "v"))).isEqualTo(Outcome.applied());
    }

    @Test
    void aServerThatHasNoRoomForAConnectionIsRetriedUntilItHas() {
        open(Map.of());
        ask(Command.CONFIG, "SET", "maxclients", "1");
        assertThat(rig.deliver(Deliveries.of(0, "k", "v")))
                .isInstanceOfSatisfying(
                        Outcome.Retry.class, retry -> assertThat(retry.text()).contains("max number of clients"));
        ask(Command.CONFIG, "SET", "maxclients", "100");
        rig.deliverAll(Deliveries.many(10));
    }

    @Test
    void whatIsNoRedisIsRetried() {
        HttpServer stranger = WriterRig.await(rig.vertx
                .createHttpServer()
                .requestHandler(request -> request.response().end())
                .listen(0, "127.0.0.1"));
        rig.deploy(
                "redis",
                Map.of("address", "127.0.0.1:" + stranger.actualPort()),
                new TargetSpec.Limit(1, 0, Duration.ofSeconds(3), 0));
        assertThat(rig.deliver(Deliveries.of(0, "k", "v")))
                .isInstanceOfSatisfying(
                        Outcome.Retry.class, retry -> assertThat(retry.text()).startsWith("UNREADABLE reply: HTTP/1"));
    }

    @Test
    void aRouteThatIsNotLetInIsAnErrorOfTheRouteAndServesOnceItIs() throws Exception {
        Path secret = Files.writeString(data.resolve("secret"), "right\n");
        ask(Command.ACL, "SETUSER", "writer", "on", ">wrong", "~*", "+ping", "+select", "+hello");
        open(Map.of("user", "writer", "password", "file:" + secret, "database", 3));
        assertRefused("WRONGPASS");
        ask(Command.ACL, "SETUSER", "writer", ">right");
        assertRefused("NOPERM");
        ask(Command.ACL, "SETUSER", "writer", "+@all");
        assertThat(rig.deliver(Deliveries.of(0, "k", "v"))).isEqualTo(Outcome.applied());
        assertThat(get("k")).isNull();
        assertThat(ask(Command.INFO, "keyspace").toString()).contains("db3:");
    }

    private void assertRefused(String word) {
        assertThat(rig.deliver(Deliveries.of(0, "k", "v"))).isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
            assertThat(rejected.text()).startsWith(word);
            assertThat(rejected.storm()).isTrue();
        });
    }
}

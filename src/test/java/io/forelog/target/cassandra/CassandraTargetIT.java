package io.forelog.target.cassandra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.data.CqlDuration;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.rig.Await;
import io.forelog.rig.Ports;
import io.forelog.rig.Soak;
import io.forelog.rig.TcpProxy;
import io.forelog.rig.backend.CassandraServer;
import io.forelog.target.Deliveries;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(240)
class CassandraTargetIT {
    private static final String KEYSPACE = "cassandra_target";
    private static final long BASE_MICROS = 1_600_000_000_000_000L;
    private static final CassandraServer SERVER = CassandraServer.shared();

    private static CqlSession direct;

    @TempDir
    Path data;

    private WriterRig rig;

    @BeforeAll
    static void connect() {
        direct = session();
        cql("CREATE KEYSPACE " + KEYSPACE + " WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
        cql("USE " + KEYSPACE);
    }

    @AfterAll
    static void disconnect() {
        direct.close();
    }

    @BeforeEach
    void start() {
        rig = new WriterRig(data);
    }

    @AfterEach
    void stop() {
        rig.close();
    }

    /** The driver has two seconds for it as it comes; a statement of ours changes nothing by coming twice. */
    private static List<Row> cql(String text) {
        return direct.execute(com.datastax.oss.driver.api.core.cql.SimpleStatement.newInstance(text)
                        .setTimeout(Duration.ofSeconds(20)))
                .all();
    }

    private static long count(String table) {
        return cql("SELECT count(*) FROM " + table).get(0).getLong(0);
    }

    private void open(Map<String, Object> more, Duration timeout) {
        Map<String, Object> config = new HashMap<>(Map.of(
                "contact_points",
                List.of(SERVER.contactPoint()),
                "local_datacenter",
                CassandraServer.DATACENTER,
                "keyspace",
                KEYSPACE));
        config.putAll(more);
        rig.deploy("cassandra", config, new TargetSpec.Limit(6, 0, timeout, 0));
    }

    private void open(Map<String, Object> more) {
        open(more, Duration.ofSeconds(20));
    }

    private static Map<String, Object> columns(String table) {
        return Map.of("table", table, "key_column", "k", "value_column", "v");
    }

    /** Accepted later than the one before it, as the pipeline's are. */
    private static Delivery delivery(int sequence, String key, Operation operation, String payload) {
        return delivery(sequence, key, operation, Map.of(), payload, BASE_MICROS + sequence);
    }

    private static Delivery delivery(
            int sequence,
            String key,
            Operation operation,
            Map<String, String> attributes,
            String payload,
            long micros) {
        Entry entry = Deliveries.entry(
                Buffer.buffer(key), operation, attributes, Map.of("x-h", "said"), Buffer.buffer(payload));
        return Deliveries.of(sequence, Deliveries.with(entry, micros, "", null));
    }

    private static void assertRejected(Outcome outcome, boolean storm, String... words) {
        assertThat(outcome).isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
            assertThat(rejected.code()).isEqualTo(ErrorCode.TARGET_REJECTED);
            assertThat(rejected.text()).contains(words);
            assertThat(rejected.storm()).isEqualTo(storm);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "blob"})
    void aTableHoldsWhatTheKeysSay(String type) {
        cql("CREATE TABLE held_" + type + " (k " + type + " PRIMARY KEY, v " + type + ")");
        open(Map.of("table", KEYSPACE + ".held_" + type, "key_column", "k", "value_column", "\"v\""));
        assertThat(rig.deliver(List.of(
                        delivery(0, "1", Operation.PUT, "one"),
                        delivery(1, "2", Operation.PUT, "two"),
                        delivery(2, "1", Operation.PUT, "three"),
                        delivery(3, "2", Operation.DELETE, ""))))
                .containsOnly(Outcome.applied());
        List<Row> rows = cql("SELECT k, v FROM held_" + type);
        assertThat(rows).hasSize(1);
        assertThat(StandardCharsets.UTF_8.decode(rows.get(0).getBytesUnsafe(1)).toString())
                .isEqualTo("three");
        assertRejected(rig.deliver(delivery(4, "", Operation.DELETE, "")), false, "key: empty");
        assertRejected(rig.deliver(delivery(5, "1", Operation.TOUCH, "")), false, "TOUCH", "cql.touch");
    }

    @Test
    void everyParameterIsOfTheTypeThatTheServerWants() throws Exception {
        cql(
                "CREATE TABLE typed (id uuid PRIMARY KEY, k text, raw blob, n decimal, big varint, i int, s smallint, t tinyint,"
                        + " f double, g float, ok boolean, a ascii, at timestamp, day date, hour time, span duration, ip inet,"
                        + " due timestamp, version bigint, namespace text, destination text, header text, attribute int,"
                        + " tok text, missing text, tags set<text>, part text)");
        open(Map.of(
                "destination",
                "orders",
                "cql",
                Map.of(
                        "put",
                        "INSERT INTO typed (id, k, raw, n, big, i, s, t, f, g, ok, a, at, day, hour, span, ip, due,"
                                + " version, namespace, destination, header, attribute, tok, missing, tags, part)"
                                + " VALUES (:entry_id, :key, :payload, :json(/n), :json(/big), :json(/i), :json(/s),"
                                + " :json(/t), :json(/f), :json(/f), :json(/ok), :json(/a), :json(/at), :json(/day),"
                                + " :json(/hour), :json(/span), :json(/ip), :due, :version, :namespace,"
                                + " :destination, :header(X-H), :attribute(n), :token, :json(/not/there),"
                                + " fromJson(:json(/tags)), :json(/tags)) /* :no parameter */")));
        String payload =
                "{\"n\": 12345678901234567890.10, \"big\": 123456789012345678901234567890, \"i\": \"7\", \"s\": 300, \"t\": -3,"
                        + " \"f\": 0.5, \"ok\": true, \"a\": \"plain\", \"at\": \"2027-01-31T12:00:00+01:00\", \"day\":"
                        + " \"2027-01-31\", \"hour\": \"12:30:00\", \"span\": \"1d12h\", \"ip\": \"10.1.2.3\","
                        + " \"tags\": [\"a\", \"b\"]}";
        Delivery delivery = delivery(0, "grüße", Operation.PUT, Map.of("n", "42"), payload, BASE_MICROS);
        assertThat(rig.deliver(delivery)).isEqualTo(Outcome.applied());

        Entry entry = delivery.entry();
        Row row = cql("SELECT * FROM typed").get(0);
        assertThat(row.getUuid("id"))
                .isEqualTo(new UUID(entry.id().high(), entry.id().low()));
        assertThat(row.getString("k")).isEqualTo("grüße");
        assertThat(row.getByteBuffer("raw")).isEqualTo(ByteBuffer.wrap(payload.getBytes(StandardCharsets.UTF_8)));
        assertThat(row.getBigDecimal("n")).isEqualTo(new BigDecimal("12345678901234567890.10"));
        assertThat(row.getBigInteger("big")).isEqualTo(new BigInteger("123456789012345678901234567890"));
        assertThat(row.getInt("i")).isEqualTo(7);
        assertThat(row.getShort("s")).isEqualTo((short) 300);
        assertThat(row.getByte("t")).isEqualTo((byte) -3);
        assertThat(row.getDouble("f")).isEqualTo(0.5);
        assertThat(row.getFloat("g")).isEqualTo(0.5f);
        assertThat(row.getBoolean("ok")).isTrue();
        assertThat(row.getString("a")).isEqualTo("plain");
        assertThat(row.getInstant("at")).isEqualTo(Instant.parse("2027-01-31T11:00:00Z"));
        assertThat(row.getLocalDate("day")).isEqualTo(LocalDate.of(2027, 1, 31));
        assertThat(row.getLocalTime("hour")).isEqualTo(LocalTime.of(12, 30));
        assertThat(row.getCqlDuration("span")).isEqualTo(CqlDuration.from("1d12h"));
        assertThat(row.getInetAddress("ip")).isEqualTo(InetAddress.getByAddress(new byte[] {10, 1, 2, 3}));
        assertThat(row.getInstant("due")).isEqualTo(Instant.ofEpochSecond(1_700_000_000L));
        assertThat(row.getLong("version")).isEqualTo(BASE_MICROS);
        assertThat(row.getString("namespace")).isEqualTo("shop");
        assertThat(row.getString("destination")).isEqualTo("orders");
        assertThat(row.getString("header")).isEqualTo("said");
        assertThat(row.getInt("attribute")).isEqualTo(42);
        assertThat(row.getString("tok")).isEqualTo(entry.id().toString());
        assertThat(row.isNull("missing")).isTrue();
        assertThat(row.getSet("tags", String.class)).isEqualTo(Set.of("a", "b"));
        assertThat(row.getString("part")).isEqualTo("[\"a\",\"b\"]");
        assertThat(cql("SELECT writetime(k) FROM typed").get(0).getLong(0))
                .as("the statement says no timestamp, and has the write's")
                .isEqualTo(BASE_MICROS);
    }

    @Test
    void aBadRowStopsNothingButItselfAndIsToldInTheServersWords() {
        cql("CREATE TABLE checked (k text PRIMARY KEY, v text, n int, tags set<text>)");
        open(Map.of(
                "cql",
                Map.of(
                        "put",
                        "INSERT INTO checked (k, v, n, tags) VALUES (:key, :json(/v), :json(/n), fromJson(:json(/tags)))"
                                + " USING TTL :ttl")));
        List<Delivery> batch = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            batch.add(delivery(i, "k" + i, Operation.PUT, "{\"v\": \"v" + i + "\", \"n\": 1, \"tags\": [\"t\"]}"));
        }
        batch.set(10, delivery(10, "k".repeat(70_000), Operation.PUT, "{}"));
        batch.set(20, delivery(20, "k20", Operation.PUT, Map.of("ttl", "2099-01-01T00:00:00Z"), "{}", BASE_MICROS));
        batch.set(30, delivery(30, "", Operation.PUT, "{\"v\": \"no key\"}"));
        batch.set(40, delivery(40, "k40", Operation.PUT, "{\"n\": \"three\"}"));
        batch.set(50, delivery(50, "k50", Operation.PUT, "{"));
        batch.set(60, delivery(60, "k60", Operation.PUT, "{\"tags\": {\"not\": \"a list\"}}"));
        batch.set(70, delivery(70, "k70", Operation.PUT, Map.of("ttl", "soon"), "{}", BASE_MICROS));
        batch.set(80, delivery(80, "k80", Operation.PUT, Map.of(), "{}", Long.MAX_VALUE));
        List<Outcome> outcomes = rig.deliver(batch);
        assertRejected(outcomes.get(10), false, "InvalidQuery", "Key length of 70000");
        assertRejected(outcomes.get(20), false, "InvalidQuery", "ttl is too large");
        assertRejected(outcomes.get(30), false, "InvalidQuery");
        assertRejected(outcomes.get(40), false, ":json(/n): a text that does not fit", "whole number of 32 bits");
        assertRejected(outcomes.get(50), false, "no JSON");
        assertRejected(outcomes.get(60), false, "FunctionFailure", "Expected a list");
        assertRejected(outcomes.get(70), false, "attributes.ttl: 'soon'");
        assertRejected(outcomes.get(80), false, "write_time: more than 60 s ahead");
        assertThat(outcomes.stream().filter(Outcome.applied()::equals)).hasSize(92);
        assertThat(count("checked")).isEqualTo(92);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void shuffledAndDuplicatedWritesComeToWhatTheLastOfEachKeySays(long seed) {
        String table = "converged_" + seed;
        cql("CREATE TABLE " + table + " (k text PRIMARY KEY, v text)");
        open(columns(table));
        Random random = new Random(seed);
        List<Delivery> history = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            boolean put = random.nextInt(4) > 0;
            history.add(delivery(
                    i,
                    "k" + random.nextInt(80),
                    put ? Operation.PUT : Operation.DELETE,
                    Map.of(),
                    put ? "v" + i : "",
                    BASE_MICROS + random.nextInt(300)));
        }
        Map<String, String> expected = new TreeMap<>();
        history.stream()
                .sorted(Comparator.comparingLong((Delivery d) -> d.entry().writeMicros())
                        .thenComparing(d -> d.entry().operation()) // of one microsecond: the deletion,
                        .thenComparing(d -> d.entry().payload().toString())) // else the larger value
                .forEach(d -> {
                    if (d.entry().operation() == Operation.PUT) {
                        expected.put(
                                d.entry().key().toString(), d.entry().payload().toString());
                    } else {
                        expected.remove(d.entry().key().toString());
                    }
                });
        List<Delivery> sent = new ArrayList<>(history);
        sent.addAll(history.subList(0, 1_000));
        Collections.shuffle(sent, random);
        deliverAll(sent);
        Map<String, String> actual = new TreeMap<>();
        cql("SELECT k, v FROM " + table).forEach(row -> actual.put(row.getString(0), row.getString(1)));
        assertThat(actual).isEqualTo(expected);
    }

    @Test
    void anItemEndsWhenItsTimeIsOverHoweverOftenItComes() {
        cql("CREATE TABLE ending (k text PRIMARY KEY, v text, seen timestamp) WITH default_time_to_live = 5000");
        Map<String, Object> config = new HashMap<>(columns("ending"));
        config.put("cql", Map.of("touch", "UPDATE ending USING TTL :ttl SET seen = :due WHERE k = :key"));
        open(config);
        String inAnHour = Instant.now().plusSeconds(3_600).toString();
        assertThat(rig.deliver(List.of(
                        delivery(0, "hour", Operation.PUT, Map.of("ttl", inAnHour), "v", BASE_MICROS),
                        delivery(1, "table's", Operation.PUT, "v"),
                        delivery(2, "over", Operation.PUT, "old"),
                        delivery(3, "over", Operation.PUT, Map.of("ttl", "P1D"), "v", BASE_MICROS + 3),
                        delivery(4, "hour", Operation.TOUCH, Map.of("ttl", inAnHour), "", BASE_MICROS))))
                .containsOnly(Outcome.applied());
        Map<String, Integer> left = new TreeMap<>();
        cql("SELECT k, ttl(v), ttl(seen) FROM ending").forEach(row -> {
            left.put(row.getString(0), row.getInt(1));
            left.put(row.getString(0) + " touched", row.getInt(2));
        });
        assertThat(left.keySet()).containsExactlyInAnyOrder("hour", "hour touched", "table's", "table's touched");
        // Whole seconds, rounded up: an item ends late rather than early.
        assertThat(left.get("hour")).isBetween(3_000, 3_601);
        assertThat(left.get("hour touched")).isBetween(3_000, 3_601);
        assertThat(left.get("table's")).isBetween(4_000, 5_000);
        assertRejected(rig.deliver(delivery(5, "hour", Operation.TOUCH, "")), false, "attributes.ttl: missing");
    }

    @Test
    void aMissingTableIsAnErrorOfTheRouteAndServesOnceItIsThere() {
        open(columns("missing"));
        rig.deliver(Deliveries.many(3)).forEach(outcome -> assertRejected(outcome, true, "missing"));
        cql("CREATE TABLE missing (k text PRIMARY KEY, v text)");
        assertThat(rig.deliver(Deliveries.many(3))).containsOnly(Outcome.applied());
        cql("DROP TABLE missing");
        rig.deliver(Deliveries.many(3)).forEach(outcome -> assertRejected(outcome, true, "missing"));
    }

    @Test
    void aMissingKeyspaceAndAStatementThatIsNoneAreErrorsOfTheRoute() {
        open(Map.of("keyspace", "nowhere", "table", "t", "key_column", "k", "value_column", "v"));
        assertRejected(rig.deliver(Deliveries.of(0, "k", "v")), true, "nowhere");
        assertRejected(rig.deliver(Deliveries.of(0, "k", "v")), true, "nowhere");
        rig.close();
        start();
        open(Map.of("cql", Map.of("put", "INSRT INTO t (k) VALUES (:key)")));
        assertRejected(rig.deliver(Deliveries.of(0, "k", "v")), true, "SyntaxError", "INSRT");
        rig.close();
        start();
        cql("CREATE TABLE lists (k text PRIMARY KEY, v list<int>)");
        open(columns("lists"));
        assertRejected(
                rig.deliver(Deliveries.of(0, "k", "v")), true, ":payload: of type list<int>", "fromJson(:payload)");
    }

    @Test
    void aDatacenterWithoutNodesIsTold() {
        cql("CREATE TABLE elsewhere (k text PRIMARY KEY, v text)");
        Map<String, Object> config = new HashMap<>(columns("elsewhere"));
        config.put("local_datacenter", "elsewhere");
        open(config, Duration.ofSeconds(5));
        assertThat(rig.deliver(Deliveries.of(0, "k", "v")))
                .isInstanceOfSatisfying(
                        Outcome.Retry.class, retry -> assertThat(retry.text()).contains("local_datacenter"));
    }

    @Test
    void opensWithoutAServerAndTellsWhatIsMissing() {
        open(
                Map.of("contact_points", List.of("127.0.0.1:" + Ports.free()), "cql", Map.of("put", "SELECT :key")),
                Duration.ofSeconds(3));
        assertThat(rig.deliver(Deliveries.of(0, "k", "v")))
                .isInstanceOfSatisfying(
                        Outcome.Retry.class, retry -> assertThat(retry.text()).contains("127.0.0.1", "ConnectionInit"));
        assertThatThrownBy(() -> open(Map.of("table", "t", "key_column", "k")))
                .hasMessageContaining("value_column: missing");
        assertThatThrownBy(() -> open(Map.of("cql", Map.of("put", "SELECT :kye"))))
                .hasMessageContaining("put at column 8, :kye: one of :key");
        assertThatThrownBy(() -> open(Map.of("contact_points", List.of("a:b:c"), "cql", Map.of("put", "SELECT 1"))))
                .hasMessageContaining("host:port");
        assertThatThrownBy(() -> open(Map.of("table", "t; drop table t", "key_column", "k", "value_column", "v")))
                .hasMessageContaining("keyspace.table");
        assertThatThrownBy(() -> open(Map.of("consistency", "ANY", "cql", Map.of("put", "SELECT 1"))))
                .hasMessageContaining("LOCAL_QUORUM");
        assertThatThrownBy(() -> open(Map.of("user", "u", "cql", Map.of("put", "SELECT 1"))))
                .hasMessageContaining("one without the other");
    }

    @Test
    void aServerThatIsKilledUnderLoadLosesNothingAndServesAgain() {
        cql("CREATE TABLE survived (k text PRIMARY KEY, v text)");
        open(columns("survived"), Duration.ofSeconds(5));
        List<Delivery> all = Deliveries.many(3_000);
        assertThat(rig.deliver(all.subList(0, 100))).containsOnly(Outcome.applied());
        List<Future<List<Outcome>>> answers = new ArrayList<>();
        for (int from = 0; from < 3_000; from += 100) {
            answers.add(rig.send(all.subList(from, from + 100)));
        }
        SERVER.kill();
        List<Delivery> left = new ArrayList<>();
        for (int batch = 0; batch < answers.size(); batch++) {
            List<Outcome> outcomes = WriterRig.await(answers.get(batch));
            for (int i = 0; i < outcomes.size(); i++) {
                if (!outcomes.get(i).equals(Outcome.applied())) {
                    assertThat(outcomes.get(i).kind()).isIn(Outcome.Kind.RETRY, Outcome.Kind.DEFERRED);
                    left.add(all.get(batch * 100 + i));
                }
            }
        }
        assertThat(rig.deliver(all.get(0)).kind()).isNotEqualTo(Outcome.Kind.APPLIED);
        Await.pause(Duration.ofSeconds(Soak.choose(1, 30)));
        SERVER.start();
        reconnect();
        long before = count("survived");
        assertThat(before).isGreaterThanOrEqualTo(3_000 - left.size()); // what was applied is there
        deliverAll(left);
        assertThat(count("survived")).isEqualTo(3_000);
    }

    @Test
    void aServerThatAcceptsAndDoesNotAnswerIsRetriedWithinTheTimeOutAndTheLimitHolds() {
        cql("CREATE TABLE frozen (k text PRIMARY KEY, v text)");
        Map<String, Object> config = new HashMap<>(columns("frozen"));
        config.put("requests", 64);
        open(config, Duration.ofSeconds(2));
        assertThat(rig.deliver(Deliveries.of(0, "k0", "v"))).isEqualTo(Outcome.applied());
        List<Delivery> all = Deliveries.many(1_000);
        SERVER.freeze();
        try {
            List<Future<List<Outcome>>> answers = new ArrayList<>();
            for (int from = 0; from < 1_000; from += 100) {
                answers.add(rig.send(all.subList(from, from + 100)));
            }
            assertThat(rig.status().inFlight()).isLessThanOrEqualTo(6);
            List<Outcome> outcomes = new ArrayList<>();
            answers.forEach(answer -> outcomes.addAll(WriterRig.await(answer)));
            assertThat(outcomes)
                    .filteredOn(
                            outcome -> outcome.kind() != Outcome.Kind.RETRY && outcome.kind() != Outcome.Kind.DEFERRED)
                    .isEmpty();
            assertThat(outcomes)
                    .filteredOn(Outcome.Retry.class::isInstance)
                    .extracting(outcome -> ((Outcome.Retry) outcome).code())
                    .contains(ErrorCode.TARGET_TIMEOUT);
        } finally {
            SERVER.thaw();
        }
        deliverAll(all);
        reconnect();
        assertThat(count("frozen")).isEqualTo(1_000);
    }

    /** The connection bears twice the limit: if more went out at once, the driver would refuse them. */
    @Test
    void noMoreThanTheLimitIsInFlight() {
        cql("CREATE TABLE bounded (k text PRIMARY KEY, v text)");
        TcpProxy proxy = new TcpProxy(SERVER.port());
        try {
            Map<String, Object> config = new HashMap<>(columns("bounded"));
            config.put("requests", 8);
            config.put("contact_points", List.of("127.0.0.1:" + proxy.port()));
            open(config);
            assertThat(rig.deliver(Deliveries.of(0, "k0", "v"))).isEqualTo(Outcome.applied());
            proxy.delay(Duration.ofMillis(5)); // slow: what goes out at once stays out
            List<Delivery> all = Deliveries.many(1_000);
            List<Future<List<Outcome>>> answers = new ArrayList<>();
            for (int from = 0; from < 1_000; from += 250) {
                answers.add(rig.send(all.subList(from, from + 250)));
            }
            answers.forEach(answer -> assertThat(WriterRig.await(answer)).containsOnly(Outcome.applied()));
            assertThat(count("bounded")).isEqualTo(1_000);
        } finally {
            proxy.close();
        }
    }

    @Test
    void connectionsThatStallOrAreResetAreMadeAnew() {
        cql("CREATE TABLE stalled (k text PRIMARY KEY, v text)");
        TcpProxy proxy = new TcpProxy(SERVER.port());
        try {
            Map<String, Object> config = new HashMap<>(columns("stalled"));
            config.put("contact_points", List.of("127.0.0.1:" + proxy.port()));
            open(config, Duration.ofSeconds(2));
            List<Delivery> all = Deliveries.many(900);
            deliverAll(all.subList(0, 300));
            assertThat(proxy.connections())
                    .as("one for requests, one for control")
                    .isEqualTo(2);
            proxy.stall();
            assertThat(rig.deliver(all.subList(300, 600)))
                    .extracting(Outcome::kind)
                    .contains(Outcome.Kind.RETRY)
                    .doesNotContain(Outcome.Kind.APPLIED, Outcome.Kind.REJECTED);
            proxy.heal();
            deliverAll(all.subList(300, 600));
            proxy.reset();
            deliverAll(all.subList(600, 900));
            assertThat(proxy.connections()).isLessThanOrEqualTo(2);
            assertThat(count("stalled")).isEqualTo(900);
        } finally {
            proxy.close();
        }
    }

    /** The test's own session, made anew: after a loss, one of the driver's may wait long for the table's metadata. */
    private static void reconnect() {
        direct.close();
        direct = session();
        cql("USE " + KEYSPACE);
    }

    private static CqlSession session() {
        return SERVER.session().build();
    }

    /** Again until applied, in requests of a hundred. */
    private void deliverAll(List<Delivery> deliveries) {
        List<Delivery> left = new ArrayList<>(deliveries);
        Await.until("all are applied", Duration.ofSeconds(60), () -> {
            List<Delivery> sent = List.copyOf(left);
            left.clear();
            List<Future<List<Outcome>>> answers = new ArrayList<>();
            for (int from = 0; from < sent.size(); from += 100) {
                answers.add(rig.send(sent.subList(from, Math.min(sent.size(), from + 100))));
            }
            for (int batch = 0; batch < answers.size(); batch++) {
                List<Outcome> outcomes = WriterRig.await(answers.get(batch));
                for (int i = 0; i < outcomes.size(); i++) {
                    assertThat(outcomes.get(i).kind()).isNotEqualTo(Outcome.Kind.REJECTED);
                    if (outcomes.get(i).kind() != Outcome.Kind.APPLIED) {
                        left.add(sent.get(batch * 100 + i));
                    }
                }
            }
            return left.isEmpty();
        });
    }
}

package io.forelog.target.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.rig.Await;
import io.forelog.rig.Ports;
import io.forelog.rig.Soak;
import io.forelog.rig.TcpProxy;
import io.forelog.rig.backend.PostgresServer;
import io.forelog.target.Deliveries;
import io.forelog.target.SlowPhase;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(180)
class PostgresTargetIT {
    private static final String DATABASE = "postgres_target";
    private static final PostgresServer SERVER = PostgresServer.shared();

    @TempDir
    Path data;

    private Vertx vertx;
    private PgConnection direct;
    private WriterRig rig;

    @BeforeAll
    static void createDatabase() {
        Vertx vertx = Vertx.vertx();
        PgConnection first = Await.result(PgConnection.connect(vertx, SERVER.uri()));
        Await.result(first.query("CREATE DATABASE " + DATABASE).execute());
        Await.result(vertx.close());
    }

    @BeforeEach
    void start() {
        vertx = Vertx.vertx();
        direct = Await.result(PgConnection.connect(vertx, SERVER.uri(DATABASE)));
        rig = new WriterRig(data);
    }

    @AfterEach
    void stop() {
        rig.close();
        Await.result(vertx.close());
    }

    private RowSet<Row> sql(String text) {
        return Await.result(direct.query(text).execute());
    }

    private List<Row> rows(String text) {
        return StreamSupport.stream(sql(text).spliterator(), false).toList();
    }

    private long count(String from) {
        return sql("SELECT count(*) FROM " + from).iterator().next().getLong(0);
    }

    private void open(Map<String, Object> more, Duration timeout) {
        Map<String, Object> config = new HashMap<>(Map.of("uri", SERVER.uri(DATABASE), "connections", 3));
        config.putAll(more);
        rig.deploy("postgres", config, new TargetSpec.Limit(6, 0, timeout, 0));
    }

    private void open(Map<String, Object> more) {
        open(more, Duration.ofSeconds(20));
    }

    private static Delivery delivery(int sequence, String key, Operation operation, String payload) {
        return Deliveries.of(
                sequence, Deliveries.entry(Buffer.buffer(key), operation, Map.of(), Map.of(), Buffer.buffer(payload)));
    }

    private static Delivery written(Delivery delivery, long micros) {
        return Deliveries.of((int) delivery.receipt().sequence(), Deliveries.with(delivery.entry(), micros, "", null));
    }

    private static void assertRejected(Outcome outcome, boolean storm, String... words) {
        assertThat(outcome).isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
            assertThat(rejected.code()).isEqualTo(ErrorCode.TARGET_REJECTED);
            assertThat(rejected.text()).contains(words);
            assertThat(rejected.storm()).isEqualTo(storm);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "bytea", "jsonb"})
    void aTableHoldsWhatTheKeysSay(String type) {
        sql("CREATE TABLE held_" + type + " (k " + (type.equals("jsonb") ? "bigint" : type) + " PRIMARY KEY, v " + type
                + ")");
        open(Map.of("table", "public.held_" + type, "key_column", "k", "value_column", "\"v\""));
        assertThat(rig.deliver(List.of(
                        delivery(0, "1", Operation.PUT, "{\"a\": 1.10}"),
                        delivery(1, "2", Operation.PUT, "{\"a\": 2}"),
                        delivery(2, "1", Operation.PUT, "{\"a\": 3.10}"),
                        delivery(3, "2", Operation.DELETE, ""))))
                .containsOnly(Outcome.applied());
        List<Row> rows = rows("SELECT k, v FROM held_" + type);
        assertThat(rows).hasSize(1);
        switch (type) {
            case "text" -> assertThat(rows.get(0).getString(1)).isEqualTo("{\"a\": 3.10}");
            case "bytea" -> assertThat(rows.get(0).getBuffer(1)).isEqualTo(Buffer.buffer("{\"a\": 3.10}"));
            default -> {
                assertThat(rows.get(0).getLong(0)).isEqualTo(1L);
                assertThat(sql("SELECT v::text FROM held_jsonb")
                                .iterator()
                                .next()
                                .getString(0))
                        .isEqualTo("{\"a\": 3.10}");
            }
        }
        assertRejected(rig.deliver(delivery(4, "", Operation.DELETE, "")), false, "key: empty");
        assertRejected(rig.deliver(delivery(5, "1", Operation.TOUCH, "")), false, "TOUCH", "sql.touch");
    }

    @Test
    void everyParameterIsOfTheTypeThatTheServerWants() {
        sql(
                "CREATE TABLE typed (id uuid PRIMARY KEY, k text, raw bytea, n numeric, i int, f float8, ok boolean, doc jsonb,"
                        + " part jsonb, word jsonb, at timestamptz, day date, due timestamptz, version bigint, namespace text,"
                        + " destination text, header text, attribute int, token text, missing text, span interval)");
        open(Map.of(
                "destination",
                "orders",
                "sql",
                Map.of(
                        "put",
                        "INSERT INTO typed VALUES (:entry_id, :key, :payload, :json(/n), :json(/i), :json(/f), :json(/ok),"
                                + " :payload_text::text::jsonb, :json(/part), :json(/word), :json(/at), :json(/day), :due,"
                                + " :version, :namespace, :destination, :header(X-H), :attribute(n), :token,"
                                + " :json(/not/there), :json(/span)::text::interval)")));
        String payload =
                "{\"n\": 12345678901234567890.10, \"i\": \"7\", \"f\": 0.5, \"ok\": true, \"part\": [1.10, null],"
                        + " \"word\": \"w\", \"at\": \"2027-01-31T12:00:00+01:00\", \"day\": \"2027-01-31\", \"span\": \"1 day\"}";
        Entry entry = Deliveries.with(
                Deliveries.entry(
                        Buffer.buffer("grüße"),
                        Operation.PUT,
                        Map.of("n", "42"),
                        Map.of("x-h", "said"),
                        Buffer.buffer(payload)),
                1_600_000_000_000_001L,
                "",
                null);
        assertThat(rig.deliver(Deliveries.of(0, entry))).isEqualTo(Outcome.applied());

        Row row = sql("SELECT *, part::text AS p, due = to_timestamp(1700000000) AS d, at = '2027-01-31 11:00Z' AS a"
                        + " FROM typed")
                .iterator()
                .next();
        assertThat(row.getUUID("id"))
                .isEqualTo(new UUID(entry.id().high(), entry.id().low()));
        assertThat(row.getString("k")).isEqualTo("grüße");
        assertThat(row.getBuffer("raw")).isEqualTo(Buffer.buffer(payload));
        assertThat(row.getNumeric("n").bigDecimalValue()).isEqualTo(new BigDecimal("12345678901234567890.10"));
        assertThat(row.getInteger("i")).isEqualTo(7);
        assertThat(row.getDouble("f")).isEqualTo(0.5);
        assertThat(row.getBoolean("ok")).isTrue();
        assertThat(row.get(JsonObject.class, "doc").getString("day")).isEqualTo("2027-01-31");
        assertThat(row.getString("p")).isEqualTo("[1.10, null]");
        assertThat(row.getValue("word")).isEqualTo("w");
        assertThat(row.getBoolean("a")).isTrue();
        assertThat(row.getLocalDate("day")).hasToString("2027-01-31");
        assertThat(row.getBoolean("d")).isTrue();
        assertThat(row.getLong("version")).isEqualTo(1_600_000_000_000_001L);
        assertThat(row.getString("namespace")).isEqualTo("shop");
        assertThat(row.getString("destination")).isEqualTo("orders");
        assertThat(row.getString("header")).isEqualTo("said");
        assertThat(row.getInteger("attribute")).isEqualTo(42);
        assertThat(row.getString("token")).isEqualTo(entry.id().toString());
        assertThat(row.getString("missing")).isNull();
        assertThat(row.getValue("span"))
                .hasToString("Interval( 0 years 0 months 1 days 0 hours 0 minutes 0 seconds 0 microseconds )");
    }

    @Test
    void aBadRowStopsNothingButItselfAndIsToldInTheServersWords() {
        sql("CREATE TABLE checked (k text PRIMARY KEY, v text CONSTRAINT short CHECK (length(v) < 20), n int)");
        open(Map.of(
                "sql",
                Map.of("put", "INSERT INTO checked VALUES (:key, :json(/v), :json(/n)) ON CONFLICT DO NOTHING")));
        List<Delivery> batch = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            batch.add(delivery(i, "k" + i, Operation.PUT, "{\"v\": \"v" + i + "\", \"n\": 1}"));
        }
        batch.set(10, delivery(10, "k10", Operation.PUT, "{\"v\": \"" + "x".repeat(30) + "\"}"));
        batch.set(20, delivery(20, "k20", Operation.PUT, "{\"v\": \"a\\u0000b\"}"));
        batch.set(30, delivery(30, "", Operation.PUT, "{\"v\": \"no key\"}"));
        batch.set(40, delivery(40, "k40", Operation.PUT, "{\"n\": \"three\"}"));
        batch.set(50, delivery(50, "k50", Operation.PUT, "{"));
        List<Outcome> outcomes = rig.deliver(batch);
        assertRejected(
                outcomes.get(10), false, "23514: new row for relation \"checked\" violates", "constraint: short");
        assertRejected(outcomes.get(20), false, "22021: invalid byte sequence");
        assertRejected(outcomes.get(30), false, "23502", "detail: Failing row", "column: k");
        assertRejected(outcomes.get(40), false, ":json(/n): a text that does not fit", "whole number of 32 bits");
        assertRejected(outcomes.get(50), false, "no JSON");
        assertThat(outcomes.stream().filter(Outcome.applied()::equals)).hasSize(95);
        assertThat(count("checked")).isEqualTo(95);
    }

    /** A batch that is refused in part by the client, and not by the server, is not run twice. */
    @Test
    void whatOneRunIsRefusedForDoesNotRepeatTheOthers() {
        sql("CREATE TABLE appended (at serial, k text, n int)");
        open(Map.of(
                "sql",
                Map.of(
                        "put", "INSERT INTO appended (k, n) VALUES (:key, :json(/n))",
                        "delete", "INSERT INTO appended (k, n) VALUES (:key, -1)")));
        List<Delivery> batch = List.of(
                delivery(0, "a", Operation.PUT, "{\"n\": 1}"),
                delivery(1, "a", Operation.DELETE, ""),
                delivery(2, "a", Operation.PUT, "{\"n\": 1.5}"),
                delivery(3, "a", Operation.DELETE, ""));
        List<Outcome> outcomes = rig.deliver(batch);
        assertRejected(outcomes.get(2), false, ":json(/n): a number that does not fit");
        assertThat(count("appended")).isEqualTo(3);
    }

    @Test
    void theOrderOfAKeyIsTheOrderOfTheBatch() {
        sql("CREATE TABLE journal (at serial, k text, v int)");
        open(Map.of(
                "sql",
                Map.of(
                        "put", "INSERT INTO journal (k, v) VALUES (:key, :payload)",
                        "delete", "INSERT INTO journal (k, v) VALUES (:key, :payload)")));
        List<Delivery> batch = IntStream.range(0, 400)
                .mapToObj(i ->
                        delivery(i, "k" + i % 7, i % 3 == 0 ? Operation.DELETE : Operation.PUT, Integer.toString(i)))
                .toList();
        assertThat(rig.deliver(batch)).containsOnly(Outcome.applied());
        assertThat(count("journal")).isEqualTo(400);
        Map<String, Integer> last = new HashMap<>();
        for (Row row : rows("SELECT k, v FROM journal ORDER BY at")) {
            Integer before = last.put(row.getString(0), row.getInteger(1));
            assertThat(before == null ? -1 : before).isLessThan(row.getInteger(1));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void shuffledAndDuplicatedWritesComeToWhatTheLastOfEachKeySays(long seed) {
        String table = "guarded_" + seed;
        sql("CREATE TABLE " + table
                + " (k text PRIMARY KEY, v text, version bigint, entry uuid, deleted boolean NOT NULL)");
        open(Map.of(
                "table", table,
                "key_column", "k",
                "value_column", "v",
                "version_column", "version",
                "entry_id_column", "entry",
                "deleted_column", "deleted"));
        Random random = new Random(seed);
        long base = 1_600_000_000_000_000L;
        List<Delivery> history = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            boolean put = random.nextInt(4) > 0;
            history.add(written(
                    delivery(i, "k" + random.nextInt(80), put ? Operation.PUT : Operation.DELETE, put ? "v" + i : ""),
                    base + random.nextInt(300)));
        }
        Map<String, String> expected = new TreeMap<>();
        history.stream()
                .sorted(Comparator.comparingLong((Delivery d) -> d.entry().writeMicros())
                        .thenComparing(d -> d.entry().id()))
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
        long deadlocks = deadlocks();
        deliverAll(sent);
        assertThat(deadlocks()).as("batches that meet lock rows in one order").isEqualTo(deadlocks);
        Map<String, String> actual = new TreeMap<>();
        rows("SELECT k, v FROM " + table + " WHERE NOT deleted")
                .forEach(row -> actual.put(row.getString(0), row.getString(1)));
        assertThat(actual).isEqualTo(expected);
    }

    @Test
    void aPlainDeleteTakesOnlyWhatIsOlderAndForgets() {
        sql("CREATE TABLE plain (k text PRIMARY KEY, v text, version bigint)");
        sql("INSERT INTO plain VALUES ('was there', 'x', NULL)");
        open(Map.of("table", "plain", "key_column", "k", "value_column", "v", "version_column", "version"));
        long base = 1_600_000_000_000_000L;
        assertThat(rig.deliver(List.of(
                        written(delivery(0, "was there", Operation.PUT, "ours"), base),
                        written(delivery(1, "a", Operation.PUT, "new"), base + 10),
                        written(delivery(2, "a", Operation.DELETE, ""), base + 5),
                        written(delivery(3, "b", Operation.PUT, "old"), base),
                        written(delivery(4, "b", Operation.DELETE, ""), base + 5),
                        written(delivery(5, "c", Operation.DELETE, ""), base + 5),
                        written(delivery(6, "c", Operation.PUT, "late"), base))))
                .containsOnly(Outcome.applied());
        Map<String, String> held = new TreeMap<>();
        rows("SELECT k, v FROM plain").forEach(row -> held.put(row.getString(0), row.getString(1)));
        assertThat(held).isEqualTo(Map.of("was there", "ours", "a", "new", "c", "late")); // c: the docs say so
    }

    @Test
    void aRowThatIsLockedHoldsUpNoOther() {
        sql("CREATE TABLE locked (k text PRIMARY KEY, v text)");
        sql("INSERT INTO locked VALUES ('k5', 'theirs')");
        open(Map.of("table", "locked", "key_column", "k", "value_column", "v"), Duration.ofSeconds(6));
        sql("BEGIN");
        sql("UPDATE locked SET v = 'still theirs' WHERE k = 'k5'");
        List<Outcome> outcomes = rig.deliver(Deliveries.many(10));
        assertThat(outcomes.get(5)).isInstanceOfSatisfying(Outcome.Retry.class, retry -> {
            assertThat(retry.code()).isEqualTo(ErrorCode.TARGET_TIMEOUT);
            assertThat(retry.text()).contains("57014", "statement timeout");
        });
        assertThat(outcomes.stream().filter(Outcome.applied()::equals)).hasSize(9);
        sql("COMMIT");
        assertThat(rig.deliver(Deliveries.of(5, "k5", "ours"))).isEqualTo(Outcome.applied());
    }

    @Test
    void whatIsWrongWithTheRouteCountsToAStorm() {
        sql("CREATE TABLE forbidden (k text PRIMARY KEY, v text)");
        sql("CREATE ROLE nobody_much LOGIN");
        String uri = SERVER.uri(DATABASE).replace("postgres@", "nobody_much@");
        open(Map.of("uri", uri, "table", "forbidden", "key_column", "k", "value_column", "v"));
        rig.deliver(Deliveries.many(3)).forEach(outcome -> assertRejected(outcome, true, "42501: permission denied"));
    }

    @Test
    void aMissingTableIsAnErrorOfTheRouteAndServesOnceItIsThere() {
        open(Map.of("table", "missing", "key_column", "k", "value_column", "v"));
        rig.deliver(Deliveries.many(3)).forEach(outcome -> assertRejected(outcome, true, "42P01", "does not exist"));
        sql("CREATE TABLE missing (k text PRIMARY KEY, v text)");
        assertThat(rig.deliver(Deliveries.many(3))).containsOnly(Outcome.applied());
    }

    @Test
    void anUnknownUserIsAnErrorOfTheRoute() {
        String uri = SERVER.uri(DATABASE).replace("postgres@", "stranger@");
        open(Map.of("uri", uri, "table", "t", "key_column", "k", "value_column", "v"));
        assertRejected(rig.deliver(Deliveries.of(0, "k", "v")), true, "28000", "stranger");
    }

    @Test
    void opensWithoutAServerAndTellsWhatIsMissing() {
        open(
                Map.of("uri", "postgresql://u@127.0.0.1:" + Ports.free() + "/d", "sql", Map.of("put", "SELECT :key")),
                Duration.ofSeconds(3));
        assertThat(rig.deliver(Deliveries.of(0, "k", "v")).kind()).isEqualTo(Outcome.Kind.RETRY);
        assertThatThrownBy(() -> open(Map.of("table", "t", "key_column", "k")))
                .hasMessageContaining("value_column: missing");
        assertThatThrownBy(() -> open(Map.of("sql", Map.of("put", "SELECT :kye"))))
                .hasMessageContaining("put at column 8, :kye: one of :key");
        assertThatThrownBy(() -> open(Map.of("uri", "postgresql://u:secret@h/d", "sql", Map.of("put", "SELECT 1"))))
                .hasMessageContaining("the password by reference");
        assertThatThrownBy(() -> open(Map.of("table", "t; drop table t", "key_column", "k", "value_column", "v")))
                .hasMessageContaining("schema.table");
    }

    @Test
    void aServerThatIsKilledUnderLoadLosesNothingAndServesAgain() {
        sql("CREATE TABLE survived (k text PRIMARY KEY, v text)");
        open(Map.of("table", "survived", "key_column", "k", "value_column", "v"), Duration.ofSeconds(5));
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
        direct = Await.result(PgConnection.connect(vertx, SERVER.uri(DATABASE)));
        long before = count("survived");
        assertThat(before).isGreaterThanOrEqualTo(3_000 - left.size()); // what was applied is there
        deliverAll(left);
        assertThat(count("survived")).isEqualTo(3_000);
    }

    @Test
    void aSlowServerHasFewerRequestsAndLosesNothing() {
        sql("CREATE TABLE slow (k text PRIMARY KEY, v text)");
        try (TcpProxy proxy = new TcpProxy(SERVER.port())) {
            String uri = SERVER.uri(DATABASE).replace(":" + SERVER.port(), ":" + proxy.port());
            rig.deploy(
                    "postgres",
                    Map.of("uri", uri, "connections", 8, "table", "slow", "key_column", "k", "value_column", "v"),
                    SlowPhase.LIMIT);
            int count = SlowPhase.survives(rig, proxy, Duration.ofMillis(50), 8);
            assertThat(count("slow WHERE 'payload ' || substr(k, 2) = v")).isEqualTo(count);
        }
    }

    @Test
    void connectionsThatStallAreGivenUpAndTheirNumberIsBounded() throws Exception {
        sql("CREATE TABLE stalled (k text PRIMARY KEY, v text)");
        open(Map.of("table", "stalled", "key_column", "k", "value_column", "v"), Duration.ofSeconds(3));
        List<Delivery> all = Deliveries.many(1_000);
        deliverAll(all.subList(0, 500));
        List<Integer> backends = backends();
        assertThat(backends).hasSizeBetween(1, 3);
        signal("STOP", backends);
        try {
            List<Future<List<Outcome>>> answers = new ArrayList<>();
            for (int from = 500; from < 1_000; from += 100) {
                answers.add(rig.send(all.subList(from, from + 100)));
            }
            assertThat(rig.status().inFlight()).isLessThanOrEqualTo(6);
            List<Outcome> outcomes = new ArrayList<>();
            answers.forEach(answer -> outcomes.addAll(WriterRig.await(answer)));
            assertThat(outcomes.stream().map(Outcome::kind)).contains(Outcome.Kind.RETRY);
            // those behind come through over new connections; never more than three live ones of ours
            deliverAll(all.subList(500, 1_000));
            List<Integer> fresh = backends();
            fresh.removeAll(backends);
            assertThat(fresh).hasSizeBetween(1, 3);
        } finally {
            signal("CONT", backends);
        }
        assertThat(count("stalled")).isEqualTo(1_000);
        Await.until(
                "the stalled connections are gone",
                Duration.ofSeconds(30),
                () -> Collections.disjoint(backends(), backends));
    }

    @Test
    void aServerThatAcceptsAndDoesNotAnswerIsRetriedWithinTheTimeOut() {
        sql("CREATE TABLE frozen (k text PRIMARY KEY, v text)");
        open(Map.of("table", "frozen", "key_column", "k", "value_column", "v"), Duration.ofSeconds(2));
        SERVER.freeze();
        try {
            assertThat(rig.deliver(Deliveries.of(0, "k", "v")))
                    .isInstanceOfSatisfying(
                            Outcome.Retry.class,
                            retry -> assertThat(retry.text()).contains("no connection in time"));
        } finally {
            SERVER.thaw();
        }
        deliverAll(Deliveries.many(10));
        assertThat(count("frozen")).isEqualTo(10);
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

    private long deadlocks() {
        String text = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        return sql(text).iterator().next().getLong(0);
    }

    private List<Integer> backends() {
        List<Integer> pids = new ArrayList<>();
        rows("SELECT pid FROM pg_stat_activity WHERE application_name = 'forelog-node-1'")
                .forEach(row -> pids.add(row.getInteger(0)));
        return pids;
    }

    private static void signal(String name, List<Integer> pids) throws Exception {
        List<String> command = new ArrayList<>(List.of("kill", "-" + name));
        pids.forEach(pid -> command.add(pid.toString()));
        assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
    }
}

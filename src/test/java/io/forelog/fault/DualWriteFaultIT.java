package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.google.protobuf.ByteString;
import io.forelog.rig.AuditProbe.Audit;
import io.forelog.rig.Await;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.Soak;
import io.forelog.rig.backend.CassandraServer;
import io.forelog.rig.backend.OpenSearchServer;
import io.forelog.wire.v1.Operation;
import io.forelog.wire.v1.Target;
import io.forelog.wire.v1.WriteToLogRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** conf/examples/dual-write as it stands, on real stores, each of which dies and comes back under load. */
@Timeout(300)
class DualWriteFaultIT {
    private static final Path EXAMPLE = Path.of("conf", "examples", "dual-write");
    private static final String NAMESPACE = "catalog";
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final int SLOTS = 8;
    private static final int KEYS_A_SLOT = 25;

    @TempDir
    Path directory;

    /** One of the two stores. Another is put in its place by a class like those below, and by its target in the document. */
    private interface Store {
        /** The name of its target. */
        String target();

        /** The document with the store's real address. */
        String local(String document);

        /** Makes what the document wants to be there. */
        void prepare();

        /** What readers find: documents by key. */
        Map<String, JsonObject> contents();

        void kill();

        void start();

        /** Rids it of what the test has made. */
        void clear();
    }

    private static final class Search implements Store {
        private final OpenSearchServer server = OpenSearchServer.shared();

        @Override
        public String target() {
            return "search";
        }

        @Override
        public String local(String document) {
            return replaced(document, "http://127.0.0.1:9200", server.url());
        }

        @Override
        public void prepare() {
            JsonObject answer = server.ask(
                    "PUT",
                    "/" + NAMESPACE,
                    "{\"settings\": {\"number_of_replicas\": 0},"
                            + " \"mappings\": {\"dynamic\": false, \"properties\": {\"deleted\": {\"type\": \"boolean\"}}}}");
            assertThat(answer.getBoolean("acknowledged")).as(answer.encode()).isTrue();
        }

        @Override
        public Map<String, JsonObject> contents() {
            server.ask("POST", "/" + NAMESPACE + "/_refresh", "");
            JsonObject found = server.ask(
                    "POST",
                    "/" + NAMESPACE + "/_search",
                    "{\"size\": 10000, \"query\": {\"bool\": {\"must_not\": {\"term\": {\"deleted\": true}}}}}");
            Map<String, JsonObject> contents = new TreeMap<>();
            for (Object hit : found.getJsonObject("hits").getJsonArray("hits")) {
                JsonObject document = (JsonObject) hit;
                contents.put(document.getString("_id"), document.getJsonObject("_source"));
            }
            return contents;
        }

        @Override
        public void kill() {
            server.kill();
        }

        @Override
        public void start() {
            server.start();
        }

        @Override
        public void clear() {
            server.ask("DELETE", "/" + NAMESPACE, "");
        }
    }

    private static final class Database implements Store {
        private static final String TABLE = "shop." + NAMESPACE;
        private final CassandraServer server = CassandraServer.shared();

        @Override
        public String target() {
            return "database";
        }

        @Override
        public String local(String document) {
            return replaced(document, "127.0.0.1:9042", server.contactPoint());
        }

        @Override
        public void prepare() {
            ask(
                    "CREATE KEYSPACE IF NOT EXISTS shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
            ask("CREATE TABLE " + TABLE + " (id text PRIMARY KEY, body text)");
        }

        @Override
        public Map<String, JsonObject> contents() {
            Map<String, JsonObject> contents = new TreeMap<>();
            for (Row row : ask("SELECT id, body FROM " + TABLE)) {
                contents.put(row.getString(0), new JsonObject(row.getString(1)));
            }
            return contents;
        }

        @Override
        public void kill() {
            server.kill();
        }

        @Override
        public void start() {
            server.start();
        }

        @Override
        public void clear() {
            ask("DROP TABLE IF EXISTS " + TABLE);
        }

        private List<Row> ask(String cql) {
            try (CqlSession session = server.session().build()) {
                return session.execute(SimpleStatement.newInstance(cql).setTimeout(Duration.ofSeconds(20)))
                        .all();
            }
        }
    }

    private static String replaced(String document, String address, String real) {
        assertThat(document).contains(address);
        return document.replace(address, real);
    }

    private static String read(String file) {
        try {
            return Files.readString(EXAMPLE.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void openSearchAndCassandraHoldTheSameRowByRowThroughAnOutageOfEach() {
        holdTheSame(new Search(), new Database());
    }

    private void holdTheSame(Store first, Store second) {
        List<Store> stores = List.of(first, second);
        String document = second.local(first.local(read("namespaces/" + NAMESPACE + ".yaml")));
        stores.forEach(Store::prepare);
        try (ForelogProcess service = ForelogProcess.in(directory)
                        .settings(read("forelog.yaml"))
                        .namespace(NAMESPACE, document)
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            writer.start(SLOTS, (slot, n) -> Optional.of(write(slot, n)));
            for (Store store : stores) {
                Await.until(
                        store.target() + " has documents",
                        SOON,
                        () -> store.contents().size() > 20,
                        service::logTail);
                outage(service, writer, store, store == first ? second : first);
            }
            writer.stop();
            poison(service, writer, first, second);
            Audit audit = service.audit(NAMESPACE).awaitSettled(SOON);
            assertThat(audit.dead()).as("the poison, and nothing else").isEqualTo(1);
            assertThat(writer.unknowns()).isEmpty();
            compare(writer, first, second);
            Soak.tell(
                    "dual write: %d writes TRUE, outages of %s, equal in both stores",
                    writer.trues().size(), stores.stream().map(Store::target).toList());
        } finally {
            stores.forEach(Store::clear);
        }
    }

    /** Writes of a key come from one slot, one after the other: the last that was TRUE is what the stores must hold. */
    private static WriteToLogRequest write(int slot, long n) {
        String key = "k" + slot + "-" + n % KEYS_A_SLOT;
        boolean delete = (n / KEYS_A_SLOT + n) % 5 == 4;
        return request(key, delete ? Operation.OPERATION_DELETE : Operation.OPERATION_PUT, slot, n);
    }

    private static WriteToLogRequest request(String key, Operation operation, int slot, long n) {
        JsonObject payload = new JsonObject()
                .put("key", key)
                .put("n", n)
                .put("slot", slot)
                .put("op", operation.name())
                .put("tags", new JsonArray().add("ü").add(1.5));
        return WriteToLogRequest.newBuilder()
                .setNamespace(NAMESPACE)
                .setPayload(ByteString.copyFromUtf8(payload.encode()))
                .setTarget(
                        Target.newBuilder().setKey(ByteString.copyFromUtf8(key)).setOperation(operation))
                .build();
    }

    /** While one is down writes are TRUE and pile up for it, and the other goes on. */
    private static void outage(ForelogProcess service, LoadWriter writer, Store down, Store other) {
        down.kill();
        try {
            long written = writer.trues().size();
            long delivered = ofTarget(service, other, "delivered");
            long pending = ofTarget(service, down, "pending");
            Await.pause(Duration.ofSeconds(Soak.choose(2, 60)));
            Await.until(
                    other.target() + " goes on while " + down.target() + " is down",
                    SOON,
                    () -> writer.trues().size() > written + 500
                            && ofTarget(service, other, "delivered") > delivered + 500
                            && ofTarget(service, down, "pending") > pending + 500,
                    service::logTail);
        } finally {
            down.start();
        }
    }

    private static long ofTarget(ForelogProcess service, Store store, String figure) {
        JsonArray targets = new JsonObject(service.audit(NAMESPACE).read().raw()).getJsonArray("targets");
        return targets.stream()
                .map(JsonObject.class::cast)
                .filter(target -> target.getString("target").equals(store.target()))
                .findFirst()
                .orElseThrow()
                .getLong(figure);
    }

    /** What one store refuses is a dead letter of that target in the store's words; the other has it. */
    private static void poison(ForelogProcess service, LoadWriter writer, Store first, Store second) {
        String id = writer.writeOne(WriteToLogRequest.newBuilder()
                        .setNamespace(NAMESPACE)
                        .setPayload(ByteString.copyFromUtf8("{\"deleted\": \"perhaps\"}"))
                        .setTarget(Target.newBuilder().setKey(ByteString.copyFromUtf8("poison")))
                        .build())
                .getEntryId();
        service.audit(NAMESPACE).await("the poison is dead", SOON, audit -> audit.dead() == 1);
        AtomicReference<String> letters = new AtomicReference<>("");
        Await.until(
                "its dead letter can be read",
                SOON,
                () -> {
                    letters.set(service.admin()
                            .get("/admin/v1/namespaces/" + NAMESPACE + "/dead-letters")
                            .body());
                    return letters.get().contains(id);
                },
                letters::get);
        assertThat(letters.get())
                .contains("mapper_parsing_exception", "failed to parse field [deleted] of type [boolean]")
                .contains("\"" + first.target() + "\"");
        Await.until("the other has it", SOON, () -> second.contents().containsKey("poison"));
        assertThat(first.contents()).doesNotContainKey("poison");
    }

    private static void compare(LoadWriter writer, Store first, Store second) {
        Map<String, JsonObject> last = new TreeMap<>();
        writer.trues().values().stream()
                .map(written -> new JsonObject(written.text()))
                .filter(payload -> payload.containsKey("n"))
                .forEach(payload -> last.merge(
                        payload.getString("key"), payload, (a, b) -> a.getLong("n") > b.getLong("n") ? a : b));
        Map<String, JsonObject> expected = new TreeMap<>(last);
        expected.values().removeIf(payload -> payload.getString("op").equals("OPERATION_DELETE"));
        assertThat(last).hasSize(SLOTS * KEYS_A_SLOT);
        assertThat(expected.size()).as("some live, some deleted").isBetween(1, last.size() - 1);
        Map<String, JsonObject> ofFirst = first.contents();
        Map<String, JsonObject> ofSecond = second.contents();
        ofSecond.remove("poison");
        Set<String> keys = new HashSet<>(ofFirst.keySet());
        keys.addAll(ofSecond.keySet());
        for (String key : keys) {
            assertThat(ofFirst.get(key)).as("%s in both", key).isEqualTo(ofSecond.get(key));
        }
        assertThat(ofFirst).isEqualTo(expected);
        assertThat(ofSecond).isEqualTo(expected);
    }
}

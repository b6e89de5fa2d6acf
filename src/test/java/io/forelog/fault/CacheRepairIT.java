package io.forelog.fault;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.forelog.rig.AdminClient;
import io.forelog.rig.Await;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.backend.CacheServer;
import io.forelog.rig.backend.PostgresServer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgConnection;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The example cache-repair: its cache outlives a repair of its database, and its backup store has every write. */
class CacheRepairIT {
    private static final Path EXAMPLE = Path.of("conf", "examples", "cache-repair");
    private static final String NAMESPACE = "/admin/v1/namespaces/shop";
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int ITEMS = 200;
    private static final long HOUR = 3_600;

    @TempDir
    Path directory;

    @Test
    @Timeout(180)
    void theCacheIsKeptWhileTheDatabaseIsRepairedAndTheBackupHasAll() throws Exception {
        assumeTrue(CacheServer.isInstalled("memcached"));
        try (PostgresServer database = PostgresServer.create();
                CacheServer cache = CacheServer.memcached(Files.createDirectory(directory.resolve("cache")));
                ForelogProcess service = start(database, cache);
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            sql(
                    database,
                    "CREATE TABLE shop (id text PRIMARY KEY, body jsonb, version bigint, entry uuid, deleted boolean NOT NULL)");
            write(writer, "before");
            Await.until("all three have all", SOON, () -> delivered(service).equals("200 200 200"));
            assertThat(left(cache, "k7")).isBetween(1L, HOUR + 2);

            database.kill();
            write(writer, "since");
            touch(service, "P7D");
            assertThat(left(cache, "k7")).isBetween(7 * 24 * HOUR - 600, 7 * 24 * HOUR + 2);
            assertThat(value(cache, "k7")).isEqualTo("{\"is\": \"since\"}");
            Await.until(
                    "the cache has its touches, the backup all, the database what came before",
                    SOON,
                    () -> delivered(service).equals("200 800 400"),
                    () -> delivered(service));

            database.start();
            Await.until(
                    "the database has caught up",
                    SOON,
                    () -> delivered(service).equals("400 800 400"),
                    () -> delivered(service));
            touch(service, "PT1H");
            assertThat(left(cache, "k7")).isBetween(1L, HOUR + 2);
            assertThat(value(cache, "k7")).isEqualTo("{\"is\": \"since\"}");
            service.audit("shop").readBalanced();
        }
    }

    private ForelogProcess start(PostgresServer database, CacheServer cache) throws IOException {
        String document = Files.readString(EXAMPLE.resolve("namespaces/shop.yaml"))
                .replace("uri: postgresql://postgres@127.0.0.1:5432/postgres", "uri: " + database.uri())
                .replace("127.0.0.1:11211", cache.address());
        return ForelogProcess.in(directory.resolve("node"))
                .namespace("shop", document)
                .start();
    }

    private static void write(LoadWriter writer, String is) {
        writer.start(
                1,
                (slot, n) -> n < ITEMS
                        ? Optional.of(LoadWriter.request("shop", "{\"is\": \"" + is + "\"}", "k" + n, Duration.ZERO))
                        : Optional.empty());
        writer.await(SOON);
    }

    private static void touch(ForelogProcess service, String time) {
        AdminClient.Reply begun = service.admin()
                .post(
                        NAMESPACE + ":replay",
                        new JsonObject()
                                .put("from", "P1D")
                                .put("target", "cache")
                                .put("touch", time));
        assertThat(begun.status()).as(begun.body()).isEqualTo(202);
        String job = NAMESPACE + "/jobs/" + begun.json().getString("id");
        Await.until(
                "touched",
                SOON,
                () -> service.admin().get(job).json().getString("state").equals("DONE"),
                () -> service.admin().get(job).body());
        Await.until("the cache has it", SOON, () -> pending(service, "cache") == 0);
    }

    /** How many each target has been delivered. */
    private static String delivered(ForelogProcess service) {
        return count(service, "database", "delivered")
                + " " + count(service, "cache", "delivered")
                + " " + count(service, "backup", "delivered");
    }

    private static long pending(ForelogProcess service, String target) {
        return count(service, target, "pending");
    }

    private static long count(ForelogProcess service, String target, String what) {
        return service.admin().get(NAMESPACE + "/audit").json().getJsonArray("targets").stream()
                .map(JsonObject.class::cast)
                .filter(each -> each.getString("target").equals(target))
                .mapToLong(each -> each.getLong(what))
                .sum();
    }

    /** Seconds that an item has left. */
    private static long left(CacheServer cache, String key) {
        return Long.parseLong(ask(cache, "mg " + key + " t", 1).substring("HD t".length()));
    }

    private static String value(CacheServer cache, String key) {
        return ask(cache, "get " + key, 2);
    }

    /** The line of that number of the answer. */
    private static String ask(CacheServer cache, String command, int line) {
        try (Socket socket = new Socket("127.0.0.1", cache.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write((command + "\r\n").getBytes(US_ASCII));
            BufferedReader reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
            String answer = "";
            for (int i = 0; i < line; i++) {
                answer = String.valueOf(reader.readLine());
            }
            return answer;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void sql(PostgresServer server, String statement) {
        Vertx vertx = Vertx.vertx();
        try {
            PgConnection connection = Await.result(PgConnection.connect(vertx, server.uri()));
            Await.result(connection.query(statement).execute());
        } finally {
            Await.result(vertx.close());
        }
    }
}

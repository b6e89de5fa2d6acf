package io.forelog.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.queue.HandTicker;
import io.forelog.rig.TcpProxy;
import io.forelog.rig.backend.PostgresServer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What every blob store must do; on a RocksDB and on a real PostgreSQL. */
@Timeout(120)
class BlobStoreIT {
    @TempDir
    Path directory;

    private final Vertx vertx = Vertx.vertx();
    private final HandTicker ticker = new HandTicker();

    @AfterEach
    void close() throws Exception {
        await(vertx.close());
    }

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    private BlobStore open(String type, Map<String, Object> settings) throws Exception {
        return await(
                BlobStoreProvider.of(type).open(new BlobOptions(vertx, ticker, directory.resolve("blobs"), settings)));
    }

    private void keepsWhatIsPut(String type, Map<String, Object> settings) throws Exception {
        BlobStore store = open(type, settings);
        byte[] bytes = new byte[3 << 20];
        new Random(1).nextBytes(bytes);
        await(store.put("ns/a", Buffer.buffer(bytes)));
        await(store.put("ns/b", Buffer.buffer("first")));
        await(store.put("ns/b", Buffer.buffer("second")));
        await(store.put("ns/empty", Buffer.buffer()));
        await(store.delete("ns/nobody"));
        await(store.close());

        store = open(type, settings);
        assertThat(await(store.get("ns/a")).orElseThrow().getBytes()).isEqualTo(bytes);
        assertThat(await(store.get("ns/b"))).contains(Buffer.buffer("second"));
        assertThat(await(store.get("ns/empty"))).contains(Buffer.buffer());
        assertThat(await(store.get("ns/nobody"))).isEmpty();
        await(store.delete("ns/a"));
        assertThat(await(store.get("ns/a"))).isEmpty();
        await(store.close());
    }

    @Test
    void theEmbeddedOneKeepsWhatIsPut() throws Exception {
        keepsWhatIsPut("embedded", Map.of());
    }

    @Test
    void thePostgresOneKeepsWhatIsPut() throws Exception {
        keepsWhatIsPut("postgres", Map.of("uri", PostgresServer.shared().uri()));
    }

    @Test
    void thePostgresOneAnswersInTimeThoughItsServerDoesNot() throws Exception {
        try (TcpProxy proxy = new TcpProxy(PostgresServer.shared().port())) {
            String uri = PostgresServer.shared()
                    .uri()
                    .replace(":" + PostgresServer.shared().port(), ":" + proxy.port());
            BlobStore store = open("postgres", Map.of("uri", uri));
            await(store.put("stalled/a", Buffer.buffer("a")));
            proxy.stall();
            List<Future<?>> calls = List.of(
                    store.put("stalled/b", Buffer.buffer("b")), store.get("stalled/a"), store.delete("stalled/c"));
            for (Future<?> each : calls) {
                assertThatThrownBy(() -> await(each)).hasMessageContaining("postgres blob store: ");
            }
            proxy.heal();
            assertThat(await(store.get("stalled/a"))).contains(Buffer.buffer("a"));
            await(store.close());
        }
    }

    @Test
    void theEmbeddedOneCollectsWhatIsOldAndNothingElse() throws Exception {
        BlobStore store = open("embedded", Map.of());
        await(store.put("renewed", Buffer.buffer("1")));
        for (int i = 0; i < 5; i++) {
            await(store.put("old" + i, Buffer.buffer("o")));
        }
        ticker.turn(Duration.ofDays(20));
        await(store.put("renewed", Buffer.buffer("2")));
        await(store.put("new", Buffer.buffer("n")));
        ticker.turn(Duration.ofDays(11));
        assertThat(await(store.collect(Duration.ofDays(30), 3))).isEqualTo(3);
        assertThat(await(store.collect(Duration.ofDays(30), 100))).isEqualTo(2);
        assertThat(await(store.collect(Duration.ofDays(30), 100))).isZero();
        assertThat(await(store.get("old4"))).isEmpty();
        assertThat(await(store.get("renewed"))).contains(Buffer.buffer("2"));
        assertThat(await(store.get("new"))).isPresent();
        await(store.close());
    }

    @Test
    void thePostgresOneCollectsWhatIsOldAndNothingElse() throws Exception {
        BlobStore store = open("postgres", Map.of("uri", PostgresServer.shared().uri()));
        await(store.put("collected/a", Buffer.buffer("a")));
        assertThat(await(store.collect(Duration.ofHours(1), 100))).isZero();
        assertThat(await(store.get("collected/a"))).isPresent();
        assertThat(await(store.collect(Duration.ofSeconds(-60), 100))).isPositive();
        assertThat(await(store.get("collected/a"))).isEmpty();
        await(store.close());
    }
}

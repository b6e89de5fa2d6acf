package io.forelog.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.queue.HandTicker;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class AuditLogTest {
    @TempDir
    private Path data;

    @Test
    @Timeout(30)
    void keepsFiveFilesBesideTheOneInUse() throws Exception {
        Vertx vertx = Vertx.vertx();
        AuditLog log = new AuditLog(vertx, data, new HandTicker(), 300);
        for (int i = 0; i < 40; i++) {
            log.record("anonymous", "pause", "ns", new JsonObject().put("n", i));
        }
        // Closing ends what is queued: the worker runs in order.
        vertx.createSharedWorkerExecutor("forelog-audit-log", 1)
                .executeBlocking(() -> true, true)
                .await();
        vertx.close().await();
        try (Stream<Path> files = Files.list(data)) {
            List<Path> all = files.toList();
            assertThat(all).hasSize(6);
            for (Path file : all) {
                assertThat(Files.size(file)).isLessThanOrEqualTo(300);
            }
        }
        assertThat(Files.readString(data.resolve("audit.log"))).contains("\"n\":39");
    }
}

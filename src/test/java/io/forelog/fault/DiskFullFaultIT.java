package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.AuditProbe.Audit;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.Soak;
import io.forelog.rig.Verdicts;
import io.forelog.wire.v1.Trilean;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk that fills, first a real small one, then by the threshold alone. */
class DiskFullFaultIT {
    private static final String PAYLOAD = "x".repeat(32 * 1024);
    private static final String NAMESPACE = "/admin/v1/namespaces/orders";

    @TempDir
    Path directory;

    @Test
    @Timeout(240)
    void aSmallFileSystemFilledToItsMarkRefusesDrainsAndTakesAgain() throws IOException {
        Path data = Files.createDirectories(directory.resolve("data"));
        if (!run("mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", data.toString())) {
            Soak.skipping("DiskFullFaultIT on a real small file system", "mount is not permitted here");
            Assumptions.abort("mount is not permitted here");
        }
        try {
            fill(
                    "queues: { embedded: { low_disk_bytes: 201326592, critical_disk_bytes: 67108864, ballast_bytes: 16777216 } }");
        } finally {
            run("umount", data.toString());
        }
    }

    private void fill(String settings) {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .settings(settings)
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT, "retention: PT0S"))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            service.admin().post(NAMESPACE + ":pause", new JsonObject());
            writer.start(8, (slot, n) -> Optional.of(LoadWriter.request("orders", slot + "-" + n + "-" + PAYLOAD)));
            Await.until(
                    "writes are refused for the disk",
                    Duration.ofSeconds(120),
                    () -> writer.falses().values().stream().anyMatch(text -> text.startsWith("LOW_DISK")),
                    writer::toString);
            writer.stop();
            assertThat(service.isAlive()).isTrue();
            long taken = service.audit("orders").readBalanced().pending();

            service.admin().post(NAMESPACE + ":resume", new JsonObject());
            Audit drained = service.audit("orders").awaitSettled(Duration.ofSeconds(90));
            assertThat(drained.delivered()).isGreaterThanOrEqualTo(taken);
            Verdicts.everyTrueArrived(writer, receiver);
            Await.until(
                    "writes are taken again, now that what is settled has been dropped",
                    Duration.ofSeconds(60),
                    () -> writer.writeOne(LoadWriter.request("orders", "after")).getDurable() == Trilean.TRILEAN_TRUE,
                    service::logTail);
            Soak.tell("disk full: %s, then drained %d", writer, drained.delivered());
        }
    }

    @Test
    @Timeout(120)
    void belowTheThresholdWritesAreFalseAndComeBackWithTheSpace() throws IOException {
        long spare = 256L << 20;
        long free = Files.getFileStore(directory).getUsableSpace();
        Assumptions.assumeTrue(free > 4 * spare, "too little disk for this test");
        Path filler = directory.resolve("filler");
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .settings("queues: { embedded: { low_disk_bytes: " + (free - spare) * 5 / 6
                                + ", critical_disk_bytes: 1, ballast_bytes: 0 } }")
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            assertThat(writer.writeOne(LoadWriter.request("orders", "before")).getDurable())
                    .isEqualTo(Trilean.TRILEAN_TRUE);
            Assumptions.assumeTrue(
                    run("fallocate", "-l", Long.toString(free / 6 + 2 * spare), filler.toString()),
                    "fallocate does not work here");
            Await.until(
                    "a write is FALSE",
                    Duration.ofSeconds(30),
                    () -> writer.writeOne(LoadWriter.request("orders", "low")).getDurable() == Trilean.TRILEAN_FALSE,
                    service::logTail);
            assertThat(writer.writeOne(LoadWriter.request("orders", "low")).getMessage())
                    .startsWith("LOW_DISK: ");
            assertThat(service.admin().get("/health/ready").body()).contains("LOW_DISK");
            Files.delete(filler);
            Await.until(
                    "a write is TRUE again",
                    Duration.ofSeconds(30),
                    () -> writer.writeOne(LoadWriter.request("orders", "after")).getDurable() == Trilean.TRILEAN_TRUE,
                    service::logTail);
            service.audit("orders").awaitSettled(Duration.ofSeconds(30));
        } finally {
            Files.deleteIfExists(filler);
        }
    }

    private static boolean run(String... command) {
        try {
            Process process = new ProcessBuilder(command).inheritIO().start();
            return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new IOException(e));
        }
    }
}

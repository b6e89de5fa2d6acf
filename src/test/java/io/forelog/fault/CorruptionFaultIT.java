package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.rig.AdminClient;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.wire.v1.Trilean;
import io.forelog.wire.v1.WriteToLogResponse;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files of the embedded database that are not what they were. */
class CorruptionFaultIT {
    private static final int ENTRIES = 2_000;

    @TempDir
    Path directory;

    /** Something done to the write-ahead log of the shared database. */
    private interface Damage {
        void to(Path wal) throws IOException;
    }

    @Test
    @Timeout(120)
    void aByteFlippedInTheMiddleOfTheLogStopsItsNamespacesAndNoOther() throws IOException {
        refusesBecauseOf(wal -> {
            try (RandomAccessFile file = new RandomAccessFile(wal.toFile(), "rw")) {
                long middle = contentLength(file) / 2;
                file.seek(middle);
                int was = file.read();
                file.seek(middle);
                file.write(was ^ 0x40);
            }
        });
    }

    @Test
    @Timeout(120)
    void aLogCutInTheMiddleStopsItsNamespacesAndNoOther() throws IOException {
        refusesBecauseOf(wal -> {
            try (RandomAccessFile file = new RandomAccessFile(wal.toFile(), "rw")) {
                file.setLength(contentLength(file) / 2);
            }
        });
    }

    @Test
    @Timeout(120)
    void aTableFileThatIsMissingStopsItsNamespacesAndNoOther() throws IOException {
        refusesBecauseOf(Files::delete);
    }

    private void refusesBecauseOf(Damage damage) throws IOException {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT))
                        .namespace("payments", Documents.http(receiver.url(), "storage: { isolation: own }"))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            writer.insist()
                    .start(
                            20,
                            (slot, n) -> n < ENTRIES / 20
                                    ? Optional.of(LoadWriter.request(
                                            "orders", slot + "-" + n + "-" + "x".repeat(500), "", Duration.ofHours(1)))
                                    : Optional.empty());
            writer.await(Duration.ofSeconds(30));
            assertThat(writer.trues()).hasSize(ENTRIES);
            service.kill();
            Path wal = largestWal(service.data().resolve("queue/shared"));
            damage.to(wal);

            service.start();

            WriteToLogResponse served = writer.writeOne(LoadWriter.request("payments", "still here"));
            assertThat(served.getDurable()).isEqualTo(Trilean.TRILEAN_TRUE);
            assertThatThrownBy(() -> {
                        WriteToLogResponse answer = writer.writeOne(LoadWriter.request("orders", "must not be TRUE"));
                        assertThat(answer.getDurable()).isNotEqualTo(Trilean.TRILEAN_TRUE);
                        throw new IllegalStateException(answer.getMessage());
                    })
                    .hasMessageContaining("CORRUPT");
            AdminClient.Reply ready = service.admin().get("/health/ready");
            assertThat(ready.body()).contains("CORRUPT", "orders", "shared");
            assertThat(ready.status()).isEqualTo(200);
            assertThat(service.log())
                    .contains("CORRUPT")
                    .contains(service.data().resolve("queue/shared").toString());
            assertThat(receiver.arrivals())
                    .allMatch(arrival -> arrival.namespace().equals("payments"));
        }
    }

    private static Path largestWal(Path database) throws IOException {
        try (Stream<Path> files = Files.walk(database)) {
            return files.filter(file -> file.toString().matches(".*/\\d+\\.log"))
                    .max(Comparator.comparingLong(file -> file.toFile().length()))
                    .orElseThrow();
        }
    }

    /** Without the zeros that were allocated beforehand. */
    private static long contentLength(RandomAccessFile file) throws IOException {
        byte[] bytes = new byte[(int) file.length()];
        file.seek(0);
        file.readFully(bytes);
        int length = bytes.length;
        while (length > 0 && bytes[length - 1] == 0) {
            length--;
        }
        return length;
    }
}

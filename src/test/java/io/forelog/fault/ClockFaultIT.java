package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.Soak;
import io.forelog.rig.Verdicts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A wall clock that is set back and ahead under a service that knows no better: libfaketime tells it the time. */
class ClockFaultIT {
    private static final int SLOTS = 16;
    private static final Pattern OFFSET = Pattern.compile("(?m)^forelog_clock_offset_seconds(?:\\{[^}]*})? (\\S+)$");

    @TempDir
    Path directory;

    @Test
    @Timeout(400)
    void aWallClockThatIsSetHastensAndLosesNothing() throws IOException {
        Optional<Path> faketime = library();
        if (faketime.isEmpty()) {
            Soak.skipping("a wall clock that is set", "libfaketime is missing");
            Assumptions.abort("libfaketime is missing");
        }
        setWallClock("+0");
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .environment("LD_PRELOAD", faketime.orElseThrow().toString())
                        .environment("FAKETIME_DONT_FAKE_MONOTONIC", "1")
                        .environment("FAKETIME_FORCE_MONOTONIC_FIX", "0")
                        .environment("NO_FAKE_STAT", "1")
                        .environment("FAKETIME_CACHE_DURATION", "1")
                        .environment("FAKETIME_TIMESTAMP_FILE", wallClock().toString())
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            write(writer, "before");
            setWallClock("+3600");
            awaitOffset(service, -3_600);
            write(writer, "hour-ahead");

            service.kill();
            setWallClock("+172800");
            service.start();
            awaitOffset(service, -172_800);
            write(writer, "days-ahead");
            setWallClock("-7200");
            awaitOffset(service, 7_200);

            int lives = 2;
            if (Soak.isOn()) {
                assertThat(service.stop()).isZero();
                service.start();
                awaitOffset(service, 7_200);
                write(writer, "hours-back");
                lives++;
            }
            // Within seconds although the wall clock was hours behind where they were accepted.
            service.audit("orders").awaitSettled(Duration.ofSeconds(60));
            // A slot's first write after a restart may still go to the life before, and nobody knows of it.
            assertThat(writer.trues().size())
                    .as(writer.toString())
                    .isGreaterThanOrEqualTo(((1 + lives) * 20 - lives) * SLOTS);
            Verdicts.everyTrueArrived(writer, receiver);
            Verdicts.noneWasEarly(writer, receiver);
        }
    }

    private static Optional<Path> library() throws IOException {
        Path libraries = Path.of("/usr/lib");
        if (!Files.isDirectory(libraries)) {
            return Optional.empty();
        }
        try (Stream<Path> found =
                Files.find(libraries, 3, (path, attributes) -> path.endsWith("faketime/libfaketimeMT.so.1"))) {
            return found.findFirst();
        }
    }

    private Path wallClock() {
        return directory.resolve("wall-clock");
    }

    /** Seconds ahead of the true one. */
    private void setWallClock(String seconds) throws IOException {
        Path fresh = directory.resolve("wall-clock.new");
        Files.writeString(fresh, seconds + "\n");
        Files.move(fresh, wallClock(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Also shows that the service takes the false time for true. */
    private static void awaitOffset(ForelogProcess service, double seconds) {
        Await.until("the node's time is " + seconds + " s ahead of the wall clock", Duration.ofSeconds(20), () -> {
            Matcher offset = OFFSET.matcher(service.admin().get("/metrics").body());
            return offset.find() && Math.abs(Double.parseDouble(offset.group(1)) - seconds) < 60;
        });
    }

    /** Due over four to ten seconds: some before and some behind what is done to the clock next. */
    private static void write(LoadWriter writer, String name) {
        writer.insist()
                .start(
                        SLOTS,
                        (slot, n) -> n < 20
                                ? Optional.of(LoadWriter.request(
                                        "orders", name + "-" + slot + "-" + n, "", Duration.ofMillis(4_000 + 300 * n)))
                                : Optional.empty());
        writer.await(Duration.ofSeconds(60));
    }
}

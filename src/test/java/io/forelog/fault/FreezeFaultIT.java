package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.AuditProbe.Audit;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.ScriptedReceiver.Reply;
import io.forelog.rig.Soak;
import io.forelog.rig.Verdicts;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** SIGSTOP, again and again, while writes with short deadlines come in and entries go out. */
class FreezeFaultIT {
    private static final int SLOTS = 32;
    private static final Duration DEADLINE = Duration.ofMillis(400);

    @TempDir
    Path directory;

    @Test
    @Timeout(600)
    void aServiceThatIsStoppedAtAnyStepOfAWriteTellsNothingFalse() {
        Random random = new Random(3);
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc(), DEADLINE)) {
            receiver.script(
                    arrival -> arrival.time() == 1 && arrival.text().endsWith("7") ? Reply.status(503) : Reply.OK);
            writer.start(
                    SLOTS,
                    (slot, n) -> Optional.of(LoadWriter.request(
                            "orders",
                            slot + "-" + n,
                            "",
                            n % 3 == 0 ? Duration.ofMillis(50L * (1 + (slot + n) % 20)) : Duration.ZERO)));
            Await.until(
                    "writes get through",
                    Duration.ofSeconds(30),
                    () -> writer.trues().size() > SLOTS);
            int cycles = Soak.choose(25, 300);
            for (int cycle = 0; cycle < cycles; cycle++) {
                Await.pause(Duration.ofMillis(random.nextInt(120)));
                service.freeze();
                // Shorter and longer than the deadline, by turns.
                Await.pause(Duration.ofMillis(20 + random.nextInt(cycle % 2 == 0 ? 200 : 900)));
                service.thaw();
            }
            int through = writer.trues().size();
            Await.until(
                    "writes get through again",
                    Duration.ofSeconds(30),
                    () -> writer.trues().size() > through + SLOTS,
                    writer::toString);
            writer.stop();
            Audit audit = service.audit("orders").awaitSettled(Duration.ofSeconds(60));
            Soak.tell(
                    "stopped and continued %d times: %s; %d arrivals, %d of them duplicates; audit %s",
                    cycles, writer, receiver.count(), receiver.duplicates(), audit.raw());

            Verdicts.everyTrueArrived(writer, receiver);
            Verdicts.noFalseArrived(writer, receiver);
            Verdicts.noneWasEarly(writer, receiver);
            assertThat(audit.dead()).isZero();
            assertThat(audit.accepted()).isGreaterThanOrEqualTo(writer.trues().size());
            assertThat(writer.unknowns()).as("deadlines that passed").isNotEmpty();
        }
    }
}

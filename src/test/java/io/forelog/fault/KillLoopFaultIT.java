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
import io.forelog.wire.v1.Trilean;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Kill -9, again and again, while entries come in and go out. */
class KillLoopFaultIT {
    private static final int CYCLES = 30;
    private static final int SLOTS = 32;

    @TempDir
    Path directory;

    @Test
    @Timeout(900)
    void everyTrueIsDeliveredThoughTheServiceIsKilledThirtyTimes() {
        Random random = new Random(1);
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            receiver.script(
                    arrival -> arrival.time() == 1 && arrival.text().endsWith("7") ? Reply.status(503) : Reply.OK);
            writer.start(
                    SLOTS,
                    (slot, n) -> Optional.of(LoadWriter.request(
                            "orders",
                            slot + "-" + n,
                            "",
                            n % 2 == 0 ? Duration.ZERO : Duration.ofMillis(200L * (1 + (slot + n) % 20)))));
            for (int cycle = 0; cycle < CYCLES; cycle++) {
                Await.pause(Duration.ofMillis(Soak.choose(200, 2_000) + random.nextInt(Soak.choose(600, 4_000))));
                service.killAndRestart();
                service.audit("orders").readBalanced();
            }
            writer.stop();
            Audit audit = service.audit("orders").awaitSettled(Duration.ofSeconds(90));
            Soak.tell(
                    "kill loop: %d cycles; %s; %d arrivals, %d of them duplicates; audit %s",
                    CYCLES, writer, receiver.count(), receiver.duplicates(), audit.raw());

            Verdicts.everyTrueArrived(writer, receiver);
            Verdicts.noFalseArrived(writer, receiver);
            Verdicts.noneWasEarly(writer, receiver);
            assertThat(audit.dead()).isZero();
            assertThat(audit.accepted()).isGreaterThanOrEqualTo(writer.trues().size());
            assertThat(writer.trues().size()).as("writes that got through").isGreaterThan(CYCLES * SLOTS);
        }
    }

    @Test
    @Timeout(180)
    void aKillRightBehindTheAnswerLosesNothing() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            for (int cycle = 0; cycle < Soak.choose(5, 50); cycle++) {
                Duration delay = cycle % 2 == 0 ? Duration.ofSeconds(2) : Duration.ZERO;
                var answer = writer.writeOne(LoadWriter.request("orders", "write-" + cycle, "", delay));
                service.kill();
                assertThat(answer.getDurable()).isEqualTo(Trilean.TRILEAN_TRUE);
                service.start();
                Await.until(
                        "entry " + cycle + " arrived",
                        Duration.ofSeconds(30),
                        () -> receiver.has(answer.getEntryId()),
                        service::logTail);
            }
            service.audit("orders").awaitSettled(Duration.ofSeconds(30));
        }
    }
}

package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.AuditProbe.Audit;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.ScriptedReceiver.Arrival;
import io.forelog.rig.ScriptedReceiver.Reply;
import io.forelog.rig.Soak;
import io.forelog.rig.Verdicts;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Order within a key, whatever fails: no inversion, and the others flow. */
class OrderFaultIT {
    private static final int KEYS = 1_000;
    private static final int SLOTS = 50;
    private static final String ORDERED = "delivery: { order: key }";

    @TempDir
    Path directory;

    @Test
    @Timeout(300)
    void keysKeepTheirOrderThroughFailuresAndKills() {
        int perKey = Soak.choose(10, 100);
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT, ORDERED))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            receiver.script(OrderFaultIT::onePercentFailsFourTimes);
            writer.insist().start(SLOTS, (slot, n) -> ofOneKeyAtATime(slot, n, perKey));
            for (int kill = 0; kill < Soak.choose(3, 20); kill++) {
                Await.pause(Duration.ofMillis(1_200));
                service.kill();
                Await.pause(Duration.ofMillis(150)); // what the kernel still held has arrived
                receiver.nextEpoch();
                service.start();
            }
            writer.await(Duration.ofSeconds(120));
            Audit audit = service.audit("orders").awaitSettled(Duration.ofSeconds(120));
            Soak.tell("order: %s; duplicates %d; audit %s", writer, receiver.duplicates(), audit.raw());
            Verdicts.everyTrueArrived(writer, receiver);
            Verdicts.keysKeptTheirOrder(receiver);
            assertThat(audit.dead()).isZero();
        }
    }

    @Test
    @Timeout(120)
    void aKeyThatFailsHoldsBackItselfAndNobodyElse() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT, ORDERED))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            receiver.script(arrival -> arrival.key().equals("sick") ? Reply.status(425) : Reply.OK);
            writer.insist()
                    .start(
                            10,
                            (slot, n) -> n < 20
                                    ? Optional.of(LoadWriter.request(
                                            "orders",
                                            (slot == 0 ? "sick" : "k" + slot) + "/" + n,
                                            slot == 0 ? "sick" : "k" + slot,
                                            Duration.ZERO))
                                    : Optional.empty());
            writer.await(Duration.ofSeconds(30));
            Await.until(
                    "all healthy keys are through",
                    Duration.ofSeconds(30),
                    () -> receiver.arrivals().stream()
                                    .filter(arrival -> !arrival.key().equals("sick"))
                                    .map(Arrival::entryId)
                                    .distinct()
                                    .count()
                            == 9 * 20,
                    () -> service.audit("orders").read().raw());
            assertThat(receiver.arrivals().stream()
                            .filter(arrival -> arrival.key().equals("sick"))
                            .map(Arrival::text)
                            .distinct())
                    .as("of the sick key only its first entry was tried")
                    .containsExactly("sick/0");
            receiver.script(arrival -> Reply.OK);
            service.audit("orders").awaitSettled(Duration.ofSeconds(60));
            Verdicts.keysKeptTheirOrder(receiver);
        }
    }

    @Test
    @Timeout(120)
    void aDeadLetterLetsTheRestOfItsKeyPassInOrder() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT, ORDERED))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            receiver.script(arrival -> arrival.text().endsWith("/3") ? Reply.status(400) : Reply.OK);
            writer.insist()
                    .start(
                            10,
                            (slot, n) -> n < 10
                                    ? Optional.of(LoadWriter.request(
                                            "orders", "k" + slot + "/" + n, "k" + slot, Duration.ZERO))
                                    : Optional.empty());
            writer.await(Duration.ofSeconds(30));
            Audit audit = service.audit("orders").awaitSettled(Duration.ofSeconds(60));
            assertThat(audit.dead()).isEqualTo(10);
            assertThat(audit.delivered()).isEqualTo(90);
            Verdicts.keysKeptTheirOrder(receiver);
        }
    }

    /** A slot owns its keys and writes each number only when the one before is answered. */
    private static Optional<io.forelog.wire.v1.WriteToLogRequest> ofOneKeyAtATime(int slot, long n, int perKey) {
        int keysOfSlot = KEYS / SLOTS;
        if (n >= (long) keysOfSlot * perKey) {
            return Optional.empty();
        }
        String key = "k" + (slot * keysOfSlot + n % keysOfSlot);
        return Optional.of(LoadWriter.request("orders", key + "/" + n / keysOfSlot, key, Duration.ZERO));
    }

    private static Reply onePercentFailsFourTimes(Arrival arrival) {
        return Math.floorMod(arrival.text().hashCode(), 100) == 0 && arrival.time() <= 4 ? Reply.status(500) : Reply.OK;
    }
}

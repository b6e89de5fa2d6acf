package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.AdminClient;
import io.forelog.rig.AuditProbe.Audit;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.ScriptedReceiver.Reply;
import io.forelog.rig.Soak;
import io.forelog.rig.Verdicts;
import io.vertx.core.json.JsonObject;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Kill -9 while something other than writing and delivering is half done. */
class KillInTheMiddleFaultIT {
    private static final String NAMESPACE = "/admin/v1/namespaces/orders";

    @TempDir
    Path directory;

    @Test
    @Timeout(180)
    void aRedriveThatIsKilledCanBeFinishedAndLosesNone() {
        int letters = Soak.choose(1_000, 20_000);
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            receiver.script(arrival -> Reply.status(400));
            write(writer, letters, Duration.ZERO);
            service.audit("orders").await("all are dead", Duration.ofSeconds(60), audit -> audit.dead() == letters);
            receiver.script(arrival -> Reply.OK);

            redrive(service, "500/s");
            service.audit("orders")
                    .await("some are redriven", Duration.ofSeconds(30), audit -> audit.dead() < letters * 9 / 10);
            service.killAndRestart();
            Audit between = service.audit("orders").readBalanced();
            assertThat(between.dead()).as("letters left by the kill").isPositive();
            redrive(service, "max");

            service.audit("orders").await("none is dead", Duration.ofSeconds(60), audit -> audit.dead() == 0);
            Audit after = service.audit("orders").awaitSettled(Duration.ofSeconds(60));
            assertThat(after.delivered()).isEqualTo(letters);
            for (String id : writer.trues().keySet()) {
                assertThat(receiver.arrivalsOf(id).size())
                        .as("arrivals of %s", id)
                        .isGreaterThanOrEqualTo(2);
                if (letters > 2_000) {
                    break; // looking each up is quadratic; the audit has counted them
                }
            }
        }
    }

    @Test
    @Timeout(180)
    void aCancelThatWasAnsweredHoldsThoughTheServiceIsKilled() {
        int entries = Soak.choose(1_000, 10_000);
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            write(writer, entries, Duration.ofHours(1));
            List<String> ids = new ArrayList<>(writer.trues().keySet());
            Set<String> cancelled = new HashSet<>();
            AtomicBoolean killed = new AtomicBoolean();
            Thread killer = new Thread(() -> {
                Await.pause(Duration.ofMillis(300));
                service.kill();
                killed.set(true);
            });
            killer.start();
            for (String id : ids.subList(0, entries / 2)) {
                try {
                    AdminClient.Reply reply = service.admin().delete(NAMESPACE + "/entries/" + id);
                    assertThat(reply.status()).as(reply.body()).isEqualTo(200);
                    cancelled.add(id);
                } catch (UncheckedIOException e) {
                    break; // killed: neither is known of this one
                }
            }
            Await.until("the service is killed", Duration.ofSeconds(20), killed::get);
            service.start();
            Audit audit = service.audit("orders").readBalanced();
            assertThat(audit.cancelled()).isBetween((long) cancelled.size(), cancelled.size() + 1L);

            for (String id : ids) {
                if (!cancelled.contains(id)) {
                    service.admin()
                            .send(
                                    "PATCH",
                                    NAMESPACE + "/entries/" + id,
                                    new JsonObject().put("delay", "PT0S").encode(),
                                    "application/json");
                }
            }
            Audit after = service.audit("orders").awaitSettled(Duration.ofSeconds(60));
            assertThat(after.cancelled() + after.delivered()).isEqualTo(entries);
            assertThat(receiver.entryIds()).doesNotContainAnyElementsOf(cancelled);
            Soak.tell("kill in cancel: %d cancelled before the kill, audit %s", cancelled.size(), after.raw());
        }
    }

    @Test
    @Timeout(240)
    void aReloadThatIsKilledLeavesADocumentThatServes() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = ForelogProcess.in(directory)
                        .settings("reload: { poll: PT0.02S }")
                        .namespace("orders", document(receiver, 0))
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            writer.start(8, (slot, n) -> Optional.of(LoadWriter.request("orders", slot + "-" + n)));
            for (int cycle = 1; cycle <= Soak.choose(5, 30); cycle++) {
                for (int change = 0; change < 10; change++) {
                    service.putDocument("orders", document(receiver, cycle * 10 + change));
                    Await.pause(Duration.ofMillis(15));
                }
                service.killAndRestart();
                service.audit("orders").readBalanced();
            }
            writer.stop();
            service.audit("orders").awaitSettled(Duration.ofSeconds(60));
            Verdicts.everyTrueArrived(writer, receiver);
            JsonObject state = service.admin().get(NAMESPACE).json();
            assertThat(state.getString("state")).as(state.encode()).isEqualTo("ACTIVE");
            assertThat(state.getLong("applied_revision")).isEqualTo(state.getLong("desired_revision"));
        }
    }

    private static String document(ScriptedReceiver receiver, int change) {
        return Documents.httpLimited(receiver.url(), "concurrency: " + (10 + change), Documents.PATIENT);
    }

    private static void write(LoadWriter writer, int entries, Duration delay) {
        writer.insist()
                .start(
                        10,
                        (slot, n) -> n < entries / 10
                                ? Optional.of(LoadWriter.request("orders", slot + "-" + n, "", delay))
                                : Optional.empty());
        writer.await(Duration.ofSeconds(60));
        assertThat(writer.trues()).as(writer.toString()).hasSize(entries);
    }

    private static void redrive(ForelogProcess service, String rate) {
        AdminClient.Reply reply =
                service.admin().post(NAMESPACE + "/dead-letters:redrive", new JsonObject().put("rate", rate));
        assertThat(reply.status()).as(reply.body()).isBetween(200, 202);
    }
}

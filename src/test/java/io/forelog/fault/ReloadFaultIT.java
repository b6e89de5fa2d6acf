package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.AdminClient;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.Verdicts;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Namespace documents that change under load. */
class ReloadFaultIT {
    private static final String NAMESPACE = "/admin/v1/namespaces/orders";

    @TempDir
    Path directory;

    @Test
    @Timeout(120)
    void aBadDocumentChangesNothingAndEveryProblemIsNamed() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(receiver);
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            long applied = state(service).getLong("applied_revision");
            String bad = Documents.http(receiver.url(), "retry: { max_attempts: -1, initail: PT1S }", "colour: red");
            AdminClient.Reply put = service.admin().put(NAMESPACE, bad);
            assertThat(put.status()).as(put.body()).isEqualTo(400);
            assertThat(put.body()).contains("retry.max_attempts", "-1", "retry.initail", "colour");

            service.putDocument("orders", bad);
            Await.until(
                    "the file's problems are shown",
                    Duration.ofSeconds(20),
                    () -> state(service).getJsonArray("problems").size() >= 3,
                    () -> state(service).encode());
            assertThat(state(service).getJsonArray("problems").encode())
                    .contains("retry.max_attempts", "retry.initail", "colour");
            assertThat(state(service).getLong("applied_revision")).isEqualTo(applied);
            String id = writer.writeOne(LoadWriter.request("orders", "still served"))
                    .getEntryId();
            Await.until("it is delivered", Duration.ofSeconds(20), () -> receiver.has(id), service::logTail);
        }
    }

    @Test
    @Timeout(120)
    void aGoodDocumentIsAppliedUnderLoadWithoutALoss() {
        try (ScriptedReceiver before = new ScriptedReceiver();
                ScriptedReceiver after = new ScriptedReceiver();
                ForelogProcess service = start(before);
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            writer.insist().start(8, (slot, n) -> Optional.of(LoadWriter.request("orders", slot + "-" + n)));
            before.awaitCount(100, Duration.ofSeconds(30));
            service.putDocument("orders", Documents.http(after.url(), Documents.PATIENT));
            after.awaitCount(100, Duration.ofSeconds(30));
            writer.stop();
            service.audit("orders").awaitSettled(Duration.ofSeconds(30));
            assertThat(writer.falses().values()).allMatch(text -> text.contains("OVERLOADED"));
            assertThat(writer.unknowns()).isEmpty();
            assertThat(writer.trues().keySet()).allMatch(id -> before.has(id) || after.has(id));
        }
    }

    @Test
    @Timeout(120)
    void aNamespaceIsAddedAndRetiredWhileItsNeighbourServes() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(receiver);
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc());
                LoadWriter other = new LoadWriter(() -> service.ports().grpc())) {
            writer.insist().start(4, (slot, n) -> Optional.of(LoadWriter.request("orders", slot + "-" + n)));
            service.putDocument("payments", Documents.http(receiver.url(), Documents.PATIENT));
            Await.until(
                    "the new namespace serves",
                    Duration.ofSeconds(20),
                    () -> service.admin()
                            .get("/admin/v1/namespaces/payments")
                            .body()
                            .contains("\"ACTIVE\""),
                    service::logTail);
            other.insist()
                    .start(
                            4,
                            (slot, n) -> n < 50
                                    ? Optional.of(LoadWriter.request("payments", "p" + slot + "-" + n))
                                    : Optional.empty());
            other.await(Duration.ofSeconds(30));
            assertThat(other.trues()).hasSize(200);

            service.deleteDocument("payments");
            Await.until(
                    "writes to it are refused",
                    Duration.ofSeconds(30),
                    () -> {
                        try {
                            other.writeOne(LoadWriter.request("payments", "late"));
                            return false;
                        } catch (LoadWriter.Refused e) {
                            return true;
                        }
                    },
                    service::logTail);
            writer.stop();
            service.audit("orders").awaitSettled(Duration.ofSeconds(30));
            Await.until(
                    "what was written to it has arrived",
                    Duration.ofSeconds(30),
                    () -> receiver.entryIds().containsAll(other.trues().keySet()),
                    service::logTail);
            Verdicts.everyTrueArrived(writer, receiver);
            assertThat(writer.falses().values()).allMatch(text -> text.contains("OVERLOADED"));
            assertThat(writer.unknowns()).isEmpty();
        }
    }

    private static JsonObject state(ForelogProcess service) {
        return service.admin().get(NAMESPACE).json();
    }

    private ForelogProcess start(ScriptedReceiver receiver) {
        return ForelogProcess.in(directory)
                .settings("reload: { poll: PT0.05S }")
                .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT))
                .start();
    }
}

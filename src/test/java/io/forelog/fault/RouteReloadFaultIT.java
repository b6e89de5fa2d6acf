package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

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

/** Targets that come and go, and queues that are opened anew, under load. */
class RouteReloadFaultIT {
    private static final String ORDERED = "delivery: { order: key }";
    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    @Test
    @Timeout(180)
    void targetsThatComeAndGoUnderLoadLoseNothingAndRepeatNothing() {
        try (ScriptedReceiver stays = new ScriptedReceiver();
                ScriptedReceiver comesAndGoes = new ScriptedReceiver();
                ForelogProcess service = start(Documents.http(stays.url(), Documents.PATIENT));
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            String one = Documents.http(stays.url(), Documents.PATIENT);
            String two = one.replace(
                    "targets:\n",
                    "targets:\n  - { name: extra, type: http, default: true, config: { url: \"" + comesAndGoes.url()
                            + "\" } }\n");
            writer.insist().start(8, (slot, n) -> Optional.of(LoadWriter.request("orders", slot + "-" + n)));
            for (int round = 0; round < 3; round++) {
                apply(service, two);
                comesAndGoes.awaitCount(comesAndGoes.count() + 200, SOON);
                apply(service, one);
                stays.awaitCount(stays.count() + 400, SOON);
            }
            writer.stop();
            service.audit("orders").awaitSettled(SOON);
            Verdicts.everyTrueArrived(writer, stays);
            assertThat(writer.unknowns()).isEmpty();
            assertThat(stays.duplicates()).isZero();
            assertThat(comesAndGoes.duplicates()).isZero();
            assertThat(service.audit("orders").readBalanced().dead()).isZero();
        }
    }

    @Test
    @Timeout(180)
    void aChangeOfOrderUnderLoadLosesNothing() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(Documents.http(receiver.url(), Documents.PATIENT));
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            writer.insist().start(8, RouteReloadFaultIT::ofOneKeyASlot);
            for (int round = 0; round < 3; round++) {
                receiver.awaitCount(receiver.count() + 200, SOON);
                apply(service, Documents.http(receiver.url(), Documents.PATIENT, ORDERED));
                receiver.awaitCount(receiver.count() + 200, SOON);
                apply(service, Documents.http(receiver.url(), Documents.PATIENT));
            }
            writer.stop();
            service.audit("orders").awaitSettled(SOON);
            Verdicts.everyTrueArrived(writer, receiver);
        }
    }

    @Test
    @Timeout(180)
    void aQueueThatIsOpenedAnewUnderLoadKeepsTheOrderOfItsKeys() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(Documents.http(receiver.url(), Documents.PATIENT, ORDERED));
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            writer.insist().start(8, RouteReloadFaultIT::ofOneKeyASlot);
            for (int round = 0; round < 3; round++) {
                receiver.awaitCount(receiver.count() + 200, SOON);
                apply(
                        service,
                        Documents.http(receiver.url(), Documents.PATIENT, ORDERED)
                                .replace(
                                        "type: EMBEDDED }",
                                        "type: EMBEDDED }\n      config: { context: c" + round + " }"));
            }
            receiver.awaitCount(receiver.count() + 200, SOON);
            writer.stop();
            service.audit("orders").awaitSettled(SOON);
            Verdicts.everyTrueArrived(writer, receiver);
            Verdicts.keysKeptTheirOrder(receiver);
        }
    }

    private static Optional<io.forelog.wire.v1.WriteToLogRequest> ofOneKeyASlot(int slot, long n) {
        return Optional.of(LoadWriter.request("orders", "k" + slot + "/" + n, "k" + slot, Duration.ZERO));
    }

    /** Saves {@code document} and waits until it serves. */
    private static void apply(ForelogProcess service, String document) {
        long before = state(service).getLong("applied_revision");
        service.putDocument("orders", document);
        Await.until(
                "the document serves",
                SOON,
                () -> state(service).getLong("applied_revision") > before,
                () -> state(service).encode());
    }

    private static JsonObject state(ForelogProcess service) {
        return service.admin().get("/admin/v1/namespaces/orders").json();
    }

    private ForelogProcess start(String document) {
        return ForelogProcess.in(directory)
                .settings("reload: { poll: PT0.05S }")
                .namespace("orders", document)
                .start();
    }
}

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
import io.forelog.rig.TcpProxy;
import io.forelog.rig.Verdicts;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An HTTP target that is ill in every way its printed table names. */
class SickTargetFaultIT {
    private static final int ENTRIES = 200;
    /** So many outcomes are looked at before a storm is called one. */
    private static final int BURIED_MOST = 20;

    private static final String NAMESPACE = "/admin/v1/namespaces/orders";
    private static final String THREE_ATTEMPTS =
            "retry: { initial: PT0.05S, multiplier: 1.0, max: PT0.05S, jitter: none, max_attempts: 3, max_age: P1D }\n";

    @TempDir
    Path directory;

    @Test
    @Timeout(180)
    void anOutageSpendsNoEntryAndEndsByItself() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                TcpProxy proxy = new TcpProxy(receiver.port());
                ForelogProcess service = start(ScriptedReceiver.url(proxy.port()), TEN_ATTEMPTS);
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            proxy.refuse();
            write(writer, ENTRIES);
            Await.pause(Duration.ofSeconds(Soak.choose(5, 30)));
            assertThat(receiver.count()).isZero();
            assertThat(service.audit("orders").readBalanced().pending())
                    .as("pending after more time than ten attempts take")
                    .isEqualTo(ENTRIES);
            proxy.heal();
            Audit audit = service.audit("orders").awaitSettled(Duration.ofSeconds(90));
            assertThat(audit.delivered()).isEqualTo(ENTRIES);
            Verdicts.everyTrueArrived(writer, receiver);
        }
    }

    /** Over in about a second, were they spent on an outage. */
    private static final String TEN_ATTEMPTS =
            "retry: { initial: PT0.1S, multiplier: 1.0, max: PT0.1S, jitter: none, max_attempts: 10, max_age: P1D }\n";

    @Test
    @Timeout(120)
    void connectionsThatAreCutAndResetLoseNothing() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                TcpProxy proxy = new TcpProxy(receiver.port());
                ForelogProcess service = start(ScriptedReceiver.url(proxy.port()), Documents.PATIENT);
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            writer.start(8, (slot, n) -> Optional.of(LoadWriter.request("orders", slot + "-" + n)));
            for (int i = 0; i < 5; i++) {
                Await.pause(Duration.ofMillis(200));
                proxy.cut();
                Await.pause(Duration.ofMillis(200));
                proxy.reset();
                Await.pause(Duration.ofMillis(200));
                proxy.halfClose();
            }
            writer.stop();
            service.audit("orders").awaitSettled(Duration.ofSeconds(60));
            Verdicts.everyTrueArrived(writer, receiver);
        }
    }

    @Test
    @Timeout(120)
    void aStallIsGivenUpInTimeAndTriedAgain() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(receiver.url(), Documents.PATIENT);
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            receiver.script(arrival -> arrival.time() == 1 ? Reply.stall() : Reply.OK);
            write(writer, 20);
            Audit audit = service.audit("orders").awaitSettled(Duration.ofSeconds(60));
            assertThat(audit.delivered()).isEqualTo(20);
            assertThat(receiver.duplicates()).as("second attempts").isGreaterThanOrEqualTo(20);
        }
    }

    @Test
    @Timeout(120)
    void retryAfterIsWaitedFor() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(receiver.url(), Documents.PATIENT);
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            receiver.script(arrival -> arrival.time() == 1 ? Reply.retryAfter(503, 2) : Reply.OK);
            String id = writer.writeOne(LoadWriter.request("orders", "wait")).getEntryId();
            service.audit("orders").awaitSettled(Duration.ofSeconds(30));
            List<Arrival> arrivals = receiver.arrivalsOf(id);
            assertThat(arrivals).hasSize(2);
            assertThat(arrivals.get(1).micros() - arrivals.get(0).micros())
                    .as("between an answer of Retry-After: 2 and the next attempt")
                    .isGreaterThanOrEqualTo(2_000_000);
            assertThat(arrivals).extracting(Arrival::attempt).containsExactly(1, 2);
        }
    }

    @Test
    @Timeout(120)
    void attemptsRunOutAndAreShown() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(receiver.url(), THREE_ATTEMPTS);
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            receiver.script(arrival -> arrival.text().equals("poison") ? Reply.status(429) : Reply.OK);
            String id = writer.writeOne(LoadWriter.request("orders", "poison")).getEntryId();
            service.audit("orders").await("it is dead", Duration.ofSeconds(30), audit -> audit.dead() == 1);
            assertThat(receiver.arrivalsOf(id)).extracting(Arrival::attempt).containsExactly(1, 2, 3);
            JsonArray letters =
                    service.admin().get(NAMESPACE + "/dead-letters").json().getJsonArray("dead_letters");
            assertThat(letters).hasSize(1);
            assertThat(letters.encode()).contains(id, "429");
        }
    }

    @Test
    @Timeout(120)
    void aBadRequestIsDeadAtOnceAndTheOthersPass() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(receiver.url(), Documents.PATIENT);
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            receiver.script(arrival -> arrival.text().endsWith("0") ? Reply.status(400) : Reply.OK);
            write(writer, ENTRIES);
            Audit audit = service.audit("orders").awaitSettled(Duration.ofSeconds(60));
            assertThat(audit.dead()).isEqualTo(ENTRIES / 10);
            assertThat(audit.delivered()).isEqualTo(ENTRIES - ENTRIES / 10);
            assertThat(receiver.duplicates()).as("attempts beyond the first").isZero();
        }
    }

    @Test
    @Timeout(120)
    void aStormOfRejectionsPausesTheRouteAndKeepsItsBacklog() {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess service = start(receiver.url(), Documents.PATIENT);
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            receiver.script(arrival -> Reply.status(401));
            int backlog = Soak.choose(3_000, 50_000);
            write(writer, backlog);
            Await.until(
                    "the route pauses itself",
                    Duration.ofSeconds(30),
                    () -> pump(service).contains("STORM"),
                    () -> pump(service));
            Audit paused = service.audit("orders").readBalanced();
            assertThat(paused.dead()).as("dead letters of the storm").isLessThan(BURIED_MOST);

            service.killAndRestart();
            Await.until(
                    "the route pauses itself again",
                    Duration.ofSeconds(30),
                    () -> pump(service).contains("STORM"),
                    () -> pump(service));
            awaitSilence(receiver);
            int attempts = receiver.count();
            Await.pause(Duration.ofSeconds(1));
            assertThat(receiver.count()).as("attempts of a paused route").isEqualTo(attempts);
            assertThat(service.audit("orders").readBalanced().dead())
                    .as("dead letters of two storms")
                    .isLessThan(2 * BURIED_MOST);

            receiver.script(arrival -> Reply.OK);
            service.admin().post(NAMESPACE + ":resume", new JsonObject());
            Audit audit = service.audit("orders").awaitSettled(Duration.ofSeconds(60));
            assertThat(audit.delivered() + audit.dead()).isEqualTo(backlog);
            assertThat(audit.dead()).as("after a hand resumed it").isLessThan(2 * BURIED_MOST);
        }
    }

    /** What was on its way when the route paused may still arrive. */
    private static void awaitSilence(ScriptedReceiver receiver) {
        Await.until("no requests come for a second", Duration.ofSeconds(30), () -> {
            int before = receiver.count();
            Await.pause(Duration.ofSeconds(1));
            return receiver.count() == before;
        });
    }

    private static String pump(ForelogProcess service) {
        return service.admin().get(NAMESPACE + "/pumps").body();
    }

    private ForelogProcess start(String url, String retry) {
        return ForelogProcess.in(directory)
                .namespace("orders", Documents.http(url, retry))
                .start();
    }

    private static void write(LoadWriter writer, int entries) {
        writer.insist()
                .start(
                        10,
                        (slot, n) -> n < entries / 10
                                ? Optional.of(LoadWriter.request("orders", slot + "-" + n))
                                : Optional.empty());
        writer.await(Duration.ofSeconds(60));
        assertThat(writer.trues()).as(writer.toString()).hasSize(entries);
    }
}

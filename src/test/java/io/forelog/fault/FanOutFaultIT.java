package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.AdminClient;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.ScriptedReceiver.Reply;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One write to several targets: each has its own progress, its own status, and its own beginning. */
class FanOutFaultIT {
    private static final String NAMESPACE = "/admin/v1/namespaces/orders";
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final int SLOTS = 8;
    private static final int EACH = 100;

    @TempDir
    Path directory;

    @Test
    @Timeout(120)
    void aTargetThatIsAddedGetsWhatComesAndItsPastFromAPointInTime() {
        try (ScriptedReceiver first = new ScriptedReceiver();
                ScriptedReceiver added = new ScriptedReceiver();
                ForelogProcess service = start(Documents.http(first.url(), Documents.PATIENT));
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            write(writer, "before");
            Instant from = apart();
            write(writer, "past");
            apart();

            long revision = revision(service);
            service.putDocument("orders", both(first, added));
            Await.until("the added target is applied", SOON, () -> revision(service) > revision);
            Instant to = apart();
            writer.start(SLOTS, script("since"));
            AdminClient.Reply replay = service.admin()
                    .post(
                            NAMESPACE + ":replay",
                            new JsonObject()
                                    .put("from", from.toString())
                                    .put("to", to.toString())
                                    .put("target", "extra"));
            assertThat(replay.status()).as(replay.body()).isEqualTo(202);
            writer.await(SOON);
            added.awaitCount(2 * SLOTS * EACH, SOON);
            service.audit("orders").awaitSettled(SOON);

            assertThat(texts(added)).isEqualTo(written(writer, "past", "since"));
            assertThat(texts(first)).isEqualTo(written(writer, "before", "past", "since"));
            assertThat(added.duplicates() + first.duplicates()).isZero();
            service.audit("orders").readBalanced();
        }
    }

    @Test
    @Timeout(120)
    void aSickTargetDelaysNoOtherAndEachTellsItsOwnStatus() {
        try (ScriptedReceiver well = new ScriptedReceiver();
                ScriptedReceiver sick = new ScriptedReceiver();
                ForelogProcess service = start(three(well, sick, "all"));
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            sick.script(arrival -> Reply.status(503));
            write(writer, "one");
            well.awaitCount(SLOTS * EACH, SOON);
            String entry = writer.trues().keySet().iterator().next();
            Map<String, JsonObject> states = states(service, entry);
            assertThat(states.get("hook").getString("state")).isEqualTo("DELIVERED");
            assertThat(states.get("extra").getString("state")).isIn("QUEUED", "SCHEDULED", "IN_FLIGHT");
            awaitCompletion(service, entry, "all", "OPEN", 2);
            for (String policy : List.of("quorum", "any")) {
                change(service, three(well, sick, policy));
                awaitCompletion(service, entry, policy, "COMPLETE", 2);
            }

            sick.script(arrival -> Reply.OK);
            Await.until(
                    "the sick one has caught up",
                    SOON,
                    () -> states(service, entry).get("extra").getString("state").equals("DELIVERED"));
            service.audit("orders").awaitSettled(SOON);
            assertThat(texts(sick)).isEqualTo(written(writer, "one"));
            assertThat(well.duplicates())
                    .as("a fan-out repeats only what failed")
                    .isZero();
            awaitCompletion(service, entry, "any", "COMPLETE", 3);

            sick.script(arrival -> Reply.status(400));
            change(service, three(well, sick, "all"));
            awaitCompletion(service, entry, "all", "COMPLETE", 3);
            Set<String> known = Set.copyOf(writer.trues().keySet());
            write(writer, "two");
            String refused = writer.trues().keySet().stream()
                    .filter(each -> !known.contains(each))
                    .findFirst()
                    .orElseThrow();
            awaitCompletion(service, refused, "all", "FAILED", 2);
            service.audit("orders").awaitSettled(SOON);
            service.audit("orders").readBalanced();
        }
    }

    private ForelogProcess start(String document) {
        return ForelogProcess.in(directory)
                .settings("reload: { poll: PT0.05S }")
                .namespace("orders", document)
                .start();
    }

    private static String both(ScriptedReceiver hook, ScriptedReceiver extra) {
        return Documents.http(hook.url(), Documents.PATIENT)
                .replace(
                        "targets:\n",
                        "targets:\n  - { name: extra, type: http, default: true, config: { url: \"" + extra.url()
                                + "\" } }\n");
    }

    /** As {@link #both}, and what is printed. */
    private static String three(ScriptedReceiver hook, ScriptedReceiver extra, String completion) {
        return both(hook, extra).replace("targets:\n", "targets:\n  - { name: screen, type: log, default: true }\n")
                + "delivery: { completion: " + completion + " }\n";
    }

    private static void change(ForelogProcess service, String document) {
        long revision = revision(service);
        service.putDocument("orders", document);
        Await.until("the document is applied", SOON, () -> revision(service) > revision);
    }

    private static void awaitCompletion(
            ForelogProcess service, String entry, String policy, String state, int delivered) {
        Await.until("by " + policy + " it is " + state, SOON, () -> {
            JsonObject completion =
                    service.admin().get(NAMESPACE + "/entries/" + entry).json().getJsonObject("completion");
            assertThat(completion.getString("policy")).isEqualTo(policy);
            return completion.getString("state").equals(state) && completion.getInteger("delivered") == delivered;
        });
    }

    private static void write(LoadWriter writer, String phase) {
        writer.start(SLOTS, script(phase));
        writer.await(SOON);
    }

    private static LoadWriter.Script script(String phase) {
        return (slot, n) ->
                n < EACH ? Optional.of(LoadWriter.request("orders", phase + "/" + slot + "-" + n)) : Optional.empty();
    }

    /** A moment well apart from what is written before and after it. */
    private static Instant apart() {
        Await.pause(Duration.ofMillis(100));
        Instant moment = Instant.now();
        Await.pause(Duration.ofMillis(100));
        return moment;
    }

    private static long revision(ForelogProcess service) {
        return service.admin().get(NAMESPACE).json().getLong("applied_revision");
    }

    private static Map<String, JsonObject> states(ForelogProcess service, String entry) {
        JsonObject shown = service.admin().get(NAMESPACE + "/entries/" + entry).json();
        Map<String, JsonObject> targets = new HashMap<>();
        for (Object each : shown.getJsonArray("targets")) {
            JsonObject target = (JsonObject) each;
            targets.put(target.getString("target"), target);
        }
        return targets;
    }

    private static Set<String> texts(ScriptedReceiver receiver) {
        return receiver.arrivals().stream()
                .map(ScriptedReceiver.Arrival::text)
                .collect(Collectors.toCollection(HashSet::new));
    }

    private static Set<String> written(LoadWriter writer, String... phases) {
        Set<String> wanted = Set.of(phases);
        return writer.trues().values().stream()
                .map(LoadWriter.Written::text)
                .filter(text -> wanted.contains(text.substring(0, text.indexOf('/'))))
                .collect(Collectors.toCollection(HashSet::new));
    }
}

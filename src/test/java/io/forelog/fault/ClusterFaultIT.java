package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.app.cli.Commands;
import io.forelog.rig.AdminClient;
import io.forelog.rig.Await;
import io.forelog.rig.Fleet;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.Soak;
import io.forelog.rig.Verdicts;
import io.forelog.rig.backend.PostgresServer;
import io.forelog.wire.v1.WriteToLogRequest;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Three real nodes on one config store; an embedded queue lies on one of them. */
@Timeout(300)
class ClusterFaultIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static final WriteToLogRequest DELAYED = LoadWriter.request("ns", "late", "k", Duration.ofSeconds(3));

    @TempDir
    Path directory;

    private final ScriptedReceiver receiver = new ScriptedReceiver();

    private String document() {
        return "targets: [{name: hook, type: http, default: true, config: {url: '" + receiver.url() + "'}}]\n"
                + "retry: {max_attempts: 50, initial: PT0.1S, max: PT1S}\n";
    }

    private static JsonObject cluster(ForelogProcess node) {
        return node.admin().get("/admin/v1/cluster").json();
    }

    private static List<JsonObject> nodes(ForelogProcess node) {
        return cluster(node).getJsonArray("nodes").stream()
                .map(JsonObject.class::cast)
                .toList();
    }

    private static String ownerOf(ForelogProcess node, String namespace) {
        return nodes(node).stream()
                .filter(each -> each.getJsonArray("namespaces").contains(namespace))
                .map(each -> each.getString("name"))
                .findFirst()
                .orElse("");
    }

    private static Optional<WriteToLogRequest> numbered(int slot, long n) {
        return Optional.of(LoadWriter.request("ns", slot + "/" + n, "k" + slot, Duration.ZERO));
    }

    /** Its own port takes writes for it, and says who can tell of them; its management port asks that one. */
    private static void toldWhereItLies(ForelogProcess node, String entryId, String ownerName, ForelogProcess owner) {
        String path = "/v1/namespaces/ns/entries/" + entryId;
        AdminClient.Reply answer = new AdminClient(() -> node.ports().http()).get(path);
        assertThat(answer.status()).as(answer.body()).isEqualTo(421);
        String address = "http://127.0.0.1:" + owner.ports().http();
        assertThat(answer.json().getString("detail"))
                .contains("on node " + ownerName, "a request to " + address + ", or ");
        assertThat(answer.json().getString("node")).isEqualTo(ownerName);
        assertThat(answer.json().getJsonArray("addresses")).containsExactly(address);
        assertThat(new AdminClient(() -> owner.ports().http()).get(path).status())
                .isEqualTo(200);
        assertThat(node.admin()
                        .get("/admin/v1/namespaces/ns/entries/" + entryId)
                        .status())
                .isEqualTo(200);
    }

    /** Its time will be ten seconds ahead of the others'. Before its first start. */
    private void putClockAhead(String node) {
        long micros = System.currentTimeMillis() * 1_000 + 10_000_000;
        try {
            Path data = Files.createDirectories(directory.resolve(node).resolve("data"));
            Files.writeString(
                    data.resolve("clock"), "boot=of-before\nmicros=" + micros + "\nnanos=0\nuptime_micros=0\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Taken in by a node whose clock is not its owner's. */
    private void aDelayIsKeptWhoeverTookItIn(ForelogProcess node) {
        try (LoadWriter writer = new LoadWriter(() -> node.ports().grpc()).insist()) {
            writer.start(1, (slot, n) -> n > 0 ? Optional.empty() : Optional.of(DELAYED));
            writer.await(LIMIT);
            assertThat(writer.trues()).as(writer.toString()).hasSize(1);
            Await.until("it arrived", LIMIT, () -> receiver.count() == 1, node::logTail);
            Verdicts.noneWasEarly(writer, receiver);
        }
    }

    private void settled(LoadWriter writer, ForelogProcess owner) {
        Await.until(
                "every TRUE has arrived",
                LIMIT,
                () -> receiver.entryIds().containsAll(writer.trues().keySet()),
                () -> writer + "; " + receiver.count() + " arrivals" + owner.logTail());
        Verdicts.everyTrueArrived(writer, receiver);
        Verdicts.noFalseArrived(writer, receiver);
        Await.until("nothing is pending", LIMIT, () -> owner.audit("ns").read().pending() == 0, owner::logTail);
        assertThat(owner.audit("ns").read().addsUp()).isTrue();
    }

    @Test
    void anEmbeddedNamespaceIsWrittenThroughEveryNodeAndItsOwnersDeathLosesNothing() {
        try (receiver;
                PostgresServer server = PostgresServer.create();
                Fleet fleet = new Fleet(directory, server.uri(), 4, "")) {
            putClockAhead("a");
            putClockAhead("b");
            fleet.start("a");
            fleet.start("b");
            fleet.start("c", "roles: [producer]");
            fleet.apply("ns", document());
            Await.until("all are listed", LIMIT, () -> nodes(fleet.get("c")).size() == 3);
            Await.until(
                    "it has an owner",
                    LIMIT,
                    () -> !ownerOf(fleet.get("c"), "ns").isEmpty());
            String ownerName = ownerOf(fleet.get("c"), "ns");
            assertThat(ownerName).as("who only takes writes has no queue").isIn("a", "b");
            ForelogProcess owner = fleet.get(ownerName);
            List<ForelogProcess> others =
                    fleet.all().stream().filter(node -> node != owner).toList();

            aDelayIsKeptWhoeverTookItIn(fleet.get("c"));
            AtomicInteger turn = new AtomicInteger();
            try (LoadWriter writer = new LoadWriter(
                    () -> others.get(turn.incrementAndGet() % 2).ports().grpc())) {
                writer.start(4, ClusterFaultIT::numbered);
                Await.until(
                        "writes are TRUE", LIMIT, () -> writer.trues().size() > 500, () -> writer + fleet.logTails());
                for (ForelogProcess other : others) {
                    toldWhereItLies(other, writer.trues().keySet().iterator().next(), ownerName, owner);
                }
                owner.kill();
                int before = writer.falses().size();
                Await.until("they are refused", LIMIT, () -> writer.falses().size() > before + 10, writer::toString);
                owner.start();
                int then = writer.trues().size();
                Await.until(
                        "they are TRUE again",
                        LIMIT,
                        () -> writer.trues().size() > then + 500,
                        () -> writer + fleet.logTails());
                // Cut off for longer than the cluster waits: two halves, which find each other again.
                owner.freeze();
                Await.pause(Duration.ofSeconds(15));
                owner.thaw();
                int thawed = writer.trues().size();
                Await.until(
                        "they are TRUE after it was cut off",
                        LIMIT,
                        () -> writer.trues().size() > thawed + 500,
                        () -> writer + fleet.logTails());
                writer.stop();
                Soak.tell("an owner killed and restarted, frozen and thawed: %s", writer);
                settled(writer, others.get(0));
            }
            Path copy = directory.resolve("copy");
            owner.admin().post("/admin/v1/backup", new JsonObject().put("directory", copy.toString()));
            Await.until("it is copied", LIMIT, () -> Files.exists(copy.resolve("database.id")), owner::logTail);
            // Another disk under the owner's name is no second database.
            owner.kill();
            try (ForelogProcess impostor =
                    fleet.builder(ownerName, "elsewhere", "").build()) {
                impostor.start();
                Await.until(
                        "it is told whose the database is",
                        LIMIT,
                        () -> impostor.admin()
                                .get("/admin/v1/namespaces/ns")
                                .body()
                                .contains("its entries lie in database"),
                        impostor::logTail);
            }
            // A copy of its own disk is the database.
            try (ForelogProcess restored =
                    fleet.builder(ownerName, "restored", "").build()) {
                copy(copy, restored.data());
                restored.start();
                Await.until(
                        "it has its namespace again",
                        LIMIT,
                        () -> Fleet.applied(restored, "ns") == 1,
                        () -> restored.admin().get("/admin/v1/namespaces/ns") + restored.logTail());
                String heirName = ownerName.equals("a") ? "b" : "a";
                goesForGood(restored, ownerName, fleet.get(heirName), heirName, fleet.get("c"));
            }
        }
    }

    /** By the command line. */
    private static void goesForGood(
            ForelogProcess owner, String ownerName, ForelogProcess heir, String heirName, ForelogProcess third) {
        assertThat(cluster(heir, 0, "drain", ownerName, "--wait", "-o", "json")).contains("\"namespaces\"");
        Await.until(
                "the other one has it",
                LIMIT,
                () -> ownerOf(third, "ns").equals(heirName),
                () -> cluster(third) + owner.logTail());
        assertThat(cluster(third, 1, "forget", ownerName)).contains("CONFLICT", "node " + ownerName, "silent");
        assertThat(owner.stop()).isZero();
        heir.kill();
        Await.until(
                "both are lost",
                LIMIT,
                () -> nodes(third).stream()
                        .allMatch(node -> node.getDouble("silent_seconds") > 6.5
                                || node.getString("name").equals("c")),
                () -> String.valueOf(cluster(third)));
        assertThat(cluster(third, 0, "forget", ownerName)).contains(ownerName);
        assertThat(cluster(third, 1, "drain", ownerName)).contains("NOT_FOUND", "node " + ownerName);
        assertThat(cluster(third, 1, "forget", heirName)).contains("owns no namespace", "--lost-data");
        assertThat(cluster(third, 0, "forget", heirName, "--lost-data")).contains(heirName);
        assertThat(third.admin().delete("/admin/v1/namespaces/ns").status()).isEqualTo(200);
        Await.until(
                "what it had is gone with it",
                LIMIT,
                () -> third.admin().get("/admin/v1/namespaces/ns").status() == 404,
                () -> third.admin().get("/admin/v1/namespaces/ns") + third.logTail());
    }

    /** What the command printed. */
    private static String cluster(ForelogProcess node, int code, String... words) {
        List<String> all = new ArrayList<>(List.of("cluster"));
        all.addAll(List.of(words));
        all.addAll(List.of("--url", "http://127.0.0.1:" + node.ports().management()));
        StringWriter printed = new StringWriter();
        int ended = Commands.addTo(new CommandLine(new Forelog()))
                .setOut(new PrintWriter(printed))
                .setErr(new PrintWriter(printed))
                .execute(all.toArray(String[]::new));
        assertThat(ended).as(all + ": " + printed).isEqualTo(code);
        return printed.toString();
    }

    @CommandLine.Command(name = "forelog")
    private static final class Forelog {}

    private static void copy(Path from, Path into) {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path made = into.resolve(from.relativize(file).toString());
                Files.createDirectories(Files.isDirectory(file) ? made : made.getParent());
                if (Files.isRegularFile(file)) {
                    Files.copy(file, made);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

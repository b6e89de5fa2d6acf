package io.forelog.queue.kafka;

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
import io.forelog.rig.backend.KafkaCluster;
import io.forelog.wire.v1.WriteToLogRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One of three nodes that consume an ordered namespace is stopped for longer than its group waits for it, and goes on. */
class FrozenOwnerFaultIT {
    private static final int KEYS = 60;
    private static final int SLOTS = 4;
    private static final Duration SOON = Duration.ofSeconds(60);
    /** Slower than the writers: more than one of a key waits in the owner's memory. */
    private static final Duration SLOW = Duration.ofMillis(250);

    @TempDir
    Path directory;

    private final String namespace = "owners-" + System.nanoTime();
    /** What came from each node that had come from none before. */
    private final Map<String, Integer> fresh = new ConcurrentHashMap<>();

    private final List<String> events = new ArrayList<>();
    private volatile boolean slow;

    /** Which node a delivery comes from its path tells. */
    private ForelogProcess start(KafkaCluster kafka, ScriptedReceiver receiver, String name) {
        String document = Documents.http(
                        receiver.url() + "/" + name,
                        Documents.PATIENT,
                        "delivery: { order: key }",
                        "shard: " + namespace)
                .replace(
                        "- physical_storage: { type: EMBEDDED }",
                        "- physical_storage: { type: KAFKA }\n"
                                + "      config: { wal.kafka.bootstrap.servers.prefix: test }");
        return ForelogProcess.in(directory.resolve(name))
                .settings("name: " + name)
                .settings("shard: " + namespace)
                .settings("bootstrap_servers: { test: '" + kafka.bootstrap() + "' }")
                .settings("queues: { kafka: { partitions: 6, tier_partitions: 1 } }")
                .namespace(namespace, document)
                .start();
    }

    @Test
    @Timeout(300)
    void firstDeliveriesKeepTheOrderOfTheirKeysAndAThawedOwnerCommitsNothing() {
        KafkaCluster kafka = KafkaCluster.shared(1);
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                ForelogProcess stays = start(kafka, receiver, "stays");
                ForelogProcess first = start(kafka, receiver, "first");
                ForelogProcess second = start(kafka, receiver, "second");
                CommittedMarks marks = new CommittedMarks(kafka.bootstrap(), namespace);
                LoadWriter writer = new LoadWriter(() -> stays.ports().grpc())) {
            receiver.script(this::reply);
            writer.insist().start(SLOTS, this::ofOneKeyAtATime);
            awaitFresh("stays", 100);
            awaitFresh("first", 100);
            awaitFresh("second", 100);

            // thawed when others have gone on with what was its own
            Set<TopicPartition> its = freeze(first, "first", marks);
            Map<TopicPartition, Long> delivered = marks.delivered(its);
            Await.until(
                    "others go on with " + its,
                    SOON,
                    () -> marks.delivered(its).entrySet().stream()
                            .allMatch(now -> now.getValue() > delivered.get(now.getKey()) + 100),
                    marks::toString);
            int before = receiver.count();
            first.thaw();
            happened("first thawed");
            awaitFresh("first", 100);
            tellOutOfTurn(receiver.arrivals(), before, "first");

            // thawed while the new owners still wait for what it may have on its way
            freeze(second, "second", marks);
            Await.pause(Duration.ofSeconds(13));
            int then = receiver.count();
            second.thaw();
            happened("second thawed");
            awaitFresh("second", 100);
            tellOutOfTurn(receiver.arrivals(), then, "second");

            writer.stop();
            Await.until(
                    "all TRUE have arrived",
                    SOON,
                    () -> receiver.entryIds().containsAll(writer.trues().keySet()),
                    () -> missing(writer, receiver) + "; marks " + marks + "; " + events + "; "
                            + doing(stays, first, second));
            Audit audit = settled(stays);
            Soak.tell(
                    "frozen owners: %s; %d arrivals, %d of them duplicates; audit %s",
                    writer, receiver.count(), receiver.duplicates(), audit.raw());
            Verdicts.everyTrueArrived(writer, receiver);
            List<Arrival> late = lateFirsts(receiver.arrivals());
            Soak.tell("frozen owners: %d first arrivals behind a later one of their key", late.size());
            assertThat(late)
                    .as(() -> "first arrivals behind a later one of their key; " + events + "; its history: "
                            + history(receiver.arrivals(), late.get(0).key()))
                    .isEmpty();
            assertThat(marks.steppedBack()).isEmpty();
            assertThat(audit.balanced()).as(audit.raw()).isTrue();
            assertThat(audit.dead()).isZero();
            assertThat(audit.delivered()).as("each once in the books").isEqualTo(audit.accepted());
        }
    }

    /** Stopped while it has deliveries on its way and more in memory; answers the main partitions that it has. */
    private Set<TopicPartition> freeze(ForelogProcess node, String name, CommittedMarks marks) {
        slow = true;
        Await.pause(Duration.ofSeconds(3));
        Set<TopicPartition> its = marks.of(name);
        node.freeze();
        happened(name + " frozen with " + its);
        slow = false;
        assertThat(its).as("partitions of " + name).isNotEmpty();
        return its;
    }

    /** While the last partitions still change hands a count may be refused: asked again. */
    private Audit settled(ForelogProcess node) {
        return Await.until(
                "nothing is pending",
                SOON,
                () -> {
                    try {
                        return Optional.of(node.audit(namespace).read()).filter(audit -> audit.pending() == 0);
                    } catch (AssertionError e) {
                        return Optional.empty();
                    }
                },
                node::logTail);
    }

    private static String missing(LoadWriter writer, ScriptedReceiver receiver) {
        Set<String> ids = new HashSet<>(writer.trues().keySet());
        ids.removeAll(receiver.entryIds());
        return ids.size() + " of " + writer.trues().size() + " are missing: "
                + ids.stream().limit(20).map(writer.trues()::get).toList();
    }

    private String doing(ForelogProcess... nodes) {
        StringBuilder text = new StringBuilder();
        for (ForelogProcess node : nodes) {
            text.append('\n')
                    .append(node.admin()
                            .get("/admin/v1/namespaces/" + namespace + "/pumps")
                            .body())
                    .append('\n')
                    .append(node.logTail());
        }
        return text.toString();
    }

    private void happened(String what) {
        events.add(ScriptedReceiver.nowMicros() / 1_000 + " " + what);
    }

    private void awaitFresh(String node, int more) {
        int from = fresh.getOrDefault(node, 0);
        Await.until(node + " delivers", SOON, () -> fresh.getOrDefault(node, 0) >= from + more, fresh::toString);
    }

    /** On the receiver's loop. One in a hundred fails so often that its key is parked. */
    private Reply reply(Arrival arrival) {
        if (arrival.time() == 1) {
            fresh.merge(arrival.path().substring(arrival.path().lastIndexOf('/') + 1), 1, Integer::sum);
        }
        if (Math.floorMod(arrival.text().hashCode(), 100) == 0 && arrival.time() <= 4) {
            return Reply.status(500);
        }
        return slow ? Reply.slow(SLOW) : Reply.OK;
    }

    /** A slot owns its keys and writes each number only when the one before is answered. */
    private Optional<WriteToLogRequest> ofOneKeyAtATime(int slot, long n) {
        int keysOfSlot = KEYS / SLOTS;
        String key = "k" + (slot * keysOfSlot + n % keysOfSlot);
        return Optional.of(LoadWriter.request(namespace, key + "/" + n / keysOfSlot, key, Duration.ZERO));
    }

    /** First arrivals that came behind the first arrival of a later one of their key. */
    private static List<Arrival> lateFirsts(List<Arrival> arrivals) {
        Map<String, Long> last = new HashMap<>();
        return arrivals.stream()
                .filter(arrival -> arrival.time() == 1)
                .filter(arrival -> last.merge(arrival.key(), number(arrival), Math::max) > number(arrival))
                .toList();
    }

    /** Of a key: which numbers came from which node, run by run. */
    private static String history(List<Arrival> arrivals, String key) {
        StringBuilder text = new StringBuilder();
        String path = "";
        long last = Long.MIN_VALUE;
        for (Arrival each : arrivals) {
            if (each.key().equals(key)) {
                if (!each.path().equals(path) || number(each) != last + 1) {
                    text.append(" ..").append(last).append('\n').append(each.micros() / 1_000);
                    text.append(' ').append(each.path()).append(' ').append(number(each));
                }
                path = each.path();
                last = number(each);
            }
        }
        return text.append(" ..").append(last).toString();
    }

    private static long number(Arrival arrival) {
        return Long.parseLong(arrival.text().substring(arrival.text().indexOf('/') + 1));
    }

    private static void tellOutOfTurn(List<Arrival> arrivals, int since, String node) {
        Map<String, Long> newest = new HashMap<>();
        int stale = 0;
        long lastMicros = 0;
        for (int i = 0; i < arrivals.size(); i++) {
            Arrival each = arrivals.get(i);
            long before = newest.merge(each.key(), number(each), Math::max);
            if (i >= since && before > number(each) && each.path().endsWith("/" + node)) {
                stale++;
                lastMicros = each.micros() - arrivals.get(since).micros();
            }
        }
        Soak.tell("%s, thawed: %d repeated behind later ones, the last after %d ms", node, stale, lastMicros / 1_000);
    }
}

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
import java.util.HashMap;
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
            awaitFresh("first", 100);
            tellOutOfTurn(receiver.arrivals(), before, "first");

            // thawed while the new owners still wait for what it may have on its way
            freeze(second, "second", marks);
            Await.pause(Duration.ofSeconds(13));
            int then = receiver.count();
            second.thaw();
            awaitFresh("second", 100);
            tellOutOfTurn(receiver.arrivals(), then, "second");

            writer.stop();
            Audit audit = stays.audit(namespace).awaitSettled(Duration.ofSeconds(60));
            Soak.tell(
                    "frozen owners: %s; %d arrivals, %d of them duplicates; audit %s",
                    writer, receiver.count(), receiver.duplicates(), audit.raw());
            Verdicts.everyTrueArrived(writer, receiver);
            assertThat(firstOnes(receiver.arrivals()))
                    .as("behind a later one of its key")
                    .isEmpty();
            assertThat(marks.steppedBack()).isEmpty();
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
        slow = false;
        assertThat(its).as("partitions of " + name).isNotEmpty();
        return its;
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
    private static List<String> firstOnes(List<Arrival> arrivals) {
        Map<String, Long> last = new HashMap<>();
        return arrivals.stream()
                .filter(arrival -> arrival.time() == 1)
                .filter(arrival -> {
                    String key = arrival.key();
                    long number = number(arrival);
                    Long before = last.merge(key, number, Math::max);
                    return before > number;
                })
                .map(Arrival::toString)
                .toList();
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

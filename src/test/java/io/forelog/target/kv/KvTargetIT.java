package io.forelog.target.kv;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.rig.Await;
import io.forelog.rig.Soak;
import io.forelog.table.Item;
import io.forelog.table.TableStore;
import io.forelog.table.Tables;
import io.forelog.table.Version;
import io.forelog.target.Deliveries;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(90)
class KvTargetIT {
    @TempDir
    Path data;

    private WriterRig rig;
    private TableStore store;

    @BeforeEach
    void open() {
        rig = new WriterRig(data).deploy("kv", Map.of(), new TargetSpec.Limit(0, 0, Duration.ofSeconds(10), 0));
        store = WriterRig.await(rig.tables.open(Tables.EMBEDDED));
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private static Delivery delivery(
            int sequence,
            String key,
            Operation operation,
            String payload,
            long writeMicros,
            Map<String, String> attributes) {
        Entry entry = Deliveries.entry(Buffer.buffer(key), operation, attributes, Map.of(), Buffer.buffer(payload));
        return Deliveries.of(sequence, Deliveries.with(entry, writeMicros, "", null));
    }

    private Item get(String table, String id, String key) {
        return WriterRig.await(store.get(table, Buffer.buffer(id), Buffer.buffer(key)));
    }

    @Test
    void writesToTheNamespacesTableUnlessTheEntryNamesAnother() {
        Delivery plain = delivery(0, "a", Operation.PUT, "1", 0, Map.of("item_key", "k"));
        Delivery named = Deliveries.of(1, Deliveries.with(plain.entry(), 0, "orders", null));
        assertThat(rig.deliver(List.of(plain, named))).containsOnly(Outcome.applied());
        assertThat(get("shop", "a", "k").value().toString()).isEqualTo("1");
        assertThat(get("orders", "a", "k").value().toString()).isEqualTo("1");
    }

    @Test
    void deletesTouchesAndExpires() {
        long base = delivery(0, "a", Operation.PUT, "", 0, Map.of()).entry().dueMicros();
        rig.deliver(List.of(
                delivery(0, "past", Operation.PUT, "x", 0, Map.of("ttl", "PT1H")),
                delivery(1, "future", Operation.PUT, "x", 0, Map.of("ttl", "2999-01-01T00:00:00Z")),
                delivery(2, "touched", Operation.PUT, "x", 0, Map.of("ttl", "3600")),
                delivery(3, "gone", Operation.PUT, "x", 0, Map.of())));
        rig.deliver(List.of(
                delivery(4, "touched", Operation.TOUCH, "", 0, Map.of("ttl", "2999-01-01T00:00:00Z")),
                delivery(5, "gone", Operation.DELETE, "", 0, Map.of())));
        assertThat(base).isLessThan(System.currentTimeMillis() * 1_000L);
        assertThat(get("shop", "past", "")).isNull();
        assertThat(get("shop", "future", "")).isNotNull();
        assertThat(get("shop", "touched", "")).isNotNull();
        assertThat(get("shop", "gone", "")).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"soon", "-1", "0", "P", "PT-1S", "99999999999999"})
    void rejectsATtlThatIsNone(String ttl) {
        Outcome outcome = rig.deliver(delivery(0, "a", Operation.PUT, "x", 0, Map.of("ttl", ttl)));
        assertThat(outcome).isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
            assertThat(rejected.text()).contains("attributes.ttl").contains("expected");
            assertThat(rejected.storm()).isFalse();
        });
    }

    @Test
    void rejectsOnlyThoseOfABatchThatAreWrong() {
        long future = delivery(0, "a", Operation.PUT, "", 0, Map.of()).entry().acceptedMicros() + 61_000_000L;
        assertThat(rig
                        .deliver(List.of(
                                delivery(0, "a", Operation.PUT, "x", 0, Map.of()),
                                delivery(1, "", Operation.PUT, "x", 0, Map.of()),
                                delivery(2, "b", Operation.PUT, "x", future, Map.of()),
                                delivery(3, "c", Operation.TOUCH, "", 0, Map.of()),
                                delivery(4, "d", Operation.PUT, "x", 0, Map.of())))
                        .stream()
                        .map(Outcome::kind))
                .containsExactly(
                        Outcome.Kind.APPLIED,
                        Outcome.Kind.REJECTED,
                        Outcome.Kind.REJECTED,
                        Outcome.Kind.REJECTED,
                        Outcome.Kind.APPLIED);
    }

    /** A tier, a redrive, a receive of SQS gives an entry another place: it must not make it another write. */
    @Test
    void ofTwoWritesOfOneMicrosecondTheLaterEntryStaysWhateverPlacesTheyAreMovedTo() {
        Delivery first = delivery(7, "a", Operation.PUT, "first", 0, Map.of());
        Delivery second = delivery(8, "a", Operation.PUT, "second", 0, Map.of());
        rig.deliver(second);
        rig.deliver(Deliveries.of(1_000, first.entry()));
        assertThat(get("shop", "a", "").value().toString()).isEqualTo("second");
        rig.deliver(first);
        rig.deliver(Deliveries.of(1, second.entry()));
        assertThat(get("shop", "a", "").value().toString()).isEqualTo("second");
    }

    /** Items that older releases wrote bear the place in the log. */
    @Test
    void aWriteOfTheSameMicrosecondWinsOverAnItemThatBearsAPlaceInTheLog() {
        Entry entry = delivery(0, "a", Operation.PUT, "new", 0, Map.of()).entry();
        Version version = KvWrites.version(entry);
        assertThat(version).isGreaterThan(new Version(version.micros(), 1L << 48));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void shuffledAndDuplicatedWritesComeToWhatTheLastOfEachKeySays(long seed) {
        Random random = new Random(seed);
        long base = delivery(0, "a", Operation.PUT, "", 0, Map.of()).entry().acceptedMicros() - 1_000_000_000L;
        List<Delivery> history = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            boolean put = random.nextInt(4) > 0;
            history.add(delivery(
                    i,
                    "k" + random.nextInt(100),
                    put ? Operation.PUT : Operation.DELETE,
                    put ? "v" + i : "",
                    base + random.nextInt(500),
                    Map.of()));
        }
        Map<String, String> expected = new TreeMap<>();
        history.stream()
                .sorted(java.util.Comparator.comparingLong(
                                (Delivery d) -> d.entry().writeMicros())
                        .thenComparingLong(d -> d.receipt().sequence()))
                .forEach(d -> {
                    if (d.entry().operation() == Operation.PUT) {
                        expected.put(
                                d.entry().key().toString(), d.entry().payload().toString());
                    } else {
                        expected.remove(d.entry().key().toString());
                    }
                });
        List<Delivery> sent = new ArrayList<>(history);
        sent.addAll(history.subList(0, 1_500));
        Collections.shuffle(sent, random);
        List<Future<List<Outcome>>> answers = new ArrayList<>();
        for (int from = 0; from < sent.size(); from += 250) {
            answers.add(rig.send(sent.subList(from, Math.min(sent.size(), from + 250))));
        }
        answers.forEach(answer -> assertThat(WriterRig.await(answer)).containsOnly(Outcome.applied()));

        Map<String, String> actual = WriterRig.await(store.scan("shop", null, 1_000)).stream()
                .collect(Collectors.toMap(
                        item -> item.id().toString(), item -> item.value().toString(), (a, b) -> a, TreeMap::new));
        assertThat(actual).isEqualTo(expected);
    }

    /** A file system of its own, that is too small and then is not. */
    @Test
    void aFullDiskIsRetriedAndLosesNothingOfWhatWasApplied() throws Exception {
        Path disk = Files.createDirectories(data.resolve("small/tables"));
        if (!run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk.toString())) {
            Soak.skipping("KvTargetIT on a full disk", "mount is not permitted here");
            Assumptions.abort("mount is not permitted here");
        }
        try (WriterRig small = new WriterRig(data.resolve("small"))) {
            small.deploy("kv", Map.of(), new TargetSpec.Limit(0, 0, Duration.ofSeconds(10), 0));
            Random random = new Random(1);
            List<Delivery> all = new ArrayList<>();
            List<Delivery> open = new ArrayList<>();
            for (int refused = 0; refused < 5; ) {
                assertThat(all.size()).as("writes to a small disk").isLessThan(4_000);
                List<Delivery> batch = new ArrayList<>();
                for (int i = 0; i < 50; i++) {
                    String key = "k" + (all.size() + i);
                    batch.add(delivery(i, key, Operation.PUT, incompressible(random), 0, Map.of()));
                }
                all.addAll(batch);
                List<Outcome> outcomes = small.deliver(batch);
                assertThat(outcomes).doesNotHaveAnyElementsOfTypes(Outcome.Rejected.class);
                for (int i = 0; i < outcomes.size(); i++) {
                    if (!outcomes.get(i).equals(Outcome.applied())) {
                        open.add(batch.get(i));
                    }
                    if (outcomes.get(i) instanceof Outcome.Retry retry) {
                        assertThat(retry.code()).isEqualTo(ErrorCode.TARGET_UNAVAILABLE);
                        assertThat(retry.text()).contains("No space left on device");
                    }
                }
                if (!open.isEmpty()) {
                    fill(disk.resolve("filler-" + all.size()));
                }
                refused = outcomes.contains(Outcome.applied()) ? 0 : refused + 1;
            }
            assertThat(run("mount", "-o", "remount,size=256m", disk.toString())).isTrue();
            Await.until(
                    "there is room again",
                    Duration.ofSeconds(30),
                    () -> small.deliver(open).stream().allMatch(Outcome.applied()::equals));
            TableStore full = WriterRig.await(small.tables.open(Tables.EMBEDDED));
            for (Delivery each : all) {
                assertThat(WriterRig.await(full.get("shop", each.entry().key(), Buffer.buffer()))
                                .value())
                        .isEqualTo(each.entry().payload());
            }
        } finally {
            run("umount", disk.toString());
        }
    }

    private static String incompressible(Random random) {
        byte[] bytes = new byte[7_500];
        random.nextBytes(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }

    /** What the store gave back when it closed. */
    private static void fill(Path filler) throws IOException {
        try (OutputStream out = Files.newOutputStream(filler)) {
            byte[] chunk = new byte[4_096];
            for (int i = 0; i < 10_000; i++) {
                out.write(chunk);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space left");
        }
    }

    private static boolean run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).inheritIO().start();
        return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
    }
}

package io.forelog.queue.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.EntryId;
import io.forelog.model.Ticker;
import io.forelog.queue.EntryStatus;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.Queue;
import io.forelog.queue.Tally;
import io.forelog.rig.Await;
import io.forelog.rig.Documents;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.ForgetfulDisk;
import io.forelog.rig.ForgetfulDisk.Loss;
import io.forelog.rig.LoadWriter;
import io.forelog.rig.LoadWriter.Written;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.ScriptedReceiver.Arrival;
import io.forelog.rig.ScriptedReceiver.Reply;
import io.forelog.rig.Soak;
import io.forelog.rig.StraceLog;
import io.forelog.rig.StraceLog.Call;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A loss of power at any moment. strace writes down what the service writes and syncs, over several of its lives; then, for
 * moments drawn at random, the disk is made anew with what was synced by then and chance's part of what was not.
 */
class PowerLossFaultIT {
    private static final int LIVES = 3;
    private static final int SLOTS = 16;
    private static final String CONFIRMED = "queue/shared/confirmed";
    private static final String SETTINGS = "queues: { embedded: { ballast_bytes: 0 } }";

    @TempDir
    Path directory;

    private final AtomicInteger port = new AtomicInteger();
    private Path root;
    private final List<Path> logs = new ArrayList<>();

    @BeforeEach
    void findRoot() throws IOException {
        root = directory.toRealPath();
    }

    @Test
    @Timeout(1_200)
    void whatWasAnsweredTrueIsThereAfterALossOfPowerAtAnyMoment() throws Exception {
        if (!canTrace()) {
            Soak.skipping("loss of power", "strace is missing or may not trace here");
            org.junit.jupiter.api.Assumptions.abort("strace is missing or may not trace here");
        }
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                LoadWriter writer = new LoadWriter(port::get)) {
            receiver.script(arrival -> arrival.text().endsWith("7") && arrival.time() == 1
                    ? Reply.status(503)
                    : arrival.text().endsWith("13") ? Reply.status(400) : Reply.OK);
            List<Sample> confirmed = live(receiver, writer);
            loseAndCheck(writer, receiver, confirmed);
        }
    }

    /** What the side file, which is written through memory, held at a moment or later. */
    private record Sample(long micros, byte[] content) {}

    private boolean canTrace() throws IOException, InterruptedException {
        Path log = root.resolve("probe.strace");
        List<String> command = new ArrayList<>(StraceLog.command(log));
        command.add("mkdir");
        command.add(root.resolve("probe").toString());
        try {
            Process probe = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(root.resolve("probe.out").toFile())
                    .start();
            return probe.waitFor(20, TimeUnit.SECONDS) && probe.exitValue() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private List<Sample> live(ScriptedReceiver receiver, LoadWriter writer) {
        List<Sample> samples = new ArrayList<>();
        Path side = root.resolve("data").resolve(CONFIRMED);
        try (ForelogProcess service = ForelogProcess.in(root)
                        .settings(SETTINGS)
                        .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT))
                        .build();
                Sampler sampler = new Sampler(side, samples)) {
            sampler.thread.start();
            for (int life = 0; life < LIVES; life++) {
                Path log = root.resolve("life-" + life + ".strace");
                logs.add(log);
                service.setUnder(StraceLog.command(log));
                service.start();
                port.set(service.ports().grpc());
                int written = writer.trues().size();
                int offset = life * 1_000_000;
                writer.start(
                        SLOTS,
                        (slot, n) -> Optional.of(LoadWriter.request(
                                "orders",
                                slot + "-" + (offset + n),
                                "",
                                // 31 has nothing in common with the script: no run of entries fails at once and opens
                                // the breaker.
                                n % 3 == 0 ? Duration.ofMillis(100L * (1 + n % 31)) : Duration.ZERO)));
                Await.pause(Duration.ofMillis(Soak.choose(1_500, 4_000)));
                if (life == 1) {
                    writer.stop();
                    assertThat(service.stop()).isZero();
                } else {
                    service.kill();
                    writer.stop();
                }
                assertThat(writer.trues().size()).as(writer.toString()).isGreaterThan(written + SLOTS);
            }
        }
        return samples;
    }

    /** Reads the side file again and again, as the page cache has it: what the disk may get at any moment. */
    private static final class Sampler implements AutoCloseable {
        private final Thread thread;
        private volatile boolean stopping;

        Sampler(Path file, List<Sample> into) {
            thread = new Thread(
                    () -> {
                        while (!stopping) {
                            try {
                                byte[] content = Files.readAllBytes(file);
                                into.add(new Sample(ScriptedReceiver.nowMicros(), content));
                            } catch (IOException e) {
                                // not made yet
                            }
                            Await.pause(Duration.ofMillis(1));
                        }
                    },
                    "confirmed-sampler");
            thread.setDaemon(true);
        }

        @Override
        public void close() {
            stopping = true;
            try {
                thread.join(10_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void loseAndCheck(LoadWriter writer, ScriptedReceiver receiver, List<Sample> confirmed) throws Exception {
        long[] calls = {0};
        StraceLog count = new StraceLog(root.resolve("data"));
        logs.forEach(log -> count.read(log, call -> calls[0]++));
        Random random = new Random(Soak.isOn() ? System.nanoTime() : 7);
        int wanted = Soak.choose(60, 150);
        Set<Long> cuts = new TreeSet<>();
        while (cuts.size() < Math.min(wanted, calls[0] / 2)) {
            // Half of them anywhere, half in the starts, where files are made and renamed.
            cuts.add(random.nextBoolean() ? random.nextLong(calls[0]) : random.nextLong(Math.min(calls[0], 400)));
        }
        // Of these the whole service is started, one of them in the middle of its first start.
        List<Long> all = List.copyOf(cuts);
        Set<Long> whole = Set.of(all.get(1), all.get(all.size() / 2), all.get(all.size() - 1));
        Map<String, Integer> told = new HashMap<>();
        ForgetfulDisk disk = new ForgetfulDisk(root.resolve("data"));
        StraceLog reader = new StraceLog(root.resolve("data"));
        long[] at = {0};
        Vertx vertx = Vertx.vertx();
        try {
            for (Path log : logs) {
                reader.read(log, call -> {
                    if (cuts.contains(at[0]++)) {
                        Loss loss = Loss.values()[random.nextInt(Loss.values().length)];
                        if (whole.contains(at[0] - 1)) {
                            startAgain(disk, call, loss, random, confirmed, writer, receiver);
                        } else {
                            cut(vertx, disk, call, loss, random, confirmed, writer, receiver);
                        }
                        told.merge(loss.name(), 1, Integer::sum);
                    }
                    disk.apply(call);
                });
                disk.processEnded();
            }
            Soak.tell("loss of power: %s; %,d calls, cut %s", writer, calls[0], told);
        } finally {
            Await.result(vertx.close());
        }
    }

    private void cut(
            Vertx vertx,
            ForgetfulDisk disk,
            Call call,
            Loss loss,
            Random random,
            List<Sample> confirmed,
            LoadWriter writer,
            ScriptedReceiver receiver) {
        Path image = root.resolve("image");
        byte[] side = side(confirmed, call.micros());
        disk.image(image, loss, random, path -> path.equals(CONFIRMED) ? side : null);
        String what = name(loss, call);
        List<Written> before = before(writer, call);
        Set<String> arrived = new HashSet<>();
        for (Arrival arrival : receiver.arrivals()) {
            if (arrival.micros() < call.micros()) {
                arrived.add(arrival.entryId());
            }
        }
        try {
            check(vertx, image, what, before, arrived);
            RocksNode.delete(image);
        } catch (Exception e) {
            throw new AssertionError(what + ", " + before.size() + " TRUE before it: " + e, e);
        }
    }

    private void startAgain(
            ForgetfulDisk disk,
            Call call,
            Loss loss,
            Random random,
            List<Sample> confirmed,
            LoadWriter writer,
            ScriptedReceiver receiver) {
        Path home = root.resolve("again-" + call.number());
        byte[] side = side(confirmed, call.micros());
        disk.image(home.resolve("data"), loss, random, path -> path.equals(CONFIRMED) ? side : null);
        long begun = ScriptedReceiver.nowMicros();
        try (ForelogProcess service = ForelogProcess.in(home)
                .settings(SETTINGS)
                .namespace("orders", Documents.http(receiver.url(), Documents.PATIENT))
                .start()) {
            service.audit("orders").readBalanced();
            service.audit("orders").awaitSettled(Duration.ofSeconds(60));
            Set<String> arrived = new HashSet<>();
            for (Arrival arrival : receiver.arrivals()) {
                // What came in between came from the life that the power cut short.
                if (arrival.micros() < call.micros() || arrival.micros() >= begun) {
                    arrived.add(arrival.entryId());
                }
            }
            assertThat(before(writer, call).stream()
                            .filter(written -> !arrived.contains(written.entryId()))
                            .limit(3))
                    .as(name(loss, call) + ": answered TRUE, and never arrived")
                    .isEmpty();
        }
    }

    private static String name(Loss loss, Call call) {
        return loss + " before call " + call.number() + " " + call.name() + " " + call.path();
    }

    private static List<Written> before(LoadWriter writer, Call call) {
        return writer.trues().values().stream()
                .filter(written -> written.answeredMicros() < call.micros())
                .toList();
    }

    /** The newest that was seen before: the kernel may have written that page back at any time. */
    private static byte[] side(List<Sample> samples, long micros) {
        byte[] newest = new byte[0];
        for (Sample sample : samples) {
            if (sample.micros() >= micros) {
                break;
            }
            newest = sample.content();
        }
        return newest;
    }

    private static void check(Vertx vertx, Path image, String what, List<Written> before, Set<String> arrived)
            throws Exception {
        RocksNode node = new RocksNode(vertx, image, Ticker.anchored(), Map.of());
        try {
            Queue queue = node.open(InMemoryQueue.spec("orders", 1));
            for (Tally.RouteTally route : RocksNode.await(queue.tally()).routes()) {
                assertThat(route.balanced()).as(what + ": " + route).isTrue();
                assertThat(route.lost()).as(what + ": " + route).isZero();
            }
            List<String> missing = new ArrayList<>();
            for (Written written : before) {
                Optional<EntryStatus> found = RocksNode.await(queue.find(EntryId.parse(written.entryId())));
                EntryStatus.State state =
                        found.map(status -> status.routes().get(0).state()).orElse(EntryStatus.State.CANCELLED);
                if (state == EntryStatus.State.CANCELLED
                        || state == EntryStatus.State.DELIVERED && !arrived.contains(written.entryId())) {
                    missing.add(written + ": " + found);
                }
            }
            assertThat(missing.stream().limit(3))
                    .as("%s: %d of %d answered TRUE are missing", what, missing.size(), before.size())
                    .isEmpty();
        } finally {
            node.close();
        }
    }
}

package io.forelog.queue.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.DeadLetterCursor;
import io.forelog.queue.Entries;
import io.forelog.queue.EntryStatus;
import io.forelog.queue.HandTicker;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.LogEntry;
import io.forelog.queue.LogRange;
import io.forelog.queue.ParkedKey;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.Settlement;
import io.forelog.queue.Tally;
import io.forelog.queue.Verdict;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The queue against its model: the same random calls go to both, crashes and sweeps between them, and both must answer the
 * same. A seed that fails is added to the list.
 */
class RocksQueueModelTest {
    private static final int STEPS = 250;
    private static final long MANY_BYTES = 64L << 20;
    private static Vertx vertx;

    @BeforeAll
    static void startVertx() {
        vertx = Vertx.vertx();
    }

    @AfterAll
    static void stopVertx() throws Exception {
        RocksNode.await(vertx.close());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void answersAsItsModelDoes(long seed) throws Exception {
        Path folder = Files.createTempDirectory("forelog-model");
        try {
            Run run = new Run(seed, folder);
            try {
                run.play();
            } finally {
                run.node.close();
            }
        } finally {
            RocksNode.delete(folder);
        }
    }

    /** One seed. */
    private static final class Run {
        private final Random random;
        private final Path folder;
        private final HandTicker ticker = new HandTicker();
        private final Entries entries = new Entries(ticker, "model");
        private final QueueSpec spec;
        private final List<Entry> appended = new ArrayList<>();
        private final List<Delivery> held = new ArrayList<>();
        private final List<Delivery> modelHeld = new ArrayList<>();
        private RocksNode node;
        private Queue queue;
        private InMemoryQueue model;
        private int lives;

        Run(long seed, Path folder) throws Exception {
            this.random = new Random(seed);
            this.folder = folder;
            QueueSpec plain = InMemoryQueue.spec("model", 1, 2);
            this.spec = new QueueSpec(
                    "model",
                    plain.routes(),
                    seed % 2 == 0,
                    plain.serves(),
                    Duration.ofDays(300),
                    Duration.ofDays(300),
                    Long.MAX_VALUE,
                    false,
                    Map.of());
            node = new RocksNode(vertx, folder.resolve("node-0"), ticker, Map.of());
            queue = node.open(spec);
            model = new InMemoryQueue(spec, ticker);
        }

        void play() throws Exception {
            for (int step = 0; step < STEPS; step++) {
                ticker.turnMicros(1 + random.nextInt(2_000_000));
                step();
                if (step % 10 == 0) {
                    compare();
                }
            }
            crash();
            compare();
        }

        private void step() throws Exception {
            switch (random.nextInt(16)) {
                case 0, 1, 2, 3 -> append();
                case 4, 5, 6 -> take();
                case 7, 8, 9 -> settle();
                case 10 -> cancel();
                case 11 -> reschedule();
                case 12 -> dead();
                case 13 -> takeParked();
                case 14 -> readmit();
                default -> {
                    if (random.nextBoolean()) {
                        crash();
                    } else {
                        ((RocksQueue) queue).store().sweep();
                    }
                }
            }
        }

        private static <T> T both(Future<T> real, Future<T> expected) throws Exception {
            T answer = RocksNode.await(real);
            assertThat(answer).isEqualTo(RocksNode.await(expected));
            return answer;
        }

        private void append() throws Exception {
            List<Entry> group = new ArrayList<>();
            for (int i = random.nextInt(8); i >= 0; i--) {
                Duration delay = random.nextInt(3) == 0 ? Duration.ofMillis(random.nextInt(60_000)) : Duration.ZERO;
                String token = random.nextInt(6) == 0 ? "t" + random.nextInt(10) : null;
                Integer[] routes = random.nextInt(3) == 0 ? new Integer[] {1, 2} : new Integer[] {1};
                group.add(entries.make("p" + random.nextInt(3), "k" + random.nextInt(3), delay, token, routes));
            }
            List<AppendOutcome> outcomes = RocksNode.await(queue.append(group));
            List<AppendOutcome> expected = RocksNode.await(model.append(group));
            assertThat(outcomes.stream().map(Run::shown))
                    .isEqualTo(expected.stream().map(Run::shown).toList());
            for (int i = 0; i < group.size(); i++) {
                if (outcomes.get(i).receipt() != null && !outcomes.get(i).duplicate()) {
                    appended.add(group.get(i));
                }
            }
        }

        private void take() throws Exception {
            int route = 1 + random.nextInt(2);
            if (model.depth(route).ready() == 0) {
                return;
            }
            // Without an order only the set is promised, so all of it is taken.
            int max = spec.ordered() ? 1 + random.nextInt(20) : 10_000;
            List<Delivery> expected = new ArrayList<>(RocksNode.await(model.take(route, max, MANY_BYTES)));
            List<Delivery> taken = new ArrayList<>();
            while (taken.size() < expected.size()) {
                taken.addAll(RocksNode.await(queue.take(route, expected.size() - taken.size(), MANY_BYTES)));
            }
            if (!spec.ordered()) {
                Comparator<Delivery> bySequence =
                        Comparator.comparingLong(d -> d.receipt().sequence());
                taken.sort(bySequence);
                expected.sort(bySequence);
            }
            hold(taken, expected);
        }

        private void hold(List<Delivery> taken, List<Delivery> expected) {
            assertThat(taken.stream().map(Run::shown))
                    .isEqualTo(expected.stream().map(Run::shown).toList());
            held.addAll(taken);
            modelHeld.addAll(expected);
        }

        private static List<Object> shown(AppendOutcome o) {
            return java.util.Arrays.asList(o.durable(), o.id(), o.receipt(), o.code(), o.duplicate());
        }

        private static List<Object> shown(Delivery d) {
            return java.util.Arrays.asList(
                    d.receipt(),
                    d.route(),
                    d.entry().id(),
                    d.attempt(),
                    d.dueMicros(),
                    d.firstFailure(),
                    d.lastFailure(),
                    d.redrives());
        }

        private void settle() throws Exception {
            List<Settlement> real = new ArrayList<>();
            List<Settlement> expected = new ArrayList<>();
            while (!held.isEmpty() && random.nextInt(6) != 0) {
                int i = random.nextInt(held.size());
                Verdict verdict = verdict();
                boolean twice = random.nextInt(10) == 0;
                real.add(new Settlement(twice ? held.get(i) : held.remove(i), verdict));
                expected.add(new Settlement(twice ? modelHeld.get(i) : modelHeld.remove(i), verdict));
            }
            RocksNode.await(queue.settle(real));
            RocksNode.await(model.settle(expected));
        }

        private Verdict verdict() {
            Failure failure = new Failure(ticker.micros(), ErrorCode.TARGET_TIMEOUT, "f" + random.nextInt(100));
            return switch (random.nextInt(8)) {
                case 0, 1, 2 -> new Verdict.Delivered(ticker.micros());
                case 3 -> new Verdict.Expired(ticker.micros());
                case 4 -> new Verdict.Retry(ticker.micros() + random.nextInt(30_000_000), failure);
                case 5 -> new Verdict.Park(ticker.micros() + 5, failure);
                case 6 -> new Verdict.Park(0, null);
                default -> new Verdict.Dead(failure);
            };
        }

        private void cancel() throws Exception {
            if (!appended.isEmpty()) {
                Entry entry = appended.get(random.nextInt(appended.size()));
                both(queue.cancel(entry.id()), model.cancel(entry.id()));
            }
        }

        private void reschedule() throws Exception {
            if (!appended.isEmpty()) {
                Entry entry = appended.get(random.nextInt(appended.size()));
                long due = ticker.micros() + random.nextInt(20_000_000) - 5_000_000;
                both(queue.reschedule(entry.id(), due), model.reschedule(entry.id(), due));
            }
        }

        private void dead() throws Exception {
            List<String> ids = RocksNode.await(model.deadLetters(new DeadLetterCursor(-1, ""), 1_000)).items().stream()
                    .map(DeadLetter::id)
                    .filter(id -> random.nextBoolean())
                    .toList();
            if (random.nextInt(3) == 0) {
                both(queue.purge(ids), model.purge(ids));
            } else {
                both(queue.redrive(ids), model.redrive(ids));
            }
        }

        private void takeParked() throws Exception {
            int route = 1 + random.nextInt(2);
            Buffer key = Buffer.buffer("k" + random.nextInt(3));
            int max = 1 + random.nextInt(5);
            hold(
                    RocksNode.await(queue.takeParked(route, key, max)),
                    RocksNode.await(model.takeParked(route, key, max)));
        }

        private void readmit() throws Exception {
            if (!appended.isEmpty()) {
                List<Entry> some = List.of(appended.get(random.nextInt(appended.size())));
                RocksNode.await(queue.readmit(some, 2));
                RocksNode.await(model.readmit(some, 2));
            }
        }

        private void crash() throws Exception {
            RocksNode dead = node;
            node = dead.crashInto(folder.resolve("node-" + ++lives));
            dead.close();
            queue = node.open(spec);
            model.flush();
            model = model.crash();
            held.clear();
            modelHeld.clear();
        }

        private void compare() throws Exception {
            Tally tally = RocksNode.await(queue.tally());
            Tally books = RocksNode.await(model.tally());
            assertThat(tally)
                    .isEqualTo(new Tally(books.entries(), books.routes(), books.exact(), tally.countedMicros()));
            assertThat(tally.routes()).allMatch(Tally.RouteTally::balanced);
            DeadLetterCursor all = new DeadLetterCursor(-1, "");
            assertThat(RocksNode.await(queue.deadLetters(all, 1_000)))
                    .isEqualTo(RocksNode.await(model.deadLetters(all, 1_000)));
            for (int route = 1; route <= 2; route++) {
                assertThat(RocksNode.await(queue.parked(route, 100)))
                        .containsExactlyInAnyOrderElementsOf(parked(route));
            }
            LogRange range = new LogRange(HandTicker.START, ticker.micros() + 1);
            assertThat(RocksNode.await(queue.read(range, "", 10_000)).items())
                    .extracting(LogEntry::receipt)
                    .isEqualTo(RocksNode.await(model.read(range, "", 10_000)).items().stream()
                            .map(LogEntry::receipt)
                            .toList());
            for (int i = 0; i < 10 && !appended.isEmpty(); i++) {
                Entry entry = appended.get(random.nextInt(appended.size()));
                EntryStatus real = RocksNode.await(queue.find(entry.id())).orElseThrow();
                EntryStatus expected = RocksNode.await(model.find(entry.id())).orElseThrow();
                assertThat(real.routes()).as(String.valueOf(real.receipt())).isEqualTo(expected.routes());
                assertThat(real.entry()).isEqualTo(entry);
            }
        }

        private List<ParkedKey> parked(int route) throws Exception {
            return RocksNode.await(model.parked(route, 100));
        }
    }
}

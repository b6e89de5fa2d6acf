package io.forelog.consume;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.config.Namespace;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.model.WalException;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.EntryStatus;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/**
 * A pump, a queue that crashes and targets that fail, in virtual time, out of one seed; held against what is promised:
 * nothing is lost, nothing comes early, order is kept per key, the books balance, memory is bounded.
 */
class PumpSimulation {
    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void keepsItsPromises(@ForAll long seed) {
        new World(seed).play();
    }

    /** Seeds that once failed. */
    @Example
    void keepsItsPromisesWhereItOnceDidNot() {
        for (long seed : new long[] {1, 2, 3, 97910, -32}) {
            new World(seed).play();
        }
    }

    /** How a target behaves for a while. */
    private enum Mood {
        WELL,
        WELL_TOO,
        DOWN,
        FLAKY,
        SILENT,
        FORBIDS,
        PICKY,
        LOSES_ANSWERS,
        NO_SLOT
    }

    private record Answer(long atMicros, int number, Runnable give) {}

    private static final class World {
        private static final int STEPS = 400;

        private final long seed;
        private final Random random;
        private final Documents document = new Documents();
        private final Namespace namespace;
        private final PumpRig rig;
        private final int routes;
        private final Map<String, Mood> moods = new HashMap<>();
        private final PriorityQueue<Answer> answers =
                new PriorityQueue<>(Comparator.comparingLong(Answer::atMicros).thenComparingInt(Answer::number));
        /** By route, in the order of their last application. */
        private final Map<Integer, Map<EntryId, Entry>> applied = new TreeMap<>();

        private final Map<EntryId, Entry> accepted = new LinkedHashMap<>();
        /** By life, route and key: the latest that arrived. */
        private final Map<String, Entry> latest = new HashMap<>();

        private int number;
        private int life;

        World(long seed) {
            this.seed = seed;
            random = new Random(seed);
            routes = 1 + random.nextInt(3);
            document.order = random.nextBoolean() ? Order.KEY : Order.NONE;
            document.maxInFlight = 4 + random.nextInt(120);
            document.maxAttempts = 2 + random.nextInt(8);
            document.jitter = random.nextBoolean();
            document.initial = Duration.ofMillis(50 + random.nextInt(2_000));
            namespace = document.of(IntStream.rangeClosed(1, routes).toArray());
            rig = PumpRig.of(namespace, 3 + random.nextInt(20), this::deliver);
            for (int route = 1; route <= routes; route++) {
                applied.put(route, new LinkedHashMap<>());
            }
        }

        void play() {
            for (int step = 0; step < STEPS; step++) {
                step();
                check();
            }
            heal();
            assertThat(promisesBroken()).as("seed %d", seed).isEmpty();
        }

        // ---- what happens

        private void step() {
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3 -> append();
                case 4 -> moods.put("t" + (1 + random.nextInt(routes)), Mood.values()[random.nextInt(9)]);
                case 5 -> rig.queue.failSettles(random.nextInt(3) == 0);
                case 6 -> crash();
                case 7 -> pauseOrResume();
                case 8 -> pass(Duration.ofMillis(random.nextInt(20_000)));
                default -> pass(Duration.ofMillis(random.nextInt(500)));
            }
        }

        private void append() {
            Entry[] some = IntStream.range(0, 1 + random.nextInt(15))
                    .mapToObj(i -> entry())
                    .toArray(Entry[]::new);
            rig.append(some);
            for (Entry entry : some) {
                accepted.put(entry.id(), entry);
            }
        }

        private Entry entry() {
            Integer[] some = IntStream.rangeClosed(1, routes)
                    .filter(route -> route == 1 || random.nextBoolean())
                    .boxed()
                    .toArray(Integer[]::new);
            Duration delay = random.nextInt(4) == 0 ? Duration.ofMillis(random.nextInt(10_000)) : Duration.ZERO;
            String key = random.nextInt(5) == 0 ? "" : "k" + random.nextInt(8);
            return rig.entries.make("p" + number++, key, delay, null, some);
        }

        private void crash() {
            life++;
            answers.clear();
            if (random.nextBoolean()) {
                rig.queue.flush();
            }
            rig.queue.failSettles(false);
            rig.crash(namespace);
        }

        private void pauseOrResume() {
            String target = random.nextInt(3) == 0 ? "*" : "t" + (1 + random.nextInt(routes));
            if (random.nextInt(3) == 0) {
                rig.flows.applyPauses(rig.flows.pausesWith(target, "by hand"), null);
            } else {
                rig.flows.applyPauses(rig.flows.pausesWithout(target), target);
            }
            rig.run();
        }

        private void pass(Duration time) {
            long end = rig.ticker.micros() + time.toMillis() * 1_000L;
            while (rig.ticker.micros() < end) {
                rig.pass(Duration.ofMillis(Math.min(20, (end - rig.ticker.micros() + 999) / 1_000L)));
                for (Answer answer = answers.peek();
                        answer != null && answer.atMicros() <= rig.ticker.micros();
                        answer = answers.peek()) {
                    answers.poll();
                    answer.give().run();
                    rig.run();
                }
            }
        }

        private void heal() {
            moods.clear();
            rig.queue.failSettles(false);
            rig.flows.applyPauses(Map.of(), "*");
            for (int i = 0; i < 200 && pending() > 0; i++) {
                pass(Duration.ofSeconds(10));
            }
        }

        private long pending() {
            return IntStream.rangeClosed(1, routes)
                    .mapToLong(route -> rig.tally(route).pending())
                    .sum();
        }

        // ---- the targets

        private Future<List<Outcome>> deliver(String target, List<Delivery> deliveries, Duration limit) {
            Mood mood = moods.getOrDefault(target, Mood.WELL);
            List<Outcome> outcomes =
                    deliveries.stream().map(delivery -> meet(mood, delivery)).toList();
            if (random.nextInt(3) == 0) {
                return end(mood, outcomes);
            }
            Promise<List<Outcome>> promise = Promise.promise();
            int of = life;
            answers.add(new Answer(rig.ticker.micros() + random.nextInt(400_000), number++, () -> {
                if (of == life) {
                    end(mood, outcomes).onComplete(promise);
                }
            }));
            return promise.future();
        }

        private Future<List<Outcome>> end(Mood mood, List<Outcome> outcomes) {
            return mood == Mood.LOSES_ANSWERS && random.nextInt(3) == 0
                    ? Future.failedFuture(new WalException(ErrorCode.UNKNOWN_DURABILITY, "no answer"))
                    : Future.succeededFuture(outcomes);
        }

        private Outcome meet(Mood mood, Delivery delivery) {
            assertThat(rig.ticker.micros())
                    .as("seed %d: never early", seed)
                    .isGreaterThanOrEqualTo(delivery.entry().dueMicros());
            arrives(delivery.route(), delivery.entry());
            return switch (mood) {
                case WELL, WELL_TOO, LOSES_ANSWERS -> apply(delivery);
                case DOWN -> PumpRig.DOWN;
                case FLAKY -> random.nextBoolean() ? PumpRig.DOWN : apply(delivery);
                case SILENT -> Outcome.deferred("open", Duration.ofMillis(random.nextInt(2_000)));
                case FORBIDS -> PumpRig.FORBIDDEN;
                case PICKY -> random.nextInt(10) == 0 ? PumpRig.BAD : apply(delivery);
                case NO_SLOT -> random.nextBoolean() ? Outcome.deferred("no slot", Duration.ZERO) : apply(delivery);
            };
        }

        /** Within one life of the process a key never goes back. */
        private void arrives(int route, Entry entry) {
            if (document.order == Order.KEY && entry.key().length() > 0) {
                String lane = life + "/" + route + "/" + entry.key();
                Entry before = latest.put(lane, entry);
                assertThat(before == null || laneOrder(before, entry) <= 0)
                        .as("seed %d: %s came before %s", seed, before, entry)
                        .isTrue();
            }
        }

        private Outcome apply(Delivery delivery) {
            Map<EntryId, Entry> entries = applied.get(delivery.route());
            entries.remove(delivery.entry().id());
            entries.put(delivery.entry().id(), delivery.entry());
            return Outcome.applied();
        }

        // ---- the promises

        private void check() {
            for (int route = 1; route <= routes; route++) {
                assertThat(rig.tally(route).balanced())
                        .as("seed %d: the books of route %d balance: %s", seed, route, rig.tally(route))
                        .isTrue();
            }
            int inFlight =
                    rig.flows.status().stream().mapToInt(PumpStatus::inFlight).sum();
            assertThat(inFlight)
                    .as("seed %d: memory is bounded", seed)
                    .isLessThanOrEqualTo(document.maxInFlight + routes);
        }

        private List<String> promisesBroken() {
            List<String> broken = new ArrayList<>();
            if (pending() > 0) {
                broken.add(pending() + " still pending: " + rig.flows.status());
            }
            Set<String> dead = rig.deadLetters().stream().map(World::obligation).collect(Collectors.toSet());
            for (Entry entry : accepted.values()) {
                for (int route : entry.routes()) {
                    if (!applied.get(route).containsKey(entry.id()) && !dead.contains(entry.id() + "/" + route)) {
                        broken.add("lost: " + entry.payload() + " on route " + route + ": " + state(entry));
                    }
                }
            }
            if (document.order == Order.KEY) {
                applied.forEach((route, entries) -> {
                    entries.keySet().removeIf(id -> dead.contains(id + "/" + route));
                    broken.addAll(inversions(route, entries));
                });
            }
            return broken;
        }

        private static String obligation(DeadLetter letter) {
            return letter.entry().id() + "/" + letter.route();
        }

        private List<EntryStatus.RouteStatus> state(Entry entry) {
            return rig.queue.find(entry.id()).result().orElseThrow().routes();
        }

        /**
         * A crash may repeat what was applied, but then all behind it too: the last word is the latest entry's. What was
         * applied and is dead by a repetition has none.
         */
        private List<String> inversions(int route, Map<EntryId, Entry> entries) {
            List<String> inversions = new ArrayList<>();
            Map<String, Entry> last = new HashMap<>();
            for (Entry entry : entries.values()) {
                String key = entry.key().toString();
                Entry before = key.isEmpty() ? null : last.put(key, entry);
                if (before != null && laneOrder(before, entry) > 0) {
                    inversions.add(
                            "route " + route + ", key " + key + ": " + before.payload() + " before " + entry.payload());
                }
            }
            return inversions;
        }

        private static int laneOrder(Entry a, Entry b) {
            int byDue = Long.compare(a.dueMicros(), b.dueMicros());
            return byDue != 0 ? byDue : a.id().compareTo(b.id());
        }
    }
}

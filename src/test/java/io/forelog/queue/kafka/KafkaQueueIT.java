package io.forelog.queue.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Durable;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.model.Ticker;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.DeadLetterCursor;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.LogEntry;
import io.forelog.queue.LogRange;
import io.forelog.queue.MediumHealth;
import io.forelog.queue.Page;
import io.forelog.queue.ParkedKey;
import io.forelog.queue.QueueMedium;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.Settlement;
import io.forelog.queue.Tally;
import io.forelog.queue.Verdict;
import io.forelog.rig.Await;
import io.forelog.rig.backend.KafkaCluster;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is Kafka's own, on a real broker. */
@Timeout(120)
class KafkaQueueIT {
    private final Ticker ticker = Ticker.anchored();
    private final Entries entries = new Entries(ticker, "any");
    private final KafkaCluster kafka = KafkaCluster.shared(1);

    @TempDir
    Path directory;

    private KafkaRig rig;

    @BeforeEach
    void startRig() {
        rig = new KafkaRig(kafka.bootstrap(), ticker, directory);
    }

    @AfterEach
    void closeRig() throws Exception {
        rig.close();
    }

    private static <T> T await(Future<T> future) throws Exception {
        return KafkaRig.await(future);
    }

    @Test
    void aSecondProcessOfTheSameNameIsATroubleThatNamesTheGroupAndGoesAway() throws Exception {
        QueueSpec spec = rig.own(spec(1));
        KafkaQueue one = rig.open(spec);
        KafkaQueue other = rig.open(spec);
        Await.until(
                "one of them says so",
                Duration.ofSeconds(40),
                () -> (one.trouble() + other.trouble()).contains(KafkaNames.group(spec.namespace(), 1)),
                () -> "'" + one.trouble() + "' '" + other.trouble() + "'");
        assertThat(one.trouble() + other.trouble()).contains(spec.namespace(), "another process", "expected: ");
    }

    private static QueueSpec spec(Integer... routes) {
        return InMemoryQueue.spec("any", routes);
    }

    private static Entry with(Entry entry, Buffer key, Buffer payload) {
        return new Entry(
                entry.id(),
                entry.namespace(),
                entry.acceptedMicros(),
                entry.dueMicros(),
                0,
                0,
                entry.routes(),
                "",
                key,
                entry.operation(),
                entry.priority(),
                Map.of(),
                Map.of(),
                payload,
                null);
    }

    @Test
    void anyBytesUpToTheLargestPayloadComeAsTheyWent() throws Exception {
        KafkaQueue queue = rig.open(rig.own(spec(1)));
        Random random = new Random(5);
        List<Entry> written = new ArrayList<>();
        for (int size : new int[] {0, 1, 255, 70_000, 1 << 20, KafkaQueueProvider.CAPABILITIES.largestEntryBytes()}) {
            byte[] payload = new byte[size];
            byte[] key = new byte[random.nextInt(40)];
            random.nextBytes(payload);
            random.nextBytes(key);
            written.add(with(entries.immediate(""), Buffer.buffer(key), Buffer.buffer(payload)));
        }
        for (Entry entry : written) {
            AppendOutcome outcome = await(queue.append(List.of(entry))).get(0);
            assertThat(outcome.durable()).as(outcome.text()).isEqualTo(Durable.TRUE);
        }
        List<Delivery> taken = new ArrayList<>();
        while (taken.size() < written.size()) {
            List<Delivery> some = await(queue.take(1, 1, 64L << 20));
            taken.addAll(some);
            await(queue.settle(some.stream()
                    .map(each -> new Settlement(each, new Verdict.Delivered(ticker.micros())))
                    .toList()));
        }
        for (int i = 0; i < written.size(); i++) {
            Entry came = taken.get(i).entry();
            assertThat(came.id()).isEqualTo(written.get(i).id());
            assertThat(came.key().equals(written.get(i).key())).as("key").isTrue();
            assertThat(came.payload().equals(written.get(i).payload()))
                    .as("payload")
                    .isTrue();
        }
    }

    @Test
    void whatNoTopicTakesIsRefusedAndInNone() throws Exception {
        KafkaQueue queue = rig.open(rig.own(spec(1)));
        Entry tooLarge = with(entries.immediate(""), Buffer.buffer(), Buffer.buffer(new byte[Sender.RECORD_BYTES_MAX]));
        AppendOutcome outcome = await(queue.append(List.of(tooLarge))).get(0);
        assertThat(outcome.durable()).isEqualTo(Durable.FALSE);
        assertThat(outcome.code()).isEqualTo(ErrorCode.PAYLOAD_TOO_LARGE);
        assertThat(kafka.records(rig.name())).isEmpty();
    }

    @Test
    void whatIsOverTheBytesOnTheirWayIsRefusedAtOnce() throws Exception {
        rig.set("in_flight_bytes", 1L << 20);
        KafkaQueue queue = rig.open(rig.own(spec(1)));
        List<Entry> many = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            many.add(with(entries.immediate(""), Buffer.buffer(), Buffer.buffer(new byte[100_000])));
        }
        List<AppendOutcome> outcomes = await(queue.append(many));
        List<AppendOutcome> refused = outcomes.stream()
                .filter(each -> each.durable() == Durable.FALSE)
                .toList();
        assertThat(refused).isNotEmpty().allMatch(each -> each.code() == ErrorCode.OVERLOADED);
        assertThat(kafka.records(rig.name())).hasSize(40 - refused.size());
    }

    @Test
    void topicsAreMadeWithTheSettingsThatThePromisesRestOn() throws Exception {
        KafkaQueue queue = rig.open(rig.own(spec(1)));
        assertThat(await(queue.grow()).partitions().keySet())
                .contains(rig.name(), rig.name() + "-ready", rig.name() + "-dlq", "forelog-" + rig.name() + "-tier-7d");
        try (Admin admin = kafka.admin()) {
            var resource = new org.apache.kafka.common.config.ConfigResource(
                    org.apache.kafka.common.config.ConfigResource.Type.TOPIC, rig.name());
            var config = admin.describeConfigs(List.of(resource))
                    .all()
                    .get(20, TimeUnit.SECONDS)
                    .get(resource);
            Topics.settings(1)
                    .forEach((key, value) ->
                            assertThat(config.get(key).value()).as(key).isEqualTo(value));
        }
    }

    @Test
    void aTopicOfOthersThatForgetsIsRefusedUnlessTheRiskIsAccepted() throws Exception {
        kafka.createTopic(rig.name(), 2, 1, Map.of("cleanup.policy", "compact", "retention.ms", "1000"));
        QueueSpec spec = rig.own(spec(1));
        QueueMedium medium = rig.medium();
        assertThatThrownBy(() -> await(medium.open(spec)))
                .hasMessageContaining("topic " + rig.name() + ": cleanup.policy is compact")
                .hasMessageContaining("accept_risk: [topic-compaction]");
        QueueSpec brave = new QueueSpec(
                spec.namespace(),
                spec.routes(),
                false,
                spec.serves(),
                spec.retention(),
                spec.deadLetterRetention(),
                spec.quotaBytes(),
                false,
                spec.config(),
                new QueueSpec.Demands(1000, Duration.ZERO, Set.of("topic-compaction", "topic-message-size")));
        KafkaQueue queue = (KafkaQueue) await(medium.open(brave));
        assertThat(await(queue.grow()).partitions())
                .containsEntry(rig.name(), 2)
                .containsEntry(rig.name() + "-ready", 2);
    }

    private KafkaQueue open(boolean ordered) throws Exception {
        QueueSpec spec = rig.own(spec(1));
        return rig.open(new QueueSpec(
                spec.namespace(),
                spec.routes(),
                ordered,
                spec.serves(),
                spec.retention(),
                spec.deadLetterRetention(),
                spec.quotaBytes(),
                false,
                spec.config()));
    }

    private Map<String, Integer> partitionsOfKeys() {
        Map<String, Integer> where = new HashMap<>();
        kafka.records(rig.name()).forEach(record -> {
            Integer before = where.put(new String(record.key(), UTF_8), record.partition());
            assertThat(before).isIn(null, record.partition());
        });
        return where;
    }

    private void appendKeys(KafkaQueue queue) throws Exception {
        List<Entry> keyed = new ArrayList<>();
        for (int key = 0; key < 60; key++) {
            keyed.add(with(entries.immediate(""), Buffer.buffer("k" + key), Buffer.buffer("x")));
        }
        assertThat(await(queue.append(keyed))).allMatch(each -> each.durable() == Durable.TRUE);
    }

    @Test
    void withOrderAKeyStaysInItsPartitionWhateverIsAddedAlsoForNodesThatBeginLater() throws Exception {
        rig.set("partitions", 2);
        KafkaQueue before = open(true);
        appendKeys(before);
        Map<String, Integer> first = partitionsOfKeys();
        kafka.addPartitions(rig.name(), 5);
        Appends.Layout layout = await(before.grow());
        assertThat(layout.partitions())
                .as("all are read, and have where to park")
                .containsEntry(rig.name(), 5)
                .containsEntry(rig.name() + "-park-1", 5);
        appendKeys(before);
        appendKeys(rig.crashAndReopen(before));
        assertThat(partitionsOfKeys()).isEqualTo(first);
        assertThat(first.values()).containsOnly(0, 1);
    }

    @Test
    void whatIsParkedIsDeliveredAlsoWhereOrderIsNoLongerWanted() throws Exception {
        KafkaQueue queue = open(true);
        await(queue.append(List.of(entries.keyed("k", "1"), entries.keyed("k", "2"), entries.keyed("other", "3"))));
        List<Delivery> taken = new ArrayList<>();
        while (taken.size() < 3) {
            taken.addAll(await(queue.take(1, 3, 1 << 20)));
        }
        await(queue.settle(taken.stream()
                .map(each -> new Settlement(
                        each,
                        each.entry().key().toString().equals("k")
                                ? new Verdict.Park(0, null)
                                : new Verdict.Delivered(ticker.micros())))
                .toList()));
        await(queue.close());
        queue = open(false);
        assertThat(await(queue.parked(1, 9))).extracting(ParkedKey::key).containsExactly(Buffer.buffer("k"));
        assertThat(await(queue.tally()).routes().get(0).pending()).isEqualTo(2);
        List<Delivery> parked = await(queue.takeParked(1, Buffer.buffer("k"), 9));
        assertThat(parked).extracting(each -> each.entry().payload().toString()).containsExactly("1", "2");
        await(queue.settle(parked.stream()
                .map(each -> new Settlement(each, new Verdict.Delivered(ticker.micros())))
                .toList()));
        Tally.RouteTally books = await(queue.tally()).routes().get(0);
        assertThat(books.delivered()).isEqualTo(3);
        assertThat(books.pending()).isZero();
    }

    @Test
    void withoutOrderPartitionsThatWereAddedAreWrittenTo() throws Exception {
        rig.set("partitions", 2);
        KafkaQueue queue = open(false);
        kafka.addPartitions(rig.name(), 5);
        assertThat(await(queue.grow()).partitions())
                .containsEntry(rig.name(), 5)
                .containsEntry(rig.name() + "-ready", 5);
        appendKeys(rig.crashAndReopen(queue));
        assertThat(partitionsOfKeys().values()).contains(0, 1, 2, 3, 4);
    }

    /** A member that comes back by its name within the time of its session is given what it had, and no more. */
    @Test
    void whatIsAddedBetweenAKillAndTheNextStartIsReadFromToo() throws Exception {
        KafkaQueue queue = rig.open(rig.own(spec(1)));
        append(queue);
        settleAll(queue, 1, new Verdict.Delivered(ticker.micros()));
        rig.crash(queue);
        kafka.addPartitions(rig.name(), 3);
        String more = rig.name() + "-more";
        KafkaQueue again = rig.open(rig.with(spec(1), Map.of("wal-kafka-topics", List.of(rig.name(), more))));
        for (int i = 0; i < 40; i++) {
            await(again.append(List.of(entries.keyed("key-" + i, "p"))));
        }
        assertThat(kafka.records(more)).isNotEmpty();
        assertThat(kafka.records(rig.name()))
                .extracting(ConsumerRecord::partition)
                .contains(0, 1, 2);
        settleAll(again, 40, new Verdict.Delivered(ticker.micros()));
    }

    @Test
    void aClusterThatIsAwayLeavesTheNamespaceThereAndItsWritesFalse() throws Exception {
        KafkaRig away = new KafkaRig("127.0.0.1:1", ticker, directory);
        try {
            QueueMedium medium = away.medium();
            KafkaQueue queue = (KafkaQueue) await(medium.open(away.own(spec(1))));
            AppendOutcome outcome =
                    await(queue.append(List.of(entries.immediate("a")))).get(0);
            assertThat(outcome.durable()).isEqualTo(Durable.FALSE);
            assertThat(outcome.code()).isEqualTo(ErrorCode.UNAVAILABLE);
            assertThat(medium.health()).extracting(MediumHealth::state).containsExactly(MediumHealth.State.RECOVERING);
            Future<List<Delivery>> waits = queue.take(1, 1, 1);
            assertThat(waits.isComplete()).isFalse();
            await(queue.close());
            assertThat(await(waits)).isEmpty();
        } finally {
            away.close();
        }
    }

    @Test
    void removingANamespaceTakesTheTopicsThatForelogMadeAndNoOthers() throws Exception {
        kafka.createTopic(rig.name(), 1, 1, Topics.settings(1));
        QueueMedium medium = rig.medium();
        await(medium.open(rig.own(spec(1))));
        await(medium.remove(rig.name()));
        try (Admin admin = kafka.admin()) { // a broker may list for a moment what the controller has deleted
            Set<String> names = new HashSet<>();
            Await.until(
                    "what Forelog made is gone",
                    Duration.ofSeconds(20),
                    () -> {
                        names.clear();
                        names.addAll(Await.result(Future.fromCompletionStage(
                                admin.listTopics().names().toCompletionStage())));
                        return !names.contains(rig.name() + "-ready") && !names.contains(rig.name() + "-dlq");
                    },
                    names::toString);
            assertThat(names).contains(rig.name());
        }
    }

    @Test
    void manyScatteredDeadLettersAreRedrivenAndPurgedAndTheBooksBalance() throws Exception {
        int count = 3_000;
        KafkaQueue queue = rig.open(rig.own(spec(1)));
        for (int i = 0; i < count; i += 500) {
            List<Entry> group = new ArrayList<>();
            for (int j = 0; j < 500; j++) {
                group.add(entries.immediate("p" + (i + j)));
            }
            await(queue.append(group));
        }
        for (int dead = 0; dead < count; ) {
            List<Delivery> taken = await(queue.take(1, 500, 64L << 20));
            Verdict verdict = new Verdict.Dead(new Failure(ticker.micros(), ErrorCode.TARGET_REJECTED, "no"));
            await(queue.settle(
                    taken.stream().map(each -> new Settlement(each, verdict)).toList()));
            dead += taken.size();
        }
        List<String> ids = new ArrayList<>();
        DeadLetterCursor cursor = new DeadLetterCursor(-1, "");
        do {
            Page<DeadLetter> page = await(queue.deadLetters(cursor, 400));
            page.items().forEach(letter -> ids.add(letter.id()));
            cursor = new DeadLetterCursor(-1, page.cursor());
        } while (!cursor.afterId().isEmpty());
        assertThat(ids).hasSize(count).isSorted().doesNotHaveDuplicates();
        List<String> odd = new ArrayList<>();
        for (int i = 1; i < count; i += 2) {
            odd.add(ids.get(i));
        }
        assertThat(await(queue.purge(odd.subList(0, 1_000)))).isEqualTo(1_000);
        assertThat(await(queue.redrive(odd.subList(1_000, 1_010)))).isEqualTo(10);
        Tally.RouteTally books = await(queue.tally()).routes().get(0);
        assertThat(books.balanced()).as(books.toString()).isTrue();
        assertThat(books.purged()).isEqualTo(1_000);
        assertThat(books.dead()).isEqualTo(count - 10);
        assertThat(books.pending()).isEqualTo(10);
        assertThat(books.deadStored()).isEqualTo(count - 1_010);
    }

    /** 200 of the largest would be gigabytes. */
    @Test
    void whatIsListedRedrivenAndReplayedAtOnceIsBoundedInBytes() throws Exception {
        KafkaQueue queue = rig.open(rig.own(spec(1)));
        int size = 6 << 20;
        long before = ticker.micros();
        for (int i = 0; i < 5; i++) {
            await(queue.append(List.of(with(entries.immediate(""), Buffer.buffer(), Buffer.buffer(new byte[size])))));
        }
        settleAll(queue, 5, new Verdict.Dead(new Failure(ticker.micros(), ErrorCode.TARGET_REJECTED, "no")));
        List<String> ids = new ArrayList<>();
        DeadLetterCursor cursor = new DeadLetterCursor(-1, "");
        do {
            Page<DeadLetter> page = await(queue.deadLetters(cursor, 200));
            assertThat(page.items()).hasSizeBetween(1, 3);
            page.items().forEach(letter -> ids.add(letter.id()));
            cursor = new DeadLetterCursor(-1, page.cursor());
        } while (!cursor.afterId().isEmpty());
        assertThat(ids).hasSize(5).isSorted().doesNotHaveDuplicates();
        Set<String> read = new HashSet<>();
        String next = "";
        do {
            Page<LogEntry> page = await(queue.read(new LogRange(before, ticker.micros() + 1), next, 200));
            assertThat(page.items()).hasSizeLessThanOrEqualTo(3);
            page.items().forEach(each -> read.add(each.entry().id().toString()));
            next = page.cursor();
        } while (!next.isEmpty());
        assertThat(read).hasSize(5);
        assertThat(await(queue.redrive(ids))).isEqualTo(5);
        settleAll(queue, 5, new Verdict.Delivered(ticker.micros()));
        assertThat(await(queue.deadLetters(new DeadLetterCursor(-1, ""), 5)).items())
                .isEmpty();
    }

    private AppendOutcome append(KafkaQueue queue) throws Exception {
        return await(queue.append(List.of(entries.immediate("k")))).get(0);
    }

    private void settleAll(KafkaQueue queue, int count, Verdict verdict) throws Exception {
        for (int left = count; left > 0; ) {
            List<Delivery> taken = await(queue.take(1, left, 64L << 20));
            await(queue.settle(
                    taken.stream().map(each -> new Settlement(each, verdict)).toList()));
            left -= taken.size();
        }
        await(queue.commit());
    }

    /** How many records of a topic are there still. */
    private long left(String topic) throws Exception {
        try (Admin admin = kafka.admin()) {
            long left = 0;
            for (var end : List.of(OffsetSpec.latest(), OffsetSpec.earliest())) {
                Map<TopicPartition, OffsetSpec> asked = Map.of(new TopicPartition(topic, 0), end);
                long offset = admin.listOffsets(asked)
                        .all()
                        .get(20, TimeUnit.SECONDS)
                        .get(new TopicPartition(topic, 0))
                        .offset();
                left = left == 0 ? offset : left - offset;
            }
            return left;
        }
    }

    private QueueSpec forgetful(QueueSpec spec, String namespace) {
        return new QueueSpec(
                namespace,
                spec.routes(),
                spec.ordered(),
                spec.serves(),
                Duration.ZERO,
                spec.deadLetterRetention(),
                spec.quotaBytes(),
                spec.ownDatabase(),
                spec.config(),
                spec.demands());
    }

    @Test
    void aProducerThatIsBrokenIsReplacedAndWhatItRefusedIsFalseAndInNoTopic() throws Exception {
        KafkaQueue queue = rig.open(rig.own(spec(1)));
        assertThat(append(queue).durable()).isEqualTo(Durable.TRUE);
        queue.cluster().sender().close();
        AppendOutcome refused = append(queue);
        assertThat(refused.durable()).isEqualTo(Durable.FALSE);
        assertThat(refused.code()).isEqualTo(ErrorCode.UNAVAILABLE);
        await(queue.cluster().probe());
        assertThat(append(queue).durable()).isEqualTo(Durable.TRUE);
        assertThat(kafka.records(rig.name())).hasSize(2);
    }

    @Test
    void whatIsSettledAndNotRetainedIsFreedInEveryTopicAndNothingElse() throws Exception {
        KafkaQueue queue = rig.open(forgetful(rig.own(spec(1)), rig.name()));
        for (int i = 0; i < 20; i++) {
            append(queue);
            await(queue.append(List.of(entries.delayed("k", Duration.ofMillis(1_100)))));
        }
        settleAll(queue, 38, new Verdict.Delivered(ticker.micros()));
        settleAll(queue, 1, new Verdict.Dead(new Failure(ticker.micros(), ErrorCode.TARGET_REJECTED, "no")));
        String tier = "forelog-" + rig.name() + "-tier-1s";
        assertThat(left(rig.name())).isGreaterThanOrEqualTo(20);
        await(queue.free());
        // Transactions leave marks of their own: one that is behind the last record stays.
        assertThat(left(rig.name())).isLessThanOrEqualTo(1);
        assertThat(left(tier)).isLessThanOrEqualTo(1);
        assertThat(left(rig.name() + "-ready")).isBetween(1L, 3L);
        assertThat(left(rig.name() + "-dlq")).isPositive();

        DeadLetter letter = await(queue.deadLetters(new DeadLetterCursor(-1, ""), 10))
                .items()
                .get(0);
        assertThat(await(queue.purge(List.of(letter.id())))).isEqualTo(1);
        await(queue.free());
        assertThat(left(rig.name() + "-dlq")).isLessThanOrEqualTo(1);
        KafkaQueue again = rig.crashAndReopen(queue);
        settleAll(again, 1, new Verdict.Delivered(ticker.micros()));
        Tally.RouteTally books = await(again.tally()).routes().get(0);
        assertThat(books.balanced()).as(books.toString()).isTrue();
        assertThat(books.accepted()).isEqualTo(40);
        assertThat(books.lost()).isZero();
        assertThat(books.delivered()).isEqualTo(39);
    }

    @Test
    void whatTwoNamespacesShareIsFreedAndDeletedByNeither() throws Exception {
        QueueMedium medium = rig.medium();
        KafkaQueue one = (KafkaQueue) await(medium.open(forgetful(rig.own(spec(1)), rig.name())));
        KafkaQueue other = (KafkaQueue) await(medium.open(forgetful(rig.own(spec(1)), rig.name() + "-b")));
        Entries others = new Entries(ticker, rig.name() + "-b");
        for (int i = 0; i < 5; i++) {
            append(one);
            await(other.append(List.of(others.immediate("k"))));
        }
        settleAll(one, 5, new Verdict.Delivered(ticker.micros()));
        await(one.free());
        assertThat(left(rig.name())).isEqualTo(10);
        settleAll(other, 5, new Verdict.Delivered(ticker.micros()));
        await(medium.remove(rig.name() + "-b"));
        assertThat(left(rig.name())).isEqualTo(10);
        append(one);
        await(one.free());
        assertThat(left(rig.name())).isEqualTo(1);
    }

    @Test
    void whatBecomesDueWhileNobodyRunsIsDeliveredAtTheNextStartAndNothingEarly() throws Exception {
        HandTicker clock = new HandTicker();
        KafkaRig later = new KafkaRig(kafka.bootstrap(), clock, directory);
        try {
            KafkaQueue queue = later.open(later.own(spec(1)));
            Entries made = new Entries(clock, later.name());
            Map<String, Long> due = new HashMap<>();
            Random random = new Random(7);
            List<Duration> delays = new ArrayList<>();
            for (int i = 0; i < 40; i++) { // of all tiers alike, and some that are almost due at the first start
                double share = random.nextDouble();
                delays.add(Duration.ofMillis((long) (2_000 * Math.exp(share * Math.log(8 * 86_400_000L / 2_000)))));
                delays.add(Duration.ofHours(3).plusMillis(1 + i * 60_000L));
            }
            for (Duration delay : delays) {
                Entry entry = made.delayed("p", delay);
                due.put(entry.id().toString(), entry.dueMicros());
                assertThat(await(queue.append(List.of(entry))).get(0).durable()).isEqualTo(Durable.TRUE);
            }
            for (Duration away : List.of(Duration.ofHours(3), Duration.ofDays(9))) {
                later.crash(queue);
                clock.turn(away);
                queue = later.open(queue.spec());
                long over = due.values().stream()
                        .filter(micros -> micros <= clock.micros())
                        .count();
                for (long left = over; left > 0; ) {
                    List<Delivery> taken = await(queue.take(1, 100, 64L << 20));
                    for (Delivery each : taken) {
                        assertThat(due.remove(each.entry().id().toString()))
                                .as("once, and when it was due")
                                .isNotNull()
                                .isLessThanOrEqualTo(clock.micros());
                    }
                    await(queue.settle(taken.stream()
                            .map(each -> new Settlement(each, new Verdict.Delivered(clock.micros())))
                            .toList()));
                    left -= taken.size();
                }
                Future<List<Delivery>> early = queue.take(1, 1, 1 << 20);
                Await.pause(Duration.ofMillis(500));
                assertThat(early.isComplete()).as("nothing more yet").isFalse();
            }
            assertThat(due).isEmpty();
            Tally.RouteTally books = await(queue.tally()).routes().get(0);
            assertThat(books.balanced()).as(books.toString()).isTrue();
            assertThat(books.delivered()).isEqualTo(80);
        } finally {
            later.close();
        }
    }

    /** Two of their readers with one name in a group would put each other out, again and again. */
    @Test
    void delaysAreKeptWhereTwoNamesMeanTheSameCluster() throws Exception {
        QueueMedium medium = rig.medium();
        List<KafkaQueue> queues = new ArrayList<>();
        for (String cluster : List.of("test", KafkaRig.ALIAS)) {
            String namespace = rig.name() + "-" + cluster;
            queues.add((KafkaQueue) await(medium.open(
                    rig.with(namespace, cluster, spec(1), Map.of("wal-kafka-topics", List.of(namespace))))));
        }
        Set<String> members = new HashSet<>();
        for (int round = 0; round < 2; round++) {
            for (KafkaQueue queue : queues) {
                Entry entry = new Entries(ticker, queue.spec().namespace()).delayed("k", Duration.ofMillis(1_100));
                await(queue.append(List.of(entry)));
                Delivery taken = await(queue.take(1, 1, 1 << 20)).get(0);
                long late = ticker.micros() - entry.dueMicros();
                assertThat(taken.entry().id()).isEqualTo(entry.id());
                assertThat(late).as("round " + round).isBetween(0L, 3_000_000L);
                await(queue.settle(List.of(new Settlement(taken, new Verdict.Delivered(ticker.micros())))));
                members.addAll(kafka.members("forelog." + rig.name() + ".tiers"));
            }
        }
        assertThat(members).hasSize(1);
    }

    /** As where another node, which was done with a queue that has been replaced, has deleted them. */
    @Test
    void aQueueWhoseTopicsAreGoneIsEmpty() throws Exception {
        KafkaQueue queue = rig.open(rig.own(spec(1)));
        await(queue.append(List.of(entries.immediate("p"))));
        assertThat(await(queue.tally()).routes().get(0).pending()).isEqualTo(1);
        try (Admin admin = kafka.admin()) {
            admin.deleteTopics(List.of(rig.name(), rig.name() + "-ready", rig.name() + "-dlq"))
                    .all()
                    .get(20, TimeUnit.SECONDS);
        }
        Await.until("it is counted", Duration.ofSeconds(90), () -> {
            Future<Tally> counted = queue.tally();
            Tally.RouteTally route =
                    Await.result(counted.map(tally -> tally.routes().get(0)).otherwiseEmpty());
            return route != null && route.pending() == 0 && route.deadStored() == 0;
        });
    }
}

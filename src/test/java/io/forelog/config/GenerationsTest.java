package io.forelog.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.forelog.config.Adapters.QueueType;
import io.forelog.config.Namespace.State;
import io.forelog.model.ConfigSchema;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GenerationsTest {
    private static final Since EVER = Since.ever(NamespaceDocument.Order.NONE);

    private static final QueueType ANY = new QueueType(ConfigSchema.EMPTY, Duration.ofDays(3650), true, true, 16 << 20);
    private final DocumentParser parser = new DocumentParser(
            new Adapters(Map.of("EMBEDDED", ANY, "KAFKA", ANY, "SQS", ANY), Map.of("log", ConfigSchema.EMPTY)),
            Map.of());
    private AppliedRecord record;

    private static String queue(String type, String config) {
        return "{physical_storage: {type: " + type + "}, config: {" + config + "}}";
    }

    private NamespaceDocument document(String queues, String... more) {
        String yaml = "targets: [{name: x, type: log}]\n" + "persistence_configurations: {persistence_configuration: ["
                + queues + "]}\n" + String.join("\n", more);
        DocumentParser.Parsed parsed = parser.parse("ns", DocumentText.parse(yaml));
        assertThat(parsed.problems()).isEmpty();
        return parsed.document();
    }

    /** Applies it at second {@code at}, and reads the record back as a restart does. */
    private Generations.Numbered apply(long at, String queues, String... more) {
        Generations.Numbered numbered = Generations.number(document(queues, more), record, at);
        if (numbered.problem().isEmpty()) {
            AppliedRecord kept =
                    new AppliedRecord("ns", 1, State.ACTIVE, Map.of(), Map.of(), 1, numbered.queues(), EVER);
            record = AppliedRecord.fromJson(kept.toJson(), "file");
            assertThat(record.queues()).isEqualTo(numbered.queues());
        }
        return numbered;
    }

    private static void assertQueues(Generations.Numbered numbered, org.assertj.core.groups.Tuple... expected) {
        assertThat(numbered.problem()).isEmpty();
        assertThat(numbered.queues())
                .extracting(
                        QueueGeneration::id,
                        each -> each.queue().type(),
                        QueueGeneration::draining,
                        QueueGeneration::sinceMicros)
                .containsExactly(expected);
    }

    @Test
    void aTopicThatIsNamedAsTheNamespaceIsTheOneThatANamelessQueueHas() {
        assertQueues(apply(5, queue("KAFKA", "")), tuple(1, "KAFKA", false, 0L));
        assertQueues(apply(7, queue("KAFKA", "wal-kafka-topics: [ns]")), tuple(1, "KAFKA", false, 0L));
        assertQueues(apply(8, queue("KAFKA", "wal-kafka-topics: [ns, more]")), tuple(1, "KAFKA", false, 0L));
        assertThat(apply(9, queue("KAFKA", "wal-kafka-topics: [more]")).problem())
                .isNotEmpty();
    }

    @Test
    void anotherTypeIsANewQueueAndTheOldOneDrains() {
        assertQueues(apply(5, queue("EMBEDDED", "")), tuple(1, "EMBEDDED", false, 0L));
        assertQueues(
                apply(7, queue("KAFKA", "wal-kafka-topics: [a]")),
                tuple(1, "EMBEDDED", true, 7L),
                tuple(2, "KAFKA", false, 0L));
        assertQueues(
                apply(9, queue("KAFKA", "wal-kafka-topics: [a], context: other")),
                tuple(1, "EMBEDDED", true, 7L),
                tuple(2, "KAFKA", false, 0L));
    }

    @Test
    void aQueueThatComesBackIsTheOneThatDrained() {
        apply(1, queue("EMBEDDED", ""));
        apply(2, queue("SQS", "wal-queue: [q]"));
        assertQueues(apply(3, queue("EMBEDDED", "")), tuple(1, "EMBEDDED", false, 0L), tuple(2, "SQS", true, 3L));
    }

    @Test
    void aQueueAddedBesideAnotherLeavesItWhatItIs() {
        apply(1, queue("KAFKA", "wal-kafka-topics: [a]"));
        String kafka = "{physical_storage: {type: KAFKA}, serves: [immediate], config: {wal-kafka-topics: [a]}}";
        String sqs = "{physical_storage: {type: SQS}, serves: [delayed, retry], config: {wal-queue: [q]}}";
        assertQueues(apply(2, kafka + ", " + sqs), tuple(1, "KAFKA", false, 0L), tuple(2, "SQS", false, 0L));
        assertThat(record.queues().get(0).queue().serves()).containsExactly("immediate");
    }

    @Test
    void moreTopicsAreTheSameQueueAndOthersAreRefusedWhileTheOldOnesAreThere() {
        apply(1, queue("KAFKA", "wal-kafka-topics: [a, b]"));
        assertQueues(apply(2, queue("KAFKA", "wal-kafka-topics: [a, b, c]")), tuple(1, "KAFKA", false, 0L));
        assertThat(apply(3, queue("KAFKA", "wal-kafka-topics: [c, d]")).problem())
                .isEqualTo(
                        "persistence_configurations: another queue of type KAFKA beside queue 1 (KAFKA), which has to be"
                                + " drained (expected: another type; or the queue of before, with more topics (Kafka)"
                                + " or queues (SQS) where there is no order: key)");
        assertThat(apply(3, queue("KAFKA", "wal-kafka-topics: [a, b, c, d]"), "delivery: {order: key}")
                        .problem())
                .contains("another queue of type KAFKA");
        apply(4, queue("EMBEDDED", ""));
        assertThat(apply(5, queue("KAFKA", "wal-kafka-topics: [e]")).problem()).contains("which has to be drained");
        assertQueues(
                apply(6, queue("KAFKA", "wal-kafka-topics: [a, b, c]")),
                tuple(1, "KAFKA", false, 0L),
                tuple(2, "EMBEDDED", true, 6L));
    }

    @Test
    void withOrderAQueueThatStillDrainsIsNotTakenBack() {
        String ordered = "delivery: {order: key}";
        apply(1, queue("EMBEDDED", ""), ordered);
        apply(2, queue("SQS", "wal-queue: [q.fifo]"), ordered);
        assertThat(apply(3, queue("EMBEDDED", ""), ordered).problem())
                .isEqualTo("persistence_configurations: queue 1 (EMBEDDED) is still being drained"
                        + " (expected: with order: key, to wait until it is gone)");
    }

    @Test
    void whatAnOlderVersionAppliedIsOneEmbeddedQueue() {
        record = new AppliedRecord("ns", 1, State.ACTIVE, Map.of(), Map.of(), 1, List.of(), EVER);
        assertQueues(
                apply(2, queue("SQS", "wal-queue: [q]")), tuple(1, "EMBEDDED", true, 2L), tuple(2, "SQS", false, 0L));
        record = new AppliedRecord("ns", 1, State.RETIRED, Map.of(), Map.of(), 1, List.of(), EVER);
        assertQueues(apply(2, queue("SQS", "wal-queue: [q]")), tuple(1, "SQS", false, 0L));
    }
}

package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.queue.HandTicker;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class ClusterClockTest {
    private static final long SECOND = 1_000_000L;

    private final HandTicker ticker = new HandTicker();
    private final ClusterClock clock = new ClusterClock("c", "clock", ticker);

    /** Asked now; the brokers answer after 20 ms, in the middle of which it was {@code offsetMicros} less by their clock. */
    private void answered(long offsetMicros) {
        long sent = ticker.micros();
        ticker.turn(Duration.ofMillis(20));
        clock.answered(sent, (sent + 10_000 - offsetMicros) / 1_000);
    }

    /** What others are told by what is tried again. */
    private long told() {
        RecordHeaders headers = new RecordHeaders();
        Tiers.wait(headers, tier -> "tier", "ready", 1, 2, "n", clock);
        return KafkaRecords.number(headers, Tiers.CLOCK, 0);
    }

    @Test
    void untilTheBrokersHaveAnsweredNothingIsKnown() {
        assertThat(clock.mostMicros()).isEqualTo(ClusterClock.UNKNOWN);
        assertThat(told()).isZero();
        assertThat(clock.seconds()).isNaN();
    }

    @Test
    void theOffsetLiesBetweenWhatIsKnown() {
        for (long offset : new long[] {-5 * SECOND, -200_000, -1_000, 0, 1_000, 200_000, 5 * SECOND}) {
            answered(offset);
            assertThat(clock.mostMicros()).isBetween(offset, offset + 12_000);
            assertThat(clock.seconds()).isBetween(offset / 1e6 - 0.012, offset / 1e6 + 0.012);
        }
    }

    @Test
    void othersAreToldWhereItIsMoreThanHalfTheGuard() {
        answered(100_000);
        assertThat(told()).isZero();
        answered(5 * SECOND);
        assertThat(told()).isBetween(5 * SECOND - 12_000, 5 * SECOND);
        answered(-200_000);
        assertThat(told()).isBetween(-212_000L, -200_000L);
        answered(0);
        assertThat(told()).isZero();
    }

    @Test
    void aSlowAnswerSaysNothing() {
        long sent = ticker.micros();
        ticker.turn(Duration.ofSeconds(3));
        clock.answered(sent, sent / 1_000);

        assertThat(clock.mostMicros()).isEqualTo(ClusterClock.UNKNOWN);
    }

    @Test
    void aTopicWithTheTimeOfTheSendersCannotTell() {
        clock.answered(ticker.micros(), 1);
        assertThat(clock.mostMicros()).isEqualTo(ClusterClock.UNTOLD_MICROS);

        answered(5 * SECOND);
        assertThat(clock.mostMicros()).as("once it can").isGreaterThan(4 * SECOND);
    }

    @Test
    void aTopicThatIsNotThereIsNotAskedFor() {
        Node node = new Node(1, "h", 1);
        MockProducer<byte[], byte[]> producer = new MockProducer<>(
                new Cluster(
                        "c",
                        List.of(node),
                        List.of(new PartitionInfo("clock", 0, node, new Node[] {node}, new Node[] {node})),
                        Set.of(),
                        Set.of()),
                true,
                null,
                new ByteArraySerializer(),
                new ByteArraySerializer());
        Sender sender = new Sender(1 << 20, () -> producer);
        clock.ask(sender);
        assertThat(producer.history()).isEmpty();

        clock.found();
        clock.ask(sender);
        assertThat(producer.history()).extracting(ProducerRecord::topic).containsExactly("clock");
    }
}

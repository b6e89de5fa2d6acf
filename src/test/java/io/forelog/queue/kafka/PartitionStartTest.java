package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.queue.HandTicker;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** How a successor begins; with brokers: {@link KafkaConsumptionIT}. */
class PartitionStartTest {
    private final Holding holding =
            new Holding(new TopicPartition("t", 0), "t", false, new OffsetWindow(7), new Books());

    @Test
    void onlyADeadOwnersPartitionThatIsNotSettledToItsEndIsWaitedFor() {
        OffsetAndMetadata dead = holding.committable(1);
        assertThat(PartitionStart.leftSomething(dead, 9, 2)).isTrue();
        assertThat(PartitionStart.leftSomething(dead, 7, 2))
                .as("all is settled")
                .isFalse();
        assertThat(PartitionStart.leftSomething(dead, 9, 1))
                .as("it was this node")
                .isFalse();
        assertThat(PartitionStart.leftSomething(holding.committable(1, true), 9, 2))
                .isFalse();
        assertThat(PartitionStart.leftSomething(null, 9, 2)).isFalse();
    }

    @Test
    void itIsWaitedAsLongAsTheTargetMayTakeAndASecond() {
        ReaderSettings settings = ReaderSettings.of(Map.of(), "n", ConsumptionRig.agreeing(new HandTicker()));
        assertThat(settings.orderedWait(Duration.ofSeconds(40))).isEqualTo(Duration.ofSeconds(41));
        assertThat(settings.orderedWait(null)).isEqualTo(settings.orderedWait());
    }
}

package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** What is counted, on a broker: {@link KafkaQueueIT}. */
class CensusTest {
    @Test
    void whatWasLostInTheTiersIsTold() {
        TierPartition one = new TierPartition(new TopicPartition("tier", 0), new OffsetWindow(4), new Books());
        TierPartition two = new TierPartition(new TopicPartition("tier", 1), new OffsetWindow(9), new Books());
        one.books.add(Books.Count.LOST, 3);
        two.books.add(Books.Count.LOST, 2);
        assertThat(Census.lost(Map.of(one.partition, one.committable(1), two.partition, two.committable(1))))
                .isEqualTo(5);
    }
}

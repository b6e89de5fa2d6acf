package io.forelog.queue.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.queue.HandTicker;
import io.forelog.rig.Await;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

/** What leaves a tier; with brokers: {@link TierPumpIT}. */
class TierPumpTest {
    private final ConsumerRecord<byte[], byte[]> waiting =
            new ConsumerRecord<>("tier", 0, 7, "key".getBytes(UTF_8), "value".getBytes(UTF_8));

    TierPumpTest() {
        waiting.headers()
                .add(KafkaRecords.TO, "orders-ready".getBytes(UTF_8))
                .add(KafkaRecords.DUE, "9000000".getBytes(UTF_8))
                .add(KafkaRecords.HOP, "5000000".getBytes(UTF_8))
                .add(Tiers.NODE, "n1".getBytes(UTF_8));
    }

    private List<Header> headers() {
        return Arrays.asList(waiting.headers().toArray());
    }

    @Test
    void aReleaseThatIsAbortedCanBeMadeAgain() {
        List<Header> before = headers();
        for (int again = 0; again < 2; again++) {
            ProducerRecord<byte[], byte[]> copy =
                    TierPump.released(waiting, KafkaRecords.text(waiting.headers(), KafkaRecords.TO));
            assertThat(copy.topic()).isEqualTo("orders-ready");
            assertThat(copy.headers()).extracting(Header::key).containsExactly(KafkaRecords.DUE);
            assertThat(headers()).isEqualTo(before);
        }
    }

    @Test
    void aHopThatIsAbortedCanBeMadeAgain() {
        List<Header> before = headers();
        TierPlan.Hop hop = TierPlan.next(1, 3_000_000);
        ProducerRecord<byte[], byte[]> copy = TierPump.hop(waiting, hop, tier -> "t-" + tier.label);
        assertThat(copy.topic()).isEqualTo("t-" + hop.tier().label);
        assertThat(KafkaRecords.number(copy.headers(), KafkaRecords.HOP, 0)).isEqualTo(hop.atMicros());
        assertThat(KafkaRecords.text(copy.headers(), KafkaRecords.TO)).isEqualTo("orders-ready");
        assertThat(headers()).isEqualTo(before);
    }

    private static ConsumerRecord<byte[], byte[]> inTier(long offset, String to, String due, String hop) {
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>("tier-1s", 0, offset, null, null);
        record.headers()
                .add(KafkaRecords.TO, to == null ? null : to.getBytes(UTF_8))
                .add(KafkaRecords.DUE, due.getBytes(UTF_8))
                .add(KafkaRecords.HOP, hop.getBytes(UTF_8));
        return record;
    }

    @Test
    void whatOthersWroteIntoATierStopsNothing() {
        TopicPartition tier = new TopicPartition("tier-1s", 0);
        MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("none");
        consumer.updateBeginningOffsets(Map.of(tier, 0L));
        consumer.updatePartitions(
                "orders-ready", List.of(new PartitionInfo("orders-ready", 0, Node.noNode(), new Node[0], new Node[0])));
        consumer.schedulePollTask(() -> {
            consumer.rebalance(List.of(tier));
            consumer.addRecord(inTier(0, null, "1", "1"));
            consumer.addRecord(inTier(1, "", "1", "1"));
            consumer.addRecord(inTier(2, "no topic!", "1", "1"));
            consumer.addRecord(new ConsumerRecord<>("tier-1s", 0, 3, null, null));
            consumer.addRecord(inTier(4, "orders-ready", "abc", "xyz"));
            consumer.addRecord(inTier(5, "orders-ready", "1", "1"));
        });
        MockProducer<byte[], byte[]> producer =
                new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
        TierPump pump = new TierPump(
                "s",
                each -> "tier-" + each.label,
                ReaderSettings.of(Map.of(), "n1", ConsumptionRig.agreeing(new HandTicker())),
                new HandTicker(),
                ConsumptionRig.CALM,
                () -> consumer,
                new Transactor("tiers", () -> producer));
        pump.start();
        try {
            Await.until(
                    "what is Forelog's is released",
                    Duration.ofSeconds(20),
                    () -> producer.history().size() == 2);
        } finally {
            pump.stop();
        }
        Await.until("it ends", Duration.ofSeconds(20), pump::stopped);
    }
}

package io.forelog.queue.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
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
}

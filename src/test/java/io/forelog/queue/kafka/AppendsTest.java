package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Entry;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.forelog.queue.Transfer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

/** Where the producing side sends what. */
class AppendsTest {
    private final HandTicker ticker = new HandTicker();
    private final Entries entries = new Entries(ticker, "n");
    private final MockProducer<byte[], byte[]> producer =
            new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());

    private final ClusterClock clock = new ClusterClock("c", "clock", ticker);

    /** With order the main topic has grown since: keys are spread over as many partitions as the ready topic has. */
    private Appends appends(boolean lanes) {
        TopicPlan plan = new TopicPlan("n", "s", List.of("t"), List.of("t-dlq"), List.of(1), lanes);
        Map<String, Integer> partitions = new HashMap<>(Map.of("t", 7, "t-ready", 4));
        plan.tiers().forEach(tier -> partitions.put(tier, 3));
        Map<String, Integer> keyed = new HashMap<>(partitions);
        keyed.put("t", 4);
        return new Appends(
                new Sender(1 << 20, () -> producer),
                clock,
                "node",
                ticker,
                new Appends.Layout(plan, partitions, keyed));
    }

    private Transfer transfer(Entry entry, Duration left) {
        return new Transfer(entry, 1, ticker.micros() + left.toNanos() / 1_000, 0, null, null, 1);
    }

    @Test
    void whatIsDelayedSaysByHowMuchTheClockThatSaidSoIsOff() {
        long now = ticker.micros();
        Transfer inThreeSeconds = transfer(entries.keyed("k", "p"), Duration.ofSeconds(3));
        clock.answered(now, now / 1_000 + 100);
        assertThat(appends(false).obligation(inThreeSeconds, now, 0).headers().lastHeader(Tiers.CLOCK))
                .isNull();

        clock.answered(now, now / 1_000 + 5_000);
        assertThat(KafkaRecords.number(
                        appends(false).obligation(inThreeSeconds, now, 0).headers(), Tiers.CLOCK, 0))
                .isBetween(-5_001_000L, -5_000_000L);
    }

    @Test
    void withOrderWhatIsRedrivenOrReadmittedGoesToItsKeysPlaceInTheMainTopic() {
        Appends appends = appends(true);
        for (int i = 0; i < 20; i++) {
            Entry entry = entries.keyed("k" + i, "p");
            int place = KafkaRecords.partition(KafkaRecords.key(entry), 4);
            ProducerRecord<byte[], byte[]> redriven =
                    appends.obligation(transfer(entry, Duration.ZERO), ticker.micros(), 0);
            assertThat(redriven)
                    .extracting(ProducerRecord::topic, ProducerRecord::partition)
                    .containsExactly("t", place);
            producer.clear();
            assertThat(appends.readmit(List.of(entry), 1).succeeded()).isTrue();
            ProducerRecord<byte[], byte[]> readmitted = producer.history().get(0);
            assertThat(readmitted)
                    .extracting(ProducerRecord::topic, ProducerRecord::partition)
                    .containsExactly("t", place);
        }
    }

    @Test
    void withOrderWhatWaitsInATierIsReleasedToItsKeysPlaceInTheMainTopic() {
        Entry entry = entries.keyed("k1", "p");
        ProducerRecord<byte[], byte[]> waits =
                appends(true).obligation(transfer(entry, Duration.ofMinutes(1)), ticker.micros(), 0);
        assertThat(waits.topic()).isEqualTo("forelog-s-tier-30s");
        ConsumerRecord<byte[], byte[]> there = new ConsumerRecord<>(waits.topic(), 0, 0, waits.key(), waits.value());
        waits.headers().forEach(there.headers()::add);
        ProducerRecord<byte[], byte[]> released =
                TierPump.released(there, KafkaRecords.text(there.headers(), KafkaRecords.TO));
        assertThat(released)
                .extracting(ProducerRecord::topic, ProducerRecord::partition)
                .containsExactly("t", KafkaRecords.partition(KafkaRecords.key(entry), 4));
        assertThat(KafkaRecords.has(released.headers(), KafkaRecords.TO_PARTITION))
                .isFalse();
    }

    @Test
    void withoutOrderOrKeyItGoesToTheReadyTopic() {
        long now = ticker.micros();
        assertThat(appends(true)
                        .obligation(transfer(entries.immediate("p"), Duration.ZERO), now, 0)
                        .topic())
                .isEqualTo("t-ready");
        assertThat(appends(false)
                        .obligation(transfer(entries.keyed("k", "p"), Duration.ZERO), now, 0)
                        .topic())
                .isEqualTo("t-ready");
    }
}

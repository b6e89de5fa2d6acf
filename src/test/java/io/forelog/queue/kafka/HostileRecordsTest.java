package io.forelog.queue.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Entry;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.forelog.rig.Await;
import io.forelog.wire.EnvelopeCodec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** Records that others wrote, and what goes wrong where nobody thought of it: no reader ends. */
class HostileRecordsTest {
    private final Entries entries = new Entries(new HandTicker(), "n");
    private final RouteRecords records = new RouteRecords("n", 1);

    private static ConsumerRecord<byte[], byte[]> record(String topic, byte[] value) {
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(topic, 0, 5, null, value);
        record.headers().add(KafkaRecords.NAMESPACE, "n".getBytes(UTF_8));
        return record;
    }

    private static byte[] routes(String text) {
        return text.getBytes(UTF_8);
    }

    @Test
    void aListOfRoutesThatIsNoneNamesNobodyAndHurtsNobody() {
        ConsumerRecord<byte[], byte[]> without = record("t", new byte[1]);
        without.headers().add(KafkaRecords.ROUTES, null);
        assertThat(records.concerns(without)).as("names nobody: is for all").isTrue();
        for (String list : List.of("abc", "-1", "1x", "99999999999999999999999", ",", "")) {
            assertThat(RouteRecords.names(routes(list), 1)).as(list).isFalse();
            assertThat(KafkaRecords.routes(routes(list))).as(list).doesNotContain(1);
        }
        assertThat(KafkaRecords.routes(routes("abc,2,17"))).containsExactly(2, 17);
        assertThat(RouteRecords.names(routes("abc,2,17"), 17)).isTrue();
        assertThat(KafkaRecords.routes((byte[]) null)).isEmpty();
    }

    @Test
    void theAuditCountsOnOverAListOfRoutesThatIsNone() {
        Backlog backlog = new Backlog();
        for (String list : List.of("abc", "1")) {
            ConsumerRecord<byte[], byte[]> one = record("t", new byte[1]);
            one.headers().add(KafkaRecords.ROUTES, routes(list));
            Census.see("n", backlog, one);
        }
        long[] counts = new long[Backlog.KINDS];
        backlog.count(1, new org.apache.kafka.clients.consumer.OffsetAndMetadata(0), counts);
        assertThat(counts[Backlog.FRESH]).isEqualTo(1);
    }

    /** Whatever bytes: read, or told that it can't be. In main, ready and park alike. */
    @Test
    void anyBytesAreADeliveryOrGoToTheDeadLettersAsTheyAre() {
        Entry entry = entries.keyed("k", "p");
        byte[] good = EnvelopeCodec.encode(entry);
        List<byte[]> values = new ArrayList<>();
        values.add(null);
        values.add(new byte[0]);
        for (int at = 0; at < good.length; at++) {
            for (int bit = 0; bit < 8; bit++) {
                byte[] bent = good.clone();
                bent[at] ^= (byte) (1 << bit);
                values.add(bent);
            }
        }
        for (String topic : List.of("t", "t-ready", "t-park-1")) {
            Holding holding = new Holding(
                    new TopicPartition(topic, 0), "t", topic.contains("park"), new OffsetWindow(0), new Books());
            for (byte[] value : values) {
                for (boolean obligation : new boolean[] {false, true}) {
                    ConsumerRecord<byte[], byte[]> record = record(topic, value);
                    if (obligation) {
                        record.headers().add(KafkaRecords.KIND, KafkaRecords.OBLIGATION.getBytes(UTF_8));
                    }
                    Holding.Fetched read = records.read(holding, record);
                    assertThat(read.delivery() == null).isEqualTo(read.raw() != null);
                }
            }
        }
    }

    @Test
    void numbersOfOperationsAndPrioritiesBeyondAllMeasureAreTheUsualOnes() {
        byte[] good = EnvelopeCodec.encode(entries.immediate("p"));
        byte[] more = java.util.Arrays.copyOf(good, good.length + 12);
        byte[] beyond = {10 << 3, -1, -1, -1, -1, 0x0F, 11 << 3, -1, -1, -1, -1, 0x0F};
        System.arraycopy(beyond, 0, more, good.length, beyond.length);
        Entry read = EnvelopeCodec.decode("n", more);
        assertThat(read.operation()).isEqualTo(io.forelog.model.Operation.PUT);
        assertThat(read.priority()).isEqualTo(io.forelog.model.Priority.DEGRADED);
    }

    @Test
    void whatNobodyThoughtOfEndsNoReaderAndIsSeenInHealth() {
        AtomicInteger begun = new AtomicInteger();
        List<String> told = Collections.synchronizedList(new ArrayList<>());
        RouteReader reader = new RouteReader(
                "n",
                1,
                false,
                new RouteTopics(List.of("t"), List.of("t-dlq"), 1, "s"),
                ReaderSettings.of(
                        Map.of("bootstrap.servers", "localhost:1"), "node", ConsumptionRig.agreeing(new HandTicker())),
                0,
                new HandTicker(),
                told::add,
                () -> {
                    if (begun.incrementAndGet() % 2 == 0) {
                        throw new AssertionError("an error");
                    }
                    throw new NullPointerException("a bug");
                });
        reader.start();
        Await.until("it begins again", Duration.ofSeconds(20), () -> begun.get() >= 2);
        assertThat(told).isNotEmpty().allMatch(text -> text.contains("route 1"));
        reader.stop();
        Await.until("it ends", Duration.ofSeconds(20), reader::stopped);
        assertThat(reader.desk().isClosed()).isTrue();
    }
}

package io.forelog.queue.kafka;

import static io.forelog.queue.kafka.ConsumptionRig.await;
import static io.forelog.queue.kafka.ConsumptionRig.payloads;
import static io.forelog.queue.kafka.ConsumptionRig.take;
import static io.forelog.queue.kafka.ConsumptionRig.takeAll;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.queue.ParkedKey;
import io.forelog.queue.Verdict;
import io.forelog.rig.Soak;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** The consuming side of a Kafka queue against a real broker. */
class KafkaConsumptionIT {
    @Test
    void whatIsSettledIsNotRepeatedAfterACrashAndTheRestIs() throws Exception {
        try (ConsumptionRig rig = new ConsumptionRig(3, false)) {
            KafkaConsumption first = rig.open("a");
            Future<List<Delivery>> waiting = first.take(1, 10, ConsumptionRig.MANY_BYTES);
            rig.append(300);
            List<Delivery> taken = new ArrayList<>(await(waiting));
            taken.addAll(takeAll(first, 300 - taken.size()));
            List<Delivery> settled = new ArrayList<>();
            Set<String> left = new HashSet<>();
            for (int i = 0; i < taken.size(); i++) {
                if (i % 2 == 0) {
                    settled.add(taken.get(i));
                } else {
                    left.add(taken.get(i).entry().payload().toString());
                }
            }
            rig.settle(first, settled, rig.delivered());
            await(first.commit());
            rig.crash(first);
            KafkaConsumption second = rig.open("a");
            List<Delivery> again = takeAll(second, left.size());
            assertThat(payloads(again)).containsExactlyInAnyOrderElementsOf(left);
            rig.settle(second, again, rig.delivered());
            await(second.commit());
            assertThat(rig.books().get(Books.Count.ACCEPTED)).isEqualTo(300);
            assertThat(rig.books().get(Books.Count.DELIVERED)).isEqualTo(300);
        }
    }

    /** A header as other tools for Kafka know it. */
    private static String tools(ConsumerRecord<byte[], byte[]> record, String name) {
        return KafkaRecords.text(record.headers(), "kafka_dlt-" + name);
    }

    private static ByteBuffer number(ConsumerRecord<byte[], byte[]> record, String name) {
        return ByteBuffer.wrap(record.headers().lastHeader("kafka_dlt-" + name).value());
    }

    @Test
    void aRetryComesBackWhenItIsDueWithItsAttemptsAndFailures() throws Exception {
        try (ConsumptionRig rig = new ConsumptionRig(1, false)) {
            rig.pump("a", rig.ticker);
            KafkaConsumption consumption = rig.open("a");
            rig.append(1);
            long due = rig.ticker.micros() + 7_300_000;
            rig.settle(consumption, take(consumption, 1), new Verdict.Retry(due, rig.failure("no")));
            Future<List<Delivery>> waiting = consumption.take(1, 1, ConsumptionRig.MANY_BYTES);
            rig.ticker.turnMicros(7_299_999);
            rig.append(1);
            assertThat(await(waiting).get(0).attempt())
                    .as("the one that is not due waits")
                    .isEqualTo(1);
            rig.settle(consumption, waiting.result(), rig.delivered());
            rig.ticker.turnMicros(1);
            Delivery second = take(consumption, 1).get(0);
            assertThat(second.attempt()).isEqualTo(2);
            assertThat(second.dueMicros()).isEqualTo(due);
            assertThat(second.lastFailure().text()).isEqualTo("no");
            rig.settle(consumption, List.of(second), new Verdict.Retry(rig.ticker.micros(), rig.failure("again")));
            Delivery third = take(consumption, 1).get(0);
            assertThat(third.attempt()).isEqualTo(3);
            assertThat(third.firstFailure().text()).isEqualTo("no");
            rig.settle(consumption, List.of(third), new Verdict.Dead(rig.failure("never")));
            await(consumption.commit());
            List<ConsumerRecord<byte[], byte[]>> dead = rig.cluster.records(rig.namespace + "-dlq");
            assertThat(dead).hasSize(1);
            assertThat(tools(dead.get(0), "exception-fqcn"))
                    .isEqualTo(rig.failure("never").code().name());
            assertThat(tools(dead.get(0), "exception-message")).isEqualTo("never");
            assertThat(tools(dead.get(0), "original-topic")).isEqualTo(rig.namespace + "-ready");
            assertThat(number(dead.get(0), "original-partition").getInt()).isZero();
            assertThat(number(dead.get(0), "original-offset").getLong())
                    .isEqualTo(third.receipt().sequence());
            assertThat(number(dead.get(0), "original-timestamp").getLong())
                    .isEqualTo(third.entry().acceptedMicros() / 1_000);
            assertThat(KafkaRecords.text(dead.get(0).headers(), RouteRecords.ATTEMPTS))
                    .isEqualTo("3");
            Books books = rig.books();
            assertThat(books.get(Books.Count.ACCEPTED)).isEqualTo(2);
            assertThat(books.get(Books.Count.RETURNED)).isEqualTo(2);
            assertThat(books.get(Books.Count.REQUEUED)).isEqualTo(2);
            assertThat(books.get(Books.Count.DELIVERED)).isEqualTo(1);
            assertThat(books.get(Books.Count.DEAD)).isEqualTo(1);
        }
    }

    @Test
    void aRecordThatCannotBeReadStopsNothingButItself() throws Exception {
        try (ConsumptionRig rig = new ConsumptionRig(1, false)) {
            KafkaConsumption consumption = rig.open("a");
            rig.append(1);
            rig.producer
                    .send(new ProducerRecord<>(rig.namespace, "not an envelope".getBytes(UTF_8)))
                    .get();
            rig.append(1);
            rig.settle(consumption, takeAll(consumption, 2), rig.delivered());
            TopicPartition main = new TopicPartition(rig.namespace, 0);
            io.forelog.rig.Await.until("the poison is moved", Duration.ofSeconds(30), () -> {
                return rig.cluster.records(rig.namespace + "-dlq").size() == 1;
            });
            ConsumerRecord<byte[], byte[]> dead =
                    rig.cluster.records(rig.namespace + "-dlq").get(0);
            assertThat(new String(dead.value(), UTF_8)).isEqualTo("not an envelope");
            assertThat(KafkaRecords.text(dead.headers(), RouteRecords.CAUSE)).isEqualTo("POISON");
            ConsumerRecord<byte[], byte[]> original =
                    rig.cluster.records(rig.namespace).get(1);
            assertThat(tools(dead, "exception-fqcn")).isEqualTo("POISON");
            assertThat(tools(dead, "exception-message")).isNotEmpty();
            assertThat(tools(dead, "original-topic")).isEqualTo(rig.namespace);
            assertThat(number(dead, "original-partition").getInt()).isZero();
            assertThat(number(dead, "original-offset").getLong()).isEqualTo(original.offset());
            assertThat(number(dead, "original-timestamp").getLong()).isEqualTo(original.timestamp());
            await(consumption.commit());
            assertThat(rig.committed().get(main).offset()).isGreaterThanOrEqualTo(3);
            assertThat(rig.books().get(Books.Count.DEAD)).isEqualTo(1);
        }
    }

    @Test
    void aGroupThatIsDeletedLosesNothing() throws Exception {
        try (ConsumptionRig rig = new ConsumptionRig(2, false)) {
            KafkaConsumption first = rig.open("a");
            rig.append(100);
            List<Delivery> taken = takeAll(first, 100);
            rig.settle(first, taken.subList(0, 60), rig.delivered());
            rig.close(first);
            rig.admin
                    .deleteConsumerGroups(List.of(KafkaNames.group(rig.namespace, 1)))
                    .all()
                    .get(30, TimeUnit.SECONDS);
            KafkaConsumption second = rig.open("a");
            assertThat(new HashSet<>(payloads(takeAll(second, 100)))).hasSize(100);
        }
    }

    @Test
    void recordsDeletedBeforeTheyWereSettledAreCountedAsLostExactly() throws Exception {
        try (ConsumptionRig rig = new ConsumptionRig(1, false)) {
            KafkaConsumption first = rig.open("a");
            rig.append(100);
            List<Delivery> taken = takeAll(first, 100);
            rig.settle(first, taken.subList(0, 20), rig.delivered());
            rig.settle(first, taken.subList(30, 35), rig.delivered());
            rig.close(first);
            rig.admin
                    .deleteRecords(Map.of(new TopicPartition(rig.namespace, 0), RecordsToDelete.beforeOffset(50)))
                    .all()
                    .get(30, TimeUnit.SECONDS);
            KafkaConsumption second = rig.open("a");
            List<Delivery> rest = takeAll(second, 50);
            assertThat(payloads(rest)).doesNotContain("p49").contains("p50", "p99");
            rig.settle(second, rest, rig.delivered());
            await(second.commit());
            assertThat(rig.books().get(Books.Count.LOST)).isEqualTo(50 - 20 - 5);
            assertThat(rig.books().get(Books.Count.DELIVERED)).isEqualTo(75);
        }
    }

    @Test
    void everySecondOfManySettledAndTheRestBlockedIsCommittedAndNotRepeated() throws Exception {
        int count = Soak.choose(10_000, 50_000);
        try (ConsumptionRig rig = new ConsumptionRig(4, false)) {
            rig.append(count);
            Set<String> settled = new HashSet<>();
            KafkaConsumption first = rig.open("a");
            List<Delivery> blocked = new ArrayList<>();
            Future<List<Delivery>> take = first.take(1, 1_000, ConsumptionRig.MANY_BYTES);
            while (true) {
                List<Delivery> taken;
                try {
                    taken = take.toCompletionStage().toCompletableFuture().get(3, TimeUnit.SECONDS);
                } catch (java.util.concurrent.TimeoutException e) {
                    break; // the window is full: nothing more is handed out
                }
                List<Delivery> some = new ArrayList<>();
                for (Delivery each : taken) {
                    if (each.receipt().sequence() % 2 == 0) {
                        blocked.add(each);
                    } else {
                        some.add(each);
                        settled.add(each.entry().payload().toString());
                    }
                }
                rig.settle(first, some, rig.delivered());
                take = first.take(1, 1_000, ConsumptionRig.MANY_BYTES);
            }
            assertThat(settled.size() + blocked.size()).as("bounded").isLessThan(count);
            await(first.commit());
            assertThat(rig.committed().values())
                    .allMatch(each -> each.metadata().length() <= CommitMetadata.CHARS_MAX)
                    .anyMatch(each -> each.metadata().length() > 1_000);
            rig.crash(first);
            KafkaConsumption second = rig.open("a");
            Set<String> rest = new HashSet<>();
            while (rest.size() < count - settled.size()) {
                List<Delivery> taken = take(second, 1_000);
                taken.forEach(each -> rest.add(each.entry().payload().toString()));
                rig.settle(second, taken, rig.delivered());
            }
            assertThat(rest).doesNotContainAnyElementsOf(settled);
            await(second.commit());
            assertThat(rig.books().get(Books.Count.DELIVERED)).isEqualTo(count);
        }
    }

    @Test
    void parkedLanesKeepTheirOrderOverACrash() throws Exception {
        try (ConsumptionRig rig = new ConsumptionRig(2, true)) {
            KafkaConsumption first = rig.open("a");
            List<Entry> some = new ArrayList<>();
            for (String payload : List.of("1", "2", "3", "4")) {
                some.add(rig.entries.keyed("k", payload));
            }
            rig.append(some);
            List<Delivery> taken = takeAll(first, 4);
            long next = rig.ticker.micros() + 1_000_000;
            rig.settle(first, taken.subList(1, 3), new Verdict.Park(0, null));
            rig.settle(first, taken.subList(0, 1), new Verdict.Park(next, rig.failure("down")));
            rig.settle(first, taken.subList(3, 4), new Verdict.Park(0, null));
            assertThat(payloads(await(first.takeParked(1, Buffer.buffer("k"), 9))))
                    .containsExactly("1", "2", "3", "4");
            rig.crash(first);
            KafkaConsumption second = rig.open("a");
            assertThat(await(second.parked(1, 10))).containsExactly(new ParkedKey(Buffer.buffer("k"), next));
            List<Delivery> lane = await(second.takeParked(1, Buffer.buffer("k"), 2));
            assertThat(payloads(lane)).containsExactly("1", "2");
            assertThat(lane).extracting(Delivery::attempt).containsExactly(2, 1);
            rig.settle(second, lane.subList(0, 1), new Verdict.Park(next + 5, rig.failure("still down")));
            assertThat(payloads(await(second.takeParked(1, Buffer.buffer("k"), 9))))
                    .containsExactly("1", "2", "3", "4");
            lane = await(second.takeParked(1, Buffer.buffer("k"), 9));
            assertThat(lane.get(0).attempt()).isEqualTo(3);
            rig.settle(second, lane, rig.delivered());
            assertThat(await(second.takeParked(1, Buffer.buffer("k"), 9))).isEmpty();
            assertThat(await(second.parked(1, 10))).isEmpty();
            await(second.commit());
            assertThat(rig.books().get(Books.Count.DELIVERED)).isEqualTo(4);
        }
    }

    @Test
    void whatAnOwnerAtRestHeldAndHadNotSentIsNotWaitedForAndComesInOrder() throws Exception {
        try (ConsumptionRig rig = new ConsumptionRig(1, true)) {
            rig.orderedWait = Duration.ofHours(1);
            KafkaConsumption first = rig.open("a");
            rig.append(List.of(
                    rig.entries.keyed("k", "k-0"), rig.entries.keyed("k", "k-1"), rig.entries.keyed("k", "k-2")));
            List<Delivery> taken = takeAll(first, 3);
            rig.settle(first, taken.subList(0, 1), rig.delivered());
            first.atRest();
            rig.close(first);
            List<Delivery> again = takeAll(rig.open("b"), 2);
            assertThat(payloads(again)).containsExactly("k-1", "k-2");
        }
    }

    @Test
    void whatLiesParkedInAPartitionThatComesInARebalanceGoesBeforeWhatCameLater() throws Exception {
        try (ConsumptionRig rig = new ConsumptionRig(2, true)) {
            KafkaConsumption first = rig.open("a");
            List<Entry> some = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                some.add(rig.entries.keyed("k" + i % 8, "k" + i % 8 + "-" + i / 8));
            }
            rig.append(some);
            rig.settle(first, takeAll(first, 16), new Verdict.Park(0, rig.failure("down")));
            List<Entry> later = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                later.add(rig.entries.keyed("k" + i, "k" + i + "-2"));
            }
            KafkaConsumption second = rig.open("b");
            Set<Buffer> told = new HashSet<>();
            await(second.parked(1, 100)).forEach(each -> told.add(each.key()));
            rig.close(first);
            rig.append(later);
            List<String> order = new ArrayList<>();
            for (Buffer key : told) {
                List<Delivery> lane = await(second.takeParked(1, key, 9));
                order.addAll(payloads(lane));
                rig.settle(second, lane, rig.delivered());
            }
            List<Delivery> taken = takeAll(second, 24 - order.size());
            order.addAll(payloads(taken));
            rig.settle(second, taken, rig.delivered());
            for (int i = 0; i < 8; i++) {
                String key = "k" + i;
                assertThat(order.stream().filter(each -> each.startsWith(key + "-")))
                        .containsExactly(key + "-0", key + "-1", key + "-2");
            }
            assertThat(await(second.takeParked(1, Buffer.buffer("k0"), 9))).isEmpty();
            await(second.commit());
            assertThat(rig.books().get(Books.Count.DELIVERED)).isEqualTo(24);
        }
    }
}

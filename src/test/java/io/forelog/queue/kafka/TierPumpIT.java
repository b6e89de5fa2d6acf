package io.forelog.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Entry;
import io.forelog.model.Ticker;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.forelog.rig.Await;
import io.forelog.rig.Soak;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Test;

/** The tiers against a real broker: never early, one copy each, whatever dies. */
class TierPumpIT {
    private static final int FASTER = 600;

    @Test
    void delaysOfSecondsToHoursAreReleasedWhenTheyAreDueAndNotBefore() throws Exception {
        try (ConsumptionRig rig = new ConsumptionRig(1, false)) {
            Ticker fast = Ticker.anchored(HandTicker.START, () -> System.nanoTime() * FASTER);
            Entries entries = new Entries(fast, rig.namespace);
            Random random = new Random(11);
            int count = 300;
            Map<String, Long> due = new HashMap<>();
            for (int i = 0; i < count; i++) {
                long delay = (long) Math.exp(random.nextDouble() * Math.log(7_200_000)); // to 2 h, short ones as many
                Entry entry = entries.delayed("p" + i, Duration.ofMillis(1_000 + delay));
                due.put(entry.id().toString(), entry.dueMicros() + (i % 2 == 0 ? 0 : ClusterClock.GUARD_MICROS));
                rig.appendDelayed(entry, i % 2 == 0 ? "a" : "another node");
            }
            rig.producer.flush();
            rig.pump("a", fast);
            Set<String> seen = new HashSet<>();
            try (KafkaConsumer<byte[], byte[]> ready = reader(rig)) {
                long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
                while (seen.size() < count && System.nanoTime() - until < 0) {
                    for (ConsumerRecord<byte[], byte[]> record : ready.poll(Duration.ofMillis(50))) {
                        String id = KafkaRecords.text(record.headers(), KafkaRecords.ID);
                        assertThat(seen.add(id)).as("once").isTrue();
                        assertThat(fast.micros()).isGreaterThanOrEqualTo(due.get(id));
                        assertThat(KafkaRecords.has(record.headers(), KafkaRecords.HOP))
                                .isFalse();
                    }
                }
            }
            assertThat(seen).isEqualTo(due.keySet());
        }
    }

    @Test
    void whatIsOneMicrosecondFromDueStaysAndThenGoes() throws Exception {
        try (ConsumptionRig rig = new ConsumptionRig(1, false);
                KafkaConsumer<byte[], byte[]> ready = reader(rig)) {
            rig.pump("a", rig.ticker);
            rig.appendDelayed(rig.entries.delayed("first", Duration.ofSeconds(90)), "a");
            rig.ticker.turn(Duration.ofSeconds(90).minusNanos(1_000));
            rig.appendDelayed(rig.entries.delayed("behind it", Duration.ZERO.plusNanos(1_000)), "a");
            rig.producer.flush();
            assertThat(ready.poll(Duration.ofSeconds(3)).count()).isZero();
            rig.ticker.turnMicros(1);
            Set<String> seen = new HashSet<>();
            Await.until("both are released", Duration.ofSeconds(20), () -> {
                ready.poll(Duration.ofMillis(100))
                        .forEach(each -> seen.add(KafkaRecords.text(each.headers(), KafkaRecords.ID)));
                return seen.size() == 2;
            });
        }
    }

    @Test
    void killedInTheMiddleOfHopsAgainAndAgainItReleasesEachOnceAndNoneEarly() throws Exception {
        int kills = Soak.choose(5, 30);
        int count = kills * 400;
        try (ConsumptionRig rig = new ConsumptionRig(1, false)) {
            Ticker clock = Ticker.anchored();
            Entries entries = new Entries(clock, rig.namespace);
            Random random = new Random(5);
            Set<String> all = new HashSet<>();
            for (int i = 0; i < count; i++) {
                Entry entry = entries.delayed("p" + i, Duration.ofMillis(500 + random.nextInt(kills * 2_000)));
                all.add(entry.id().toString());
                rig.appendDelayed(entry, "a");
            }
            rig.producer.flush();
            for (int i = 0; i < kills; i++) {
                Process process = pump(rig);
                try {
                    int before = ready(rig).size();
                    Await.until(
                            "it works",
                            Duration.ofSeconds(60),
                            () -> ready(rig).size() > before || ready(rig).size() == count);
                    Thread.sleep(random.nextInt(400)); // anywhere between two transactions, or inside of one
                } finally {
                    process.destroyForcibly();
                    process.waitFor(20, TimeUnit.SECONDS);
                }
            }
            Process last = pump(rig);
            try {
                Await.until(
                        "all are released",
                        Duration.ofSeconds(90),
                        () -> ready(rig).size() >= count);
            } finally {
                last.destroyForcibly();
                last.waitFor(20, TimeUnit.SECONDS);
            }
            List<ConsumerRecord<byte[], byte[]>> released = ready(rig);
            assertThat(released).hasSize(count);
            Set<String> ids = new HashSet<>();
            for (ConsumerRecord<byte[], byte[]> each : released) {
                ids.add(KafkaRecords.text(each.headers(), KafkaRecords.ID));
                assertThat(each.timestamp() + 1)
                        .as("written when it was due")
                        .isGreaterThanOrEqualTo(KafkaRecords.number(each.headers(), KafkaRecords.DUE, 0) / 1_000);
            }
            assertThat(ids).isEqualTo(all);
        }
    }

    private static List<ConsumerRecord<byte[], byte[]>> ready(ConsumptionRig rig) {
        return rig.cluster.records(rig.namespace + "-ready");
    }

    private static Process pump(ConsumptionRig rig) throws IOException {
        String tests = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx128m",
                        "-cp",
                        tests,
                        TierPumpProcess.class.getName(),
                        rig.cluster.bootstrap(),
                        rig.shard,
                        "a")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .start();
    }

    private static KafkaConsumer<byte[], byte[]> reader(ConsumptionRig rig) {
        KafkaConsumer<byte[], byte[]> ready = new KafkaConsumer<>(
                Map.of("bootstrap.servers", rig.cluster.bootstrap(), "isolation.level", "read_committed"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        TopicPartition partition = new TopicPartition(rig.namespace + "-ready", 0);
        ready.assign(List.of(partition));
        ready.seekToBeginning(List.of(partition));
        return ready;
    }
}

package io.forelog.target.kafka;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.forelog.model.Delivery;
import io.forelog.model.Operation;
import io.forelog.rig.backend.KafkaCluster;
import io.forelog.target.Deliveries;
import io.forelog.target.DeliveryRates;
import io.forelog.target.Rates;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Files;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Measures the kafka target beside a tight loop of a producer with the same settings: records of 1 KiB with a key, a topic of three partitions on one
 * broker, four batches of 500 at once. The loop sends the records that the target makes, with their headers, made once; and in a second comparison
 * records without headers. A main, not a test: figures are ratios of one run.
 */
public final class KafkaRates {
    private static final int AT_ONCE = 4;
    private static final int BATCH = 500;
    private static final int KEYS = 100_000;
    private static final byte[] PAYLOAD = new byte[1024];

    private KafkaRates() {}

    public static void main(String[] args) throws Exception {
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
        KafkaCluster cluster = KafkaCluster.start(1, Files.createTempDirectory("rates-kafka"));
        cluster.createTopic("rates", 3, 1, Map.of("retention.bytes", "268435456", "segment.bytes", "67108864"));
        TargetSpec spec = new TargetSpec(
                "shop",
                "target",
                "kafka",
                1,
                List.of(),
                Map.of("bootstrap_servers", cluster.bootstrap(), "topic", "rates"),
                new TargetSpec.Limit(AT_ONCE, 0, Duration.ofSeconds(20), BATCH));
        Map<String, Object> settings = new HashMap<>(ClientSettings.of(spec, cluster.bootstrap(), "bare"));
        try (WriterRig rig = new WriterRig(Files.createTempDirectory("rates"));
                KafkaProducer<byte[], byte[]> producer =
                        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            rig.deploy("kafka", spec.config(), spec.limit());
            for (boolean whole : new boolean[] {true, false}) {
                Rates.compare(
                        whole ? "kafka, the same records" : "kafka, records without headers",
                        seconds,
                        () -> bare(producer, whole, seconds),
                        () -> DeliveryRates.loop(seconds, 2 * AT_ONCE, BATCH, rig::send));
            }
        } finally {
            cluster.close();
        }
        System.exit(0);
    }

    private static double bare(KafkaProducer<byte[], byte[]> producer, boolean whole, int seconds)
            throws InterruptedException {
        Iterable<Header> headers = whole ? headers() : List.of();
        Semaphore room = new Semaphore(AT_ONCE * BATCH);
        AtomicInteger applied = new AtomicInteger();
        long until = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        for (int n = 0; System.nanoTime() < until; n++) {
            room.acquire();
            byte[] key = ("key-" + n % KEYS).getBytes(US_ASCII);
            producer.send(new ProducerRecord<>("rates", null, key, PAYLOAD, headers), (metadata, failure) -> {
                applied.addAndGet(failure == null ? 1 : 0);
                room.release();
            });
        }
        room.acquire(AT_ONCE * BATCH);
        return applied.get() / (double) seconds;
    }

    private static Iterable<Header> headers() {
        Delivery delivery = Deliveries.of(
                0,
                Deliveries.entry(
                        Buffer.buffer("key-0"),
                        Operation.PUT,
                        Map.of(),
                        Map.of("content-type", "application/octet-stream"),
                        Buffer.buffer(PAYLOAD)));
        return new RecordForm(false).record(delivery, "rates").headers();
    }
}

import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.CommitMode;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import io.confluent.parallelconsumer.vertx.VertxParallelStreamProcessor;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** What src/bench/kafka.sh runs beside Forelog, each in a process of its own. Prints one line of JSON. */
class Peers {
    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "produce" -> produce(args[1], args[2], Integer.parseInt(args[3]), Integer.parseInt(args[4]));
            case "consume" -> consume(args[1], args[2], args[3], args[4], Integer.parseInt(args[5]), Integer.parseInt(args[6]));
            case "receive" -> receive(Integer.parseInt(args[1]), Integer.parseInt(args[2]), Integer.parseInt(args[3]), Integer.parseInt(args[4]));
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    /** Confirmed records a second: the same settings as Forelog's producer, and as many records out at once. */
    private static void produce(String bootstrap, String topic, int seconds, int inFlight) throws Exception {
        byte[] payload = new byte[1024];
        new Random(1).nextBytes(payload);
        Map<String, Object> config = Map.of(
                "bootstrap.servers", bootstrap,
                "acks", "all",
                "enable.idempotence", true,
                "linger.ms", 0,
                "batch.size", 64 << 10,
                "buffer.memory", 192L << 20);
        Semaphore window = new Semaphore(inFlight);
        AtomicLong confirmed = new AtomicLong();
        try (var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            long counted = 0;
            long began = 0;
            long start = System.nanoTime();
            for (int n = 0; ; n++) {
                window.acquire();
                byte[] key = ("key-" + n % 1000).getBytes();
                producer.send(new ProducerRecord<>(topic, key, payload), (where, failure) -> {
                    window.release();
                    if (failure == null) {
                        confirmed.incrementAndGet();
                    } else {
                        failure.printStackTrace();
                    }
                });
                long now = System.nanoTime();
                if (began == 0 && now - start > 4_000_000_000L) { // warm
                    began = now;
                    counted = confirmed.get();
                } else if (began != 0 && now - began > seconds * 1_000_000_000L) {
                    System.out.printf("{\"per_second\": %d}%n", (confirmed.get() - counted) * 1_000_000_000L / (now - began));
                    return;
                }
            }
        }
    }

    /** Posts every record to the receiver, until it is ended. */
    private static void consume(String bootstrap, String topic, String group, String order, int port, int concurrency)
            throws Exception {
        Map<String, Object> config = Map.of(
                "bootstrap.servers", bootstrap,
                "group.id", group,
                "enable.auto.commit", false,
                "auto.offset.reset", "earliest",
                "fetch.max.bytes", 8 << 20,
                "max.poll.records", 2_000);
        var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        Vertx vertx = Vertx.vertx();
        HttpClient client = vertx.createHttpClient(new HttpClientOptions()
                .setMaxPoolSize(concurrency)
                .setMaxWaitQueueSize(-1)
                .setKeepAlive(true)
                .setDefaultPort(port));
        var options = ParallelConsumerOptions.<byte[], byte[]>builder()
                .consumer(consumer)
                .ordering(ProcessingOrder.valueOf(order))
                .commitMode(CommitMode.PERIODIC_CONSUMER_ASYNCHRONOUS)
                .maxConcurrency(concurrency)
                .build();
        VertxParallelStreamProcessor<byte[], byte[]> processor = VertxParallelStreamProcessor.createEosStreamProcessor(options);
        processor.subscribe(List.of(topic));
        processor.vertxFuture(context -> client.request(HttpMethod.POST, port, "127.0.0.1", "/hook")
                .compose(request -> request.send(Buffer.buffer(context.getSingleConsumerRecord().value())))
                .compose(response -> response.statusCode() == 200
                        ? response.end()
                        : Future.failedFuture("status " + response.statusCode())));
        Thread.sleep(Long.MAX_VALUE);
    }

    /** Answers every request after {@code delay} ms, and tells how many came in {@code seconds} from {@code warm} seconds after the first; until it is ended. */
    private static void receive(int port, int delay, int warm, int seconds) {
        Vertx vertx = Vertx.vertx();
        AtomicLong count = new AtomicLong();
        vertx.createHttpServer()
                .requestHandler(request -> request.end(ended -> {
                    if (count.getAndIncrement() == 0) {
                        vertx.setTimer(warm * 1000L, first -> {
                            long counted = count.get();
                            long began = System.nanoTime();
                            vertx.setTimer(seconds * 1000L, last -> {
                                System.out.printf(
                                        "{\"per_second\": %d}%n",
                                        (count.get() - counted) * 1_000_000_000L / (System.nanoTime() - began));
                                System.out.flush();
                            });
                        });
                    }
                    if (delay == 0) {
                        request.response().end();
                    } else {
                        vertx.setTimer(delay, due -> request.response().end());
                    }
                }))
                .listen(port, "127.0.0.1")
                .onFailure(failure -> {
                    failure.printStackTrace();
                    System.exit(1);
                });
    }
}

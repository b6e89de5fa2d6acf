package io.forelog.queue.kafka;

import io.forelog.model.Ticker;
import io.forelog.queue.MediumOptions;
import io.forelog.queue.QueueMedium;
import io.forelog.queue.QueueSpec;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** A node's Kafka queues on a real cluster, with names of their own, so that tests share the brokers and nothing else. One test. */
final class KafkaRig {
    /** Another name of the same cluster, with other addresses. */
    static final String ALIAS = "alias";

    private final Vertx vertx = Vertx.vertx();
    private final String name = "t" + UUID.randomUUID().toString().substring(0, 8);
    private final String bootstrap;
    private final Ticker ticker;
    private final Path directory;
    private final Map<String, Object> settings = new HashMap<>(Map.of("partitions", 1, "tier_partitions", 1));
    private final List<QueueMedium> media = new ArrayList<>();

    KafkaRig(String bootstrap, Ticker ticker, Path directory) {
        this.bootstrap = bootstrap;
        this.ticker = ticker;
        this.directory = directory;
    }

    String name() {
        return name;
    }

    Vertx vertx() {
        return vertx;
    }

    void set(String key, Object value) {
        settings.put(key, value);
    }

    static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(40, TimeUnit.SECONDS);
    }

    /** {@code spec}, in a namespace and on topics of this test's own. */
    QueueSpec own(QueueSpec spec) {
        return with(spec, Map.of("wal-kafka-topics", List.of(name)));
    }

    QueueSpec with(QueueSpec spec, Map<String, Object> config) {
        return with(name, "test", spec, config);
    }

    QueueSpec with(String namespace, String cluster, QueueSpec spec, Map<String, Object> config) {
        Map<String, Object> all = new HashMap<>(config);
        all.put("wal.kafka.bootstrap.servers.prefix", cluster);
        return new QueueSpec(
                namespace,
                spec.routes(),
                spec.ordered(),
                spec.serves(),
                spec.retention(),
                spec.deadLetterRetention(),
                spec.quotaBytes(),
                spec.ownDatabase(),
                all,
                spec.demands());
    }

    QueueMedium medium() throws Exception {
        return medium(name, ticker, directory);
    }

    /** Of another node, with a clock of its own. */
    QueueMedium medium(String node, Ticker clock, Path data) throws Exception {
        QueueMedium medium = await(new KafkaQueueProvider()
                .open(new MediumOptions(
                        vertx,
                        clock,
                        new SimpleMeterRegistry(),
                        data,
                        settings,
                        node,
                        name,
                        Map.of("test", bootstrap, ALIAS, bootstrap.replace("127.0.0.1", "localhost")))));
        media.add(medium);
        return medium;
    }

    KafkaQueue open(QueueSpec spec) throws Exception {
        return (KafkaQueue) await(medium().open(spec));
    }

    /** As by kill -9 an interval of commits after the last settle; the next life has the same name. */
    KafkaQueue crashAndReopen(KafkaQueue queue) throws Exception {
        crash(queue);
        return open(queue.spec());
    }

    void crash(KafkaQueue queue) throws Exception {
        await(queue.commit());
        await(queue.abandon());
        await(media.remove(media.size() - 1).close());
    }

    void close() throws Exception {
        for (QueueMedium medium : media) {
            await(medium.close());
        }
        await(vertx.close());
    }
}

package io.forelog.queue.kafka;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.MediumHealth;
import io.forelog.queue.MediumOptions;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueMedium;
import io.forelog.queue.QueueSpec;
import io.vertx.core.Future;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.jspecify.annotations.Nullable;

/**
 * The Kafka clusters that this node's documents name, each connected to when the first namespace wants it, and the queues on
 * them. The maps are guarded by this; what they hold is bounded by the number of namespaces.
 */
final class KafkaMedium implements QueueMedium {
    private static final long PROBE_MILLIS = 5_000;
    private static final String DEFAULT = "default";
    private static final String PORT = ":9092";

    private final MediumOptions node;
    private final KafkaSettings settings;
    private final CreatedTopics created;
    private final TierPumps pumps = new TierPumps();
    private final Map<String, KafkaCluster> clusters = new LinkedHashMap<>();
    private final Map<String, KafkaQueue> queues = new HashMap<>();
    /** Where a namespace that is closed had its queue, so that it can be removed. */
    private final Map<String, KafkaQueue> closed = new HashMap<>();

    private final long probe;

    KafkaMedium(MediumOptions node, CreatedTopics created) {
        this.node = node;
        this.settings = KafkaSettings.of(node.settings());
        this.created = created;
        this.probe = node.vertx().setPeriodic(PROBE_MILLIS, id -> probeAll());
    }

    private synchronized void probeAll() {
        clusters.values().forEach(KafkaCluster::probe);
    }

    /** INVALID_ARGUMENT where topics of others can't keep what is promised; a cluster that is away is waited for by the queue. */
    @Override
    public Future<Queue> open(QueueSpec spec) {
        KafkaQueue queue;
        try {
            queue = make(spec);
        } catch (WalException e) {
            return Future.failedFuture(e);
        }
        return queue.open().map(opened -> (Queue) queue).onFailure(failure -> forget(queue));
    }

    private synchronized KafkaQueue make(QueueSpec spec) {
        if (queues.containsKey(spec.namespace())) {
            throw new WalException(
                    ErrorCode.CONFLICT,
                    "namespace " + spec.namespace() + ": its queue is open (expected: opened once)");
        }
        KafkaCluster cluster = cluster(spec.config());
        KafkaQueue queue =
                new KafkaQueue(cluster, new Topics(cluster, created), created, spec, node.ticker(), this::forget);
        queues.put(spec.namespace(), queue);
        closed.remove(spec.namespace());
        cluster.joined(spec.namespace());
        return queue;
    }

    /** By the name that the document gives it: of the node's settings, of its table of addresses, or of the DNS. */
    private KafkaCluster cluster(Map<String, Object> config) {
        String prefix = config.get(KafkaNames.PREFIX) instanceof String said && !said.isBlank() ? said : DEFAULT;
        KafkaCluster known = clusters.get(prefix);
        if (known == null) {
            known = new KafkaCluster(prefix, connection(prefix), settings, node, pumps);
            clusters.put(prefix, known);
        }
        return known;
    }

    private Map<String, Object> connection(String prefix) {
        Map<String, Object> connection = new HashMap<>(settings.clusters().getOrDefault(prefix, Map.of()));
        if (!connection.containsKey(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG)) {
            String addresses = node.bootstrapServers().get(prefix);
            if (addresses == null && prefix.equals(DEFAULT)) {
                throw new WalException(
                        ErrorCode.INVALID_ARGUMENT,
                        KafkaNames.PREFIX + ": missing (expected: the name of a cluster in bootstrap_servers of"
                                + " conf/forelog.yaml, or a host name; without it bootstrap_servers.default)");
            }
            connection.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, addresses == null ? prefix + PORT : addresses);
        }
        return connection;
    }

    private synchronized void forget(KafkaQueue queue) {
        String namespace = queue.spec().namespace();
        if (queues.remove(namespace, queue)) {
            queue.cluster().left(namespace);
            closed.put(namespace, queue);
        }
    }

    /** Deletes the topics that Forelog made from this data directory and no other namespace uses, and the groups; the rest stays. */
    @Override
    public Future<Void> remove(String namespace) {
        KafkaQueue queue = find(namespace, queues);
        Future<Void> shut = queue == null ? Future.succeededFuture() : queue.close();
        return shut.compose(done -> {
            KafkaQueue last = find(namespace, closed);
            return last == null ? Future.succeededFuture() : last.delete();
        });
    }

    private synchronized @Nullable KafkaQueue find(String namespace, Map<String, KafkaQueue> map) {
        return map.get(namespace);
    }

    @Override
    public synchronized List<MediumHealth> health() {
        List<MediumHealth> all = new ArrayList<>();
        clusters.values().forEach(cluster -> all.add(cluster.health()));
        if (all.isEmpty()) {
            all.add(new MediumHealth("kafka", MediumHealth.State.SERVING, "", List.of(), -1));
        }
        return all;
    }

    /** Kafka's replicas are the copy: nothing to do, so that a node with other queues can be backed up. */
    @Override
    public Future<Void> backup(Path directory) {
        return Future.succeededFuture();
    }

    @Override
    public Future<Void> close() {
        node.vertx().cancelTimer(probe);
        List<KafkaQueue> open;
        List<KafkaCluster> all;
        synchronized (this) {
            open = List.copyOf(queues.values());
            all = List.copyOf(clusters.values());
        }
        return Future.join(open.stream().map(KafkaQueue::close).toList())
                .transform(done -> Future.join(
                                all.stream().map(KafkaCluster::close).toList())
                        .mapEmpty());
    }
}

package io.forelog.queue.kafka;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.observe.MetricNames;
import io.forelog.queue.MediumHealth;
import io.forelog.queue.MediumOptions;
import io.micrometer.core.instrument.Gauge;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.AuthorizationException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Kafka cluster as this node uses it: where it is and how to log in, one {@link Sender} and one admin client for all
 * namespaces, and whether it answers. Any thread; making and closing the clients blocks and goes to worker threads, one after
 * another. Bounded by the number of clusters that documents name.
 */
final class KafkaCluster {
    private static final Logger LOG = LoggerFactory.getLogger(KafkaCluster.class);
    private static final int ASK_LIMIT_MILLIS = 10_000;
    private static final int PROBE_LIMIT_MILLIS = 3_000;
    private static final long STOP_LOOK_MILLIS = 20;

    private final String name;
    private final Map<String, Object> connection;
    private final KafkaSettings settings;
    private final MediumOptions node;
    private final TierPumps pumps;
    private final ClusterClock clock;
    private final Set<String> namespaces = new TreeSet<>();
    private final Map<Trouble, String> troubles = new ConcurrentHashMap<>();
    /** Namespaces whose topics were deleted from here, until one of the name comes. */
    private final Set<String> ended = new TreeSet<>();

    private volatile @Nullable Sender sender;
    private volatile @Nullable Admin admin;
    private boolean pumped;
    /** Null where it is pumped by another of its names. */
    private @Nullable TierPump tiers;

    private volatile String unreachable = "not asked yet";

    /** What is wrong with what of a namespace; empty = of none. */
    private record Trouble(String namespace, String of) {
        private static final String ROUTE = "route ";
        private static final String TIERS = "tiers";

        boolean isOfReaders(String reading) {
            return namespace.equals(reading) && of.startsWith(ROUTE) || of.equals(TIERS);
        }
    }

    KafkaCluster(
            String name, Map<String, Object> connection, KafkaSettings settings, MediumOptions node, TierPumps pumps) {
        this.name = name;
        this.connection = Map.copyOf(connection);
        this.settings = settings;
        this.node = node;
        this.pumps = pumps;
        this.clock = new ClusterClock(name, KafkaNames.clock(node.shard()), node.ticker());
        Gauge.builder(MetricNames.KAFKA_CLOCK_OFFSET, clock, ClusterClock::seconds)
                .tag(MetricNames.OUTCOME, name)
                .baseUnit("seconds")
                .register(node.metrics());
    }

    String name() {
        return name;
    }

    /** Properties for any client of this cluster: addresses and log-in. */
    Map<String, Object> connection() {
        return connection;
    }

    KafkaSettings settings() {
        return settings;
    }

    MediumOptions node() {
        return node;
    }

    Vertx vertx() {
        return node.vertx();
    }

    String shard() {
        return node.shard();
    }

    ClusterClock clock() {
        return clock;
    }

    String transactionalId(String purpose) {
        return KafkaNames.transactionalId(node.node(), purpose);
    }

    /** Makes the clients where there are none yet. UNAVAILABLE where no address can be resolved. */
    Future<Void> connect() {
        if (sender != null) {
            return Future.succeededFuture();
        }
        return blocking(this::make);
    }

    private synchronized void make() {
        if (sender != null) {
            return;
        }
        Map<String, Object> config = new HashMap<>(connection);
        config.put(AdminClientConfig.CLIENT_ID_CONFIG, "forelog-" + node.node());
        config.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, ASK_LIMIT_MILLIS);
        config.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, PROBE_LIMIT_MILLIS);
        config.putIfAbsent(AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
        Admin made = admin;
        if (made == null) {
            made = Admin.create(config);
            admin = made;
        }
        sender = new Sender(connection, "forelog-" + node.node(), settings);
    }

    /** UNAVAILABLE before {@link #connect} has ended. */
    Sender sender() {
        Sender made = sender;
        if (made == null) {
            throw unavailable("not connected");
        }
        return made;
    }

    /** Asks the cluster; the future ends on the caller's context, failures are UNAVAILABLE or PERMISSION_DENIED. */
    <T> Future<T> ask(Function<Admin, KafkaFuture<T>> question) {
        Promise<T> promise = promise();
        Admin made = admin;
        if (made == null) {
            promise.fail(unavailable("not connected"));
            return promise.future();
        }
        try {
            question.apply(made).whenComplete((answer, failure) -> {
                if (failure == null) {
                    promise.complete(answer);
                } else {
                    promise.fail(said(failure));
                }
            });
        } catch (KafkaException | IllegalStateException e) {
            promise.fail(said(e));
        }
        return promise.future();
    }

    /** What a client's exception means to Forelog. */
    WalException said(Throwable failure) {
        Throwable cause = bare(failure);
        if (cause instanceof WalException known) {
            return known;
        }
        ErrorCode code = cause instanceof AuthorizationException ? ErrorCode.PERMISSION_DENIED : ErrorCode.UNAVAILABLE;
        return new WalException(code, "Kafka cluster " + name + ": " + text(cause), cause);
    }

    static Throwable bare(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private static String text(Throwable cause) {
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }

    private WalException unavailable(String why) {
        return new WalException(ErrorCode.UNAVAILABLE, "Kafka cluster " + name + ": " + why);
    }

    /** Lets what waits in this shard's tiers go on, from the first call on; the tiers exist. {@code id}: as {@link #id}. */
    synchronized void pumpTiers(String id, ReaderSettings reading) {
        if (!pumped) {
            tiers = pumps.begin(id, this, reading);
            pumped = true;
        }
    }

    /** What its brokers say it is called, whichever of them is asked. */
    Future<String> id() {
        return ask(asked -> asked.describeCluster().clusterId());
    }

    /** How many brokers live now. */
    Future<Integer> brokers() {
        return ask(asked -> asked.describeCluster().nodes()).map(nodes -> nodes.size());
    }

    /** Asks whether the cluster answers, for {@link #health}, and replaces a producer that is broken. Never fails. */
    Future<Void> probe() {
        return connect()
                .compose(connected -> renewed())
                .compose(connected ->
                        ask(asked -> asked.describeCluster(new DescribeClusterOptions().timeoutMs(PROBE_LIMIT_MILLIS))
                                .nodes()))
                .transform((nodes, failure) -> {
                    String now = failure == null ? "" : String.valueOf(failure.getMessage());
                    boolean was = unreachable.isEmpty();
                    askTime();
                    unreachable = now;
                    if (was && !now.isEmpty()) {
                        LOG.atError()
                                .addKeyValue(LogKeys.DATABASE, name)
                                .addKeyValue(LogKeys.REASON, now)
                                .log("Kafka cluster does not answer");
                    } else if (!was && now.isEmpty()) {
                        LOG.atInfo().addKeyValue(LogKeys.DATABASE, name).log("Kafka cluster answers");
                    }
                    return Future.succeededFuture();
                });
    }

    /** Of {@link #clock}. */
    void askTime() {
        Sender made = sender;
        if (made != null) {
            clock.ask(made);
        }
    }

    private Future<Void> renewed() {
        Sender made = sender;
        if (made == null || !made.broken()) {
            return Future.succeededFuture();
        }
        LOG.atError().addKeyValue(LogKeys.DATABASE, name).log("Kafka producer is broken; another one is made");
        return blocking(made::renew);
    }

    synchronized void joined(String namespace) {
        namespaces.add(namespace);
        ended.remove(namespace);
    }

    synchronized boolean serves(String namespace) {
        return namespaces.contains(namespace);
    }

    synchronized void left(String namespace) {
        namespaces.remove(namespace);
        troubles.keySet().removeIf(each -> each.namespace().equals(namespace));
    }

    /** Its topics are deleted, and nobody waits for what is delayed of it. */
    synchronized void ended(String namespace) {
        if (!namespaces.contains(namespace)) {
            ended.add(namespace);
        }
    }

    /**
     * Whether a namespace has ended: here, or, where the cluster says so, before this process began: none of its groups is left. That is
     * asked for now and known a little later. Never waits.
     */
    boolean hasEnded(String namespace) {
        synchronized (this) {
            if (ended.contains(namespace) || namespaces.contains(namespace) || namespace.isEmpty()) {
                return ended.contains(namespace);
            }
        }
        ask(asked -> asked.listGroups().all()).onSuccess(groups -> {
            if (groups.stream().noneMatch(each -> KafkaNames.isGroupOf(namespace, each.groupId()))) {
                ended(namespace);
            }
        });
        return false; // not known yet: asked for again
    }

    /** What is wrong with a namespace's topics; empty = nothing. */
    void trouble(String namespace, String text) {
        trouble(namespace, "topics", text);
    }

    /** What is wrong with the reader of a route. */
    void trouble(String namespace, int route, String text) {
        trouble(namespace, Trouble.ROUTE + route, text);
    }

    /** What is wrong with the pump of the tiers. */
    void tiersTrouble(String text) {
        trouble("", Trouble.TIERS, text);
    }

    private void trouble(String namespace, String of, String text) {
        if (text.isEmpty()) {
            troubles.remove(new Trouble(namespace, of));
        } else {
            troubles.put(new Trouble(namespace, of), text);
        }
    }

    /** What is wrong with the readers of a namespace, or with the tiers that it shares. */
    String trouble(String namespace) {
        return troubles.entrySet().stream()
                .filter(each -> each.getKey().isOfReaders(namespace))
                .map(Map.Entry::getValue)
                .sorted()
                .collect(Collectors.joining("; "));
    }

    synchronized MediumHealth health() {
        String text = unreachable.isEmpty() ? String.join("; ", troubles.values()) : unreachable;
        return new MediumHealth(
                "kafka/" + name,
                text.isEmpty() ? MediumHealth.State.SERVING : MediumHealth.State.RECOVERING,
                text,
                List.copyOf(namespaces),
                -1);
    }

    /** After whatever used it. */
    Future<Void> close() {
        Promise<Void> stopped = promise();
        TierPump pump = pump();
        if (pump != null) {
            pump.stop();
        }
        awaitStopped(pump, stopped);
        return stopped.future().compose(done -> blocking(this::closeAll));
    }

    private synchronized @Nullable TierPump pump() {
        return tiers;
    }

    private void awaitStopped(@Nullable TierPump pump, Promise<Void> promise) {
        if (pump == null || pump.stopped()) {
            promise.complete();
        } else {
            vertx().setTimer(STOP_LOOK_MILLIS, id -> awaitStopped(pump, promise));
        }
    }

    private synchronized void closeAll() {
        Sender open = sender;
        if (open != null) {
            open.close();
        }
        Admin asked = admin;
        if (asked != null) {
            asked.close(Duration.ofSeconds(2));
        }
    }

    /** Runs what blocks; one at a time a caller's context. */
    Future<Void> blocking(Runnable what) {
        return vertx().<Void>executeBlocking(() -> {
            try {
                what.run();
                return null;
            } catch (RuntimeException e) {
                throw said(e);
            }
        });
    }

    /** Of the caller's context. */
    static <T> Promise<T> promise() {
        Context context = Vertx.currentContext();
        return context == null ? Promise.promise() : ((ContextInternal) context).promise();
    }
}

package io.forelog.queue.kafka;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.queue.ParkedKey;
import io.forelog.queue.QueueDepth;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.Settlement;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/**
 * Taking and settling of one namespace on Kafka: a {@link RouteReader} a route. Any Vert.x context; futures end on the caller's.
 * What is DELIVERED, EXPIRED or MOVED is marked when its future ends and committed at the next interval; RETRY, PARK and DEAD
 * are written, with their mark, when it ends.
 */
final class KafkaConsumption implements Consumption {
    private static final long CLOSE_LOOK_MILLIS = 20;
    private static final long YOUNGER = Duration.ofHours(1).toMillis();

    private final Vertx vertx;
    private final String namespace;
    private final boolean lanes;
    private final ReaderSettings settings;
    private final String shard;
    private final Ticker ticker;
    private final Map<Integer, RouteReader> readers = new ConcurrentHashMap<>();
    private final Troubles troubles;
    private volatile boolean closed;

    /** Is told what is wrong with the reader of a route; empty = nothing any more. On the reader's thread. */
    @FunctionalInterface
    interface Troubles {
        void tell(int route, String text);
    }

    /** Its topics exist; {@code lanes}: those of parked lanes, too. */
    KafkaConsumption(
            Vertx vertx,
            QueueSpec spec,
            boolean lanes,
            String shard,
            ReaderSettings settings,
            Ticker ticker,
            Troubles troubles) {
        this.troubles = troubles;
        this.vertx = vertx;
        this.namespace = spec.namespace();
        this.lanes = lanes;
        this.shard = shard;
        this.settings = settings;
        this.ticker = ticker;
        spec.routes().forEach(route -> open(route, RouteTopics.of(spec, route, shard), 0));
    }

    private void open(int route, RouteTopics topics, long startMillis) {
        RouteReader reader = new RouteReader(
                namespace,
                route,
                KafkaNames.group(namespace, route),
                lanes,
                topics,
                settings,
                startMillis,
                ticker,
                text -> troubles.tell(route, text));
        readers.put(route, reader);
        reader.start();
    }

    /** Routes that come begin an hour back: nothing older can name them. Those that go leave their group. */
    @Override
    public void update(QueueSpec spec) {
        List<Integer> routes = spec.routes();
        for (Integer route : routes) {
            RouteTopics topics = RouteTopics.of(spec, route, shard);
            RouteReader known = readers.get(route);
            if (known == null && !closed) {
                open(route, topics, System.currentTimeMillis() - YOUNGER);
            } else if (known != null) {
                known.topics(topics);
            }
        }
        for (Integer route : List.copyOf(readers.keySet())) {
            if (!routes.contains(route)) {
                RouteReader gone = readers.remove(route);
                if (gone != null) {
                    gone.stop();
                }
            }
        }
    }

    @Override
    public Future<List<Delivery>> take(int route, int max, long bytesMax) {
        Promise<List<Delivery>> promise = promise();
        RouteReader reader = readers.get(route);
        if (reader == null) {
            promise.fail(unknown(route));
        } else {
            reader.desk().take(Math.max(1, max), bytesMax, promise);
        }
        return promise.future();
    }

    @Override
    public Future<Void> settle(List<Settlement> settlements) {
        Map<Integer, List<Settlement>> byRoute = new TreeMap<>();
        for (Settlement each : settlements) {
            byRoute.computeIfAbsent(each.delivery().route(), route -> new ArrayList<>())
                    .add(each);
        }
        if (byRoute.size() == 1) {
            return settle(settlements.get(0).delivery().route(), settlements);
        }
        List<Future<Void>> all = new ArrayList<>();
        byRoute.forEach((route, its) -> all.add(settle(route, its)));
        return Future.join(all).mapEmpty();
    }

    private Future<Void> settle(int route, List<Settlement> settlements) {
        Promise<Void> promise = promise();
        RouteReader reader = readers.get(route);
        if (reader == null) {
            promise.fail(unknown(route));
        } else {
            reader.desk().settle(settlements, promise, System.nanoTime());
        }
        return promise.future();
    }

    @Override
    public boolean holds(Delivery delivery) {
        return ((Taken) delivery.place()).holding.alive();
    }

    @Override
    public Future<List<ParkedKey>> parked(int route, int max) {
        Promise<List<ParkedKey>> promise = promise();
        RouteReader reader = readers.get(route);
        if (reader == null) {
            promise.fail(unknown(route));
        } else if (!lanes) {
            promise.complete(List.of());
        } else {
            reader.desk().parked(max, promise);
        }
        return promise.future();
    }

    @Override
    public Future<List<Delivery>> takeParked(int route, Buffer key, int max) {
        Promise<List<Delivery>> promise = promise();
        RouteReader reader = readers.get(route);
        if (reader == null) {
            promise.fail(unknown(route));
            return promise.future();
        }
        takeParked(reader, key, max, promise);
        return promise.future();
    }

    private void takeParked(RouteReader reader, Buffer key, int max, Promise<List<Delivery>> promise) {
        List<ParkedLanes.Parked> heads = reader.desk().heads(key, max);
        if (heads == null) {
            reader.order(() -> {
                if (reader.desk().isClosed()) {
                    promise.complete(List.of());
                } else {
                    takeParked(reader, key, max, promise);
                }
            });
            return;
        }
        List<Delivery> inMemory = new ArrayList<>(heads.size());
        for (ParkedLanes.Parked head : heads) {
            Delivery delivery = head.delivery;
            if (delivery != null) {
                inMemory.add(delivery);
            }
        }
        if (inMemory.size() == heads.size()) {
            promise.complete(inMemory);
        } else {
            reader.order(() -> {
                try {
                    promise.complete(reader.deliveries(heads));
                } catch (RuntimeException e) {
                    promise.fail(new WalException(ErrorCode.UNAVAILABLE, "parked lanes: " + e.getMessage(), e));
                }
            });
        }
    }

    /** From memory: {@code scheduled} is what went to the tiers from partitions held here and is not back. */
    @Override
    public QueueDepth depth(int route) {
        RouteReader reader = readers.get(route);
        return reader == null ? QueueDepth.EMPTY : reader.desk().depth();
    }

    /** How many a watermark alone would have repeated so far; any thread. */
    long aboveWatermarks() {
        return readers.values().stream()
                .mapToLong(reader -> reader.desk().aboveWatermarks())
                .sum();
    }

    /** Commits what is settled by now; fails UNAVAILABLE where that can't be done. */
    @Override
    public Future<Void> commit() {
        List<Future<Void>> all = new ArrayList<>();
        for (RouteReader reader : readers.values()) {
            Promise<Void> promise = promise();
            all.add(promise.future());
            reader.order(() -> {
                Throwable why = null;
                try {
                    if (!reader.desk().isClosed() && !reader.commitNow()) {
                        why = new IllegalStateException("the broker does not take it");
                    }
                } catch (KafkaException | IllegalStateException e) {
                    why = e;
                }
                end(promise, why);
            });
        }
        return Future.join(all).mapEmpty();
    }

    private static void end(Promise<Void> promise, @Nullable Throwable why) {
        if (why == null) {
            promise.complete();
        } else {
            promise.fail(new WalException(ErrorCode.UNAVAILABLE, "commit: " + why.getMessage(), why));
        }
    }

    /** As {@code Queue.atRest}. */
    void atRest() {
        readers.values().forEach(RouteReader::atRest);
    }

    /** Ends takes empty, commits, leaves the groups. */
    @Override
    public Future<Void> close() {
        return end(false);
    }

    /** As kill -9 would: for tests of crashes in one process. */
    Future<Void> abandon() {
        return end(true);
    }

    private Future<Void> end(boolean abandon) {
        closed = true;
        for (RouteReader reader : readers.values()) {
            if (abandon) {
                reader.abandon();
            } else {
                reader.stop();
            }
        }
        Promise<Void> promise = promise();
        awaitStopped(promise);
        return promise.future();
    }

    private void awaitStopped(Promise<Void> promise) {
        if (readers.values().stream().allMatch(RouteReader::stopped)) {
            promise.complete();
        } else {
            vertx.setTimer(CLOSE_LOOK_MILLIS, id -> awaitStopped(promise));
        }
    }

    private WalException unknown(int route) {
        return new WalException(
                closed ? ErrorCode.UNAVAILABLE : ErrorCode.NOT_FOUND,
                "route " + route + " of namespace " + namespace + ": not here (expected: one of " + readers.keySet()
                        + ")");
    }

    private <T> Promise<T> promise() {
        return ((ContextInternal) vertx.getOrCreateContext()).promise();
    }
}

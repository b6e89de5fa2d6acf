package io.forelog.queue.kafka;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.queue.ParkedKey;
import io.forelog.queue.QueueDepth;
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
import java.util.function.IntFunction;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/**
 * Taking and settling of one namespace on Kafka: a {@link RouteReader} a route. Any Vert.x context; futures end on the caller's.
 * What is DELIVERED, EXPIRED or MOVED is marked when its future ends and committed at the next interval; RETRY, PARK and DEAD
 * are written, with their mark, when it ends.
 */
final class KafkaConsumption {
    private static final long CLOSE_LOOK_MILLIS = 20;
    private static final long YOUNGER = Duration.ofHours(1).toMillis();

    private final Vertx vertx;
    private final String namespace;
    private final boolean ordered;
    private final ReaderSettings settings;
    private final IntFunction<String> groups;
    private final Ticker ticker;
    private final Map<Integer, RouteReader> readers = new ConcurrentHashMap<>();
    private volatile IntFunction<RouteTopics> topics;
    private volatile boolean closed;

    /**
     * @param groups the consumer group of each route
     * @param topics the topics of each route; they exist
     */
    KafkaConsumption(
            Vertx vertx,
            String namespace,
            boolean ordered,
            List<Integer> routes,
            IntFunction<String> groups,
            IntFunction<RouteTopics> topics,
            ReaderSettings settings,
            Ticker ticker) {
        this.vertx = vertx;
        this.namespace = namespace;
        this.ordered = ordered;
        this.groups = groups;
        this.topics = topics;
        this.settings = settings;
        this.ticker = ticker;
        routes.forEach(route -> open(route, 0));
    }

    private void open(int route, long startMillis) {
        RouteReader reader = new RouteReader(
                namespace, route, groups.apply(route), ordered, topics.apply(route), settings, startMillis, ticker);
        readers.put(route, reader);
        reader.start();
    }

    /** Routes that come begin an hour back: nothing older can name them. Those that go leave their group. */
    void update(List<Integer> routes, IntFunction<RouteTopics> nextTopics) {
        topics = nextTopics;
        for (Integer route : routes) {
            RouteReader known = readers.get(route);
            if (known == null && !closed) {
                open(route, System.currentTimeMillis() - YOUNGER);
            } else if (known != null) {
                known.topics(nextTopics.apply(route));
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

    Future<List<Delivery>> take(int route, int max, long bytesMax) {
        Promise<List<Delivery>> promise = promise();
        RouteReader reader = readers.get(route);
        if (reader == null) {
            promise.fail(unknown(route));
        } else {
            reader.desk().take(Math.max(1, max), bytesMax, promise);
        }
        return promise.future();
    }

    Future<Void> settle(List<Settlement> settlements) {
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

    Future<List<ParkedKey>> parked(int route, int max) {
        Promise<List<ParkedKey>> promise = promise();
        RouteReader reader = readers.get(route);
        if (reader == null) {
            promise.fail(unknown(route));
        } else if (!ordered) {
            promise.complete(List.of());
        } else {
            reader.desk().parked(max, promise);
        }
        return promise.future();
    }

    Future<List<Delivery>> takeParked(int route, Buffer key, int max) {
        Promise<List<Delivery>> promise = promise();
        RouteReader reader = readers.get(route);
        if (reader == null) {
            promise.fail(unknown(route));
            return promise.future();
        }
        List<ParkedLanes.Parked> heads = reader.desk().heads(key, max);
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
                } catch (KafkaException e) {
                    promise.fail(new WalException(ErrorCode.UNAVAILABLE, "parked lanes: " + e.getMessage(), e));
                }
            });
        }
        return promise.future();
    }

    /** From memory: {@code scheduled} is what went to the tiers from partitions held here and is not back. */
    QueueDepth depth(int route) {
        RouteReader reader = readers.get(route);
        return reader == null ? QueueDepth.EMPTY : reader.desk().depth();
    }

    /** Commits what is settled by now; fails UNAVAILABLE where that can't be done. */
    Future<Void> commit() {
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

    /** Ends takes empty, commits, leaves the groups. */
    Future<Void> close() {
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

package io.forelog.queue.kafka;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.queue.Capabilities;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.DeadLetterCursor;
import io.forelog.queue.EntryStatus;
import io.forelog.queue.LogEntry;
import io.forelog.queue.LogRange;
import io.forelog.queue.Page;
import io.forelog.queue.ParkedKey;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueDepth;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.RouteChange;
import io.forelog.queue.Settlement;
import io.forelog.queue.Tally;
import io.forelog.queue.Transfer;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The queue of one namespace on Kafka: a front for who appends, who consumes and who reads. Any Vert.x context. While its cluster is
 * away at the start it refuses appends (FALSE, nothing was handed over) and lets takes wait, and looks again every few seconds:
 *
 * <pre>
 * OPENING -> SERVING -> CLOSED
 * </pre>
 */
final class KafkaQueue implements Queue {
    private static final Logger LOG = LoggerFactory.getLogger(KafkaQueue.class);
    private static final long AGAIN_MILLIS = 3_000;
    private static final long KEEP_HOUSE_MILLIS = 60_000;

    private final KafkaCluster cluster;
    private final Topics topics;
    private final CreatedTopics created;
    private final Ticker ticker;
    private final Consumer<KafkaQueue> closing;
    private final Doorstep doorstep = new Doorstep();
    private volatile QueueSpec spec;
    private volatile @Nullable Works works;
    private volatile String why = "being opened";
    private volatile boolean closed;
    private volatile @Nullable Tally lastTally;
    private long housekeeping = -1;

    /** All that works once the topics are there. */
    private record Works(
            Appends appends,
            KafkaConsumption consumption,
            LogScan scan,
            DeadLetters deadLetters,
            RangeRead ranges,
            Census census,
            Housekeeping housekeeping) {}

    KafkaQueue(
            KafkaCluster cluster,
            Topics topics,
            CreatedTopics created,
            QueueSpec spec,
            Ticker ticker,
            Consumer<KafkaQueue> closing) {
        this.cluster = cluster;
        this.topics = topics;
        this.created = created;
        this.spec = spec;
        this.ticker = ticker;
        this.closing = closing;
    }

    KafkaCluster cluster() {
        return cluster;
    }

    @Override
    public String trouble() {
        return cluster.trouble(spec.namespace());
    }

    // ---- opening

    /** Fails where it can't ever work; a cluster that is away is asked again later. */
    Future<Void> open() {
        return attempt().recover(failure -> {
            WalException said = cluster.said(failure);
            if (said.code() != ErrorCode.UNAVAILABLE) {
                return Future.failedFuture(said);
            }
            why = String.valueOf(said.getMessage());
            cluster.trouble(spec.namespace(), why);
            LOG.atError()
                    .addKeyValue(LogKeys.NAMESPACE, spec.namespace())
                    .addKeyValue(LogKeys.REASON, why)
                    .log("the queue waits for its Kafka cluster");
            later();
            return Future.succeededFuture();
        });
    }

    private void later() {
        cluster.vertx().setTimer(AGAIN_MILLIS, id -> {
            if (!closed) {
                attempt().onFailure(failure -> {
                    why = String.valueOf(failure.getMessage());
                    cluster.trouble(spec.namespace(), why);
                    later();
                });
            }
        });
    }

    private Future<Void> attempt() {
        QueueSpec opening = spec;
        return cluster.probe()
                .compose(asked -> cluster.connect())
                .compose(connected -> topics.plan(opening))
                .compose(plan -> topics.ensure(plan, opening))
                .compose(layout ->
                        cluster.id().compose(id -> cluster.vertx().executeBlocking(() -> begin(opening, layout, id))))
                .compose(begun -> {
                    if (closed) {
                        return end(begun);
                    }
                    works = begun;
                    why = "";
                    cluster.trouble(opening.namespace(), "");
                    housekeeping = cluster.vertx()
                            .setPeriodic(
                                    KEEP_HOUSE_MILLIS,
                                    id -> begun.housekeeping().run(spec));
                    doorstep.open();
                    return Future.succeededFuture();
                });
    }

    private Works begin(QueueSpec opening, Appends.Layout layout, String clusterId) {
        String namespace = opening.namespace();
        Appends appends =
                new Appends(cluster.sender(), cluster.clock(), cluster.node().node(), ticker, layout);
        LogScan scan = new LogScan(cluster, KafkaNames.deadLetterGroup(namespace));
        DeadLetters deadLetters = new DeadLetters(
                scan,
                appends,
                namespace,
                ticker,
                new Transactor(cluster.connection(), DeadLetters.transactionalId(namespace)));
        ReaderSettings reading =
                ReaderSettings.of(cluster.connection(), cluster.node().node(), cluster.clock());
        cluster.pumpTiers(clusterId, reading);
        KafkaConsumption consumption = new KafkaConsumption(
                cluster.vertx(),
                opening,
                layout.plan().lanes(),
                cluster.shard(),
                reading,
                ticker,
                (route, text) -> cluster.trouble(namespace, route, text));
        Census census = new Census(cluster, topics, scan, deadLetters, appends, namespace);
        return new Works(
                appends,
                consumption,
                scan,
                deadLetters,
                new RangeRead(scan, appends, namespace),
                census,
                new Housekeeping(cluster, topics, created, scan, deadLetters, appends, ticker));
    }

    @Override
    public QueueSpec spec() {
        return spec;
    }

    @Override
    public Future<Void> update(QueueSpec next) {
        TopicPlan plan;
        try {
            plan = TopicPlan.of(next, cluster.shard());
        } catch (WalException e) {
            return Future.failedFuture(e);
        }
        Works now = works;
        if (now == null) {
            spec = next;
            return Future.succeededFuture();
        }
        boolean lanes = now.appends().layout().plan().lanes();
        return topics.ensure(lanes ? plan.withLanes() : plan, next).map(layout -> {
            now.consumption().update(next);
            now.appends().update(layout);
            spec = next;
            return null;
        });
    }

    @Override
    public Capabilities capabilities() {
        return KafkaQueueProvider.CAPABILITIES;
    }

    // ---- producing

    @Override
    public Future<List<AppendOutcome>> append(List<Entry> entries) {
        Works now = works;
        if (now == null || closed) {
            String text = "namespace " + spec.namespace() + ": " + (closed ? "its queue is closed" : why);
            return Future.succeededFuture(entries.stream()
                    .map(entry -> AppendOutcome.refused(entry.id(), ErrorCode.UNAVAILABLE, text))
                    .toList());
        }
        return now.appends().append(entries);
    }

    @Override
    public Future<Void> moveIn(List<Transfer> transfers) {
        return on(now -> now.appends().moveIn(transfers));
    }

    @Override
    public Future<Void> readmit(List<Entry> entries, int route) {
        return on(now -> now.appends().readmit(entries, route));
    }

    // ---- consuming

    @Override
    public Future<List<Delivery>> take(int route, int max, long bytesMax) {
        Works now = works;
        if (now != null && !closed) {
            return now.consumption().take(route, max, bytesMax);
        } else if (closed) {
            return Future.succeededFuture(List.of());
        }
        return doorstep.passed().compose(open -> take(route, max, bytesMax));
    }

    @Override
    public Future<Void> settle(List<Settlement> settlements) {
        return on(now -> now.consumption().settle(settlements));
    }

    @Override
    public Future<List<ParkedKey>> parked(int route, int max) {
        return on(now -> now.consumption().parked(route, max));
    }

    @Override
    public Future<List<Delivery>> takeParked(int route, Buffer key, int max) {
        return on(now -> now.consumption().takeParked(route, key, max));
    }

    private <T> Future<T> on(Function<Works, Future<T>> what) {
        Works now = works;
        return now == null || closed
                ? Future.failedFuture(new WalException(
                        ErrorCode.UNAVAILABLE,
                        "namespace " + spec.namespace() + ": " + (closed ? "its queue is closed" : why)))
                : what.apply(now);
    }

    // ---- single entries

    @Override
    public Future<Optional<EntryStatus>> find(EntryId id) {
        return unsupported("to look up an entry");
    }

    @Override
    public Future<Optional<EntryStatus>> findByToken(String token) {
        return unsupported("to look up a token");
    }

    @Override
    public Future<List<RouteChange>> cancel(EntryId id) {
        return unsupported("to cancel");
    }

    @Override
    public Future<List<RouteChange>> reschedule(EntryId id, long dueMicros) {
        return unsupported("to reschedule");
    }

    private <T> Future<T> unsupported(String what) {
        return Future.failedFuture(new WalException(
                ErrorCode.NOT_SUPPORTED,
                "namespace " + spec.namespace() + ": a queue of type KAFKA is not able " + what
                        + " (expected: a queue of type EMBEDDED)"));
    }

    // ---- dead letters, range read

    @Override
    public Future<Page<DeadLetter>> deadLetters(DeadLetterCursor after, int limit) {
        return on(now -> now.deadLetters().list(after, limit));
    }

    @Override
    public Future<Optional<DeadLetter>> deadLetter(String id) {
        return on(now -> now.deadLetters().find(id));
    }

    @Override
    public Future<Integer> redrive(List<String> ids) {
        return on(now -> now.deadLetters().redrive(ids));
    }

    @Override
    public Future<Integer> purge(List<String> ids) {
        return on(now -> now.deadLetters().purge(ids));
    }

    @Override
    public Future<Page<LogEntry>> read(LogRange range, String cursor, int limit) {
        return on(now -> now.ranges().read(range, cursor, limit));
    }

    // ---- state

    @Override
    public Future<Tally> tally() {
        return on(now -> now.census().count(now.consumption()::commit).onSuccess(tally -> lastTally = tally));
    }

    /** The tiers are a shard's. Known from the first {@link #tally} on. */
    @Override
    public long onlyHere(int route) {
        return lastTally == null ? 1 : depth(route).scheduled();
    }

    /** What waits in topics that are not read here, and the dead letters, as the last {@link #tally} found them. */
    @Override
    public QueueDepth depth(int route) {
        Works now = works;
        if (now == null) {
            return QueueDepth.EMPTY;
        }
        QueueDepth here = now.consumption().depth(route);
        Tally counted = lastTally;
        if (counted == null) {
            return here;
        }
        for (Tally.RouteTally each : counted.routes()) {
            if (each.route() == route) {
                return new QueueDepth(
                        here.ready(),
                        Math.max(here.scheduled(), now.census().scheduled(route)),
                        here.inFlight(),
                        here.parked(),
                        each.deadStored(),
                        here.oldestDueMicros(),
                        here.storedBytes());
            }
        }
        return here;
    }

    @Override
    public boolean holds(Delivery delivery) {
        Works now = works;
        return now != null && now.consumption().holds(delivery);
    }

    @Override
    public void atRest() {
        Works now = works;
        if (now != null) {
            now.consumption().atRest();
        }
    }

    @Override
    public Future<Void> close() {
        return close(KafkaConsumption::close);
    }

    /** What is settled is committed: by itself it is at intervals. */
    Future<Void> commit() {
        return on(now -> now.consumption().commit());
    }

    /** As kill -9 would: for tests of crashes in one process. */
    Future<Void> abandon() {
        return close(KafkaConsumption::abandon);
    }

    private Future<Void> close(Function<KafkaConsumption, Future<Void>> how) {
        if (closed) {
            return Future.succeededFuture();
        }
        closed = true;
        cluster.vertx().cancelTimer(housekeeping);
        Works now = works;
        doorstep.open();
        Future<Void> ended = now == null ? Future.succeededFuture() : end(now, how);
        return ended.onComplete(done -> closing.accept(this));
    }

    private Future<Void> end(Works begun) {
        return end(begun, KafkaConsumption::close);
    }

    private Future<Void> end(Works now, Function<KafkaConsumption, Future<Void>> how) {
        now.appends().close();
        cluster.sender().forget(Housekeeping.topics(now.appends().layout().plan()));
        return how.apply(now.consumption())
                .transform(done -> now.deadLetters().close())
                .transform(done -> {
                    now.scan().close();
                    return Future.succeededFuture();
                });
    }

    /** Deletes what Forelog made for this namespace alone. The queue is closed. */
    Future<Void> delete() {
        TopicPlan plan = TopicPlan.of(spec, cluster.shard()).withLanes();
        List<String> groups = new java.util.ArrayList<>(List.of(KafkaNames.deadLetterGroup(spec.namespace())));
        plan.routes().forEach(route -> groups.add(KafkaNames.group(spec.namespace(), route)));
        return topics.delete(Housekeeping.topics(plan), spec.namespace())
                .compose(deleted -> cluster.ask(
                                admin -> admin.deleteConsumerGroups(groups).all())
                        .otherwiseEmpty())
                .onSuccess(deleted -> cluster.ended(spec.namespace()));
    }

    /** What is done every minute, at once; for tests. */
    Future<Void> free() {
        return on(now -> now.housekeeping().free(spec));
    }

    /** As once a minute: partitions that were added are taken note of. For tests. */
    Future<Appends.Layout> grow() {
        return on(now -> now.housekeeping().grow(spec).map(done -> now.appends().layout()));
    }
}

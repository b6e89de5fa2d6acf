package io.forelog.admin;

import io.forelog.config.Namespace;
import io.forelog.observe.LogKeys;
import io.forelog.observe.MetricNames;
import io.forelog.queue.Queue;
import io.forelog.queue.Tally;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts the books of every namespace in turn, round after round, and says so once where they do not balance. Its own
 * event loop context; the counting is the queue's. Bounded: one count at a time, a twentieth of the time at most where a
 * round takes longer than the pause allows, meters as many as live routes.
 */
public final class Auditor extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(Auditor.class);

    /** A queue that counts by reading competes with its writers. */
    private static final int PAUSE_PER_ROUND = 19;

    /** In the place of a target: what was lost where all namespaces of a shard wait; nobody can say whose. */
    static final String WAITING = "(waiting)";

    private final NodeServices node;
    private final MeterRegistry registry;
    private final Duration pause;
    private final Map<String, Books> books = new HashMap<>();

    /** What was last found for one namespace; the numbers are read by the registry's threads. */
    private static final class Books {
        private final AtomicLong balanced = new AtomicLong(1);
        private final Map<String, AtomicLong> lost = new HashMap<>();
        private final List<Meter> meters = new ArrayList<>();
    }

    /** {@code pause} between two rounds, at least. */
    public Auditor(NodeServices node, MeterRegistry registry, Duration pause) {
        this.node = node;
        this.registry = registry;
        this.pause = pause;
    }

    @Override
    public Future<?> start() {
        schedule(0);
        return Future.succeededFuture();
    }

    @Override
    public Future<?> stop() {
        books.values().forEach(this::forget);
        return Future.succeededFuture();
    }

    private void schedule(long roundMillis) {
        vertx.setTimer(Math.max(1, Math.max(pause.toMillis(), PAUSE_PER_ROUND * roundMillis)), ignored -> round());
    }

    private void round() {
        Set<String> names = new TreeSet<>();
        node.namespaces().all().forEach(namespace -> names.add(namespace.name()));
        for (Iterator<Map.Entry<String, Books>> kept = books.entrySet().iterator(); kept.hasNext(); ) {
            Map.Entry<String, Books> one = kept.next();
            if (!names.contains(one.getKey())) {
                forget(one.getValue());
                kept.remove();
            }
        }
        next(names.iterator(), System.nanoTime());
    }

    private void next(Iterator<String> names, long beganNanos) {
        if (!names.hasNext()) {
            schedule((System.nanoTime() - beganNanos) / 1_000_000);
            return;
        }
        String name = names.next();
        Future<Tally> tally = node.queue(name).map(Queue::tally).orElse(null);
        if (tally == null) {
            context.runOnContext(ignored -> next(names, beganNanos));
            return;
        }
        tally.onComplete(result -> {
            if (result.succeeded()) {
                found(name, result.result());
            } else {
                LOG.atDebug()
                        .addKeyValue(LogKeys.NAMESPACE, name)
                        .setCause(result.cause())
                        .log("the books can't be counted now");
            }
            context.runOnContext(ignored -> next(names, beganNanos));
        });
    }

    /** One namespace's books as they were counted. */
    void found(String name, Tally tally) {
        Books kept = books.computeIfAbsent(name, this::open);
        // An estimate that does not add up is no alarm.
        boolean balanced = !tally.exact() || AuditApi.balanced(tally);
        Namespace namespace = node.namespaces().find(name);
        for (Tally.RouteTally route : tally.routes()) {
            lost(kept, name, Views.target(namespace, route.route())).set(route.lost());
        }
        if (tally.lostWaiting() > 0) {
            lost(kept, name, WAITING).set(tally.lostWaiting());
        }
        long before = kept.balanced.getAndSet(balanced ? 1 : 0);
        if (!balanced && before == 1) {
            LOG.atError()
                    .addKeyValue(LogKeys.NAMESPACE, name)
                    .addKeyValue(LogKeys.REASON, tally.routes())
                    .log("the audit does not balance: entries may have been lost or counted twice");
        } else if (balanced && before == 0) {
            LOG.atInfo().addKeyValue(LogKeys.NAMESPACE, name).log("the audit balances again");
        }
    }

    private Books open(String name) {
        Books opened = new Books();
        opened.meters.add(Gauge.builder(MetricNames.BALANCED, opened.balanced, AtomicLong::get)
                .description(
                        "1 where accepted + moved_in = delivered + pending + dead + expired + cancelled + moved_out + lost")
                .tag(MetricNames.NAMESPACE, name)
                .register(registry));
        opened.meters.add(Gauge.builder(MetricNames.STORED_BYTES, () -> storedBytes(name))
                .description("bytes stored for the namespace, all routes")
                .tag(MetricNames.NAMESPACE, name)
                .register(registry));
        return opened;
    }

    /** From memory; a registry's thread may ask. */
    private long storedBytes(String name) {
        Namespace namespace = node.namespaces().find(name);
        return namespace == null || namespace.routes().isEmpty()
                ? 0
                : node.queue(name)
                        .map(queue -> queue.depth(namespace
                                        .routes()
                                        .values()
                                        .iterator()
                                        .next()
                                        .id())
                                .storedBytes())
                        .orElse(0L);
    }

    private AtomicLong lost(Books kept, String name, String target) {
        return kept.lost.computeIfAbsent(target, made -> {
            AtomicLong lost = new AtomicLong();
            kept.meters.add(FunctionCounter.builder(MetricNames.LOST, lost, AtomicLong::get)
                    .description("obligations found missing in the log")
                    .tag(MetricNames.NAMESPACE, name)
                    .tag(MetricNames.TARGET, target)
                    .register(registry));
            return lost;
        });
    }

    private void forget(Books gone) {
        gone.meters.forEach(registry::remove);
    }
}

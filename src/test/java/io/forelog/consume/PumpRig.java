package io.forelog.consume;

import io.forelog.config.Namespace;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.queue.DeadLetter;
import io.forelog.queue.DeadLetterCursor;
import io.forelog.queue.Entries;
import io.forelog.queue.HandTicker;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.Tally;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** A consumer pump without Vert.x: its logic, a queue in memory, scripted targets, and time turned by hand. */
final class PumpRig {
    static final Outcome DOWN = Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, "503 down", Duration.ZERO);
    static final Outcome BAD = Outcome.rejected(ErrorCode.TARGET_REJECTED, "400 bad", false);
    static final Outcome FORBIDDEN = Outcome.rejected(ErrorCode.TARGET_REJECTED, "403 forbidden", true);

    final HandTicker ticker = new HandTicker();
    final Entries entries = new Entries(ticker, Documents.NAMESPACE);
    final ScriptedTarget target = new ScriptedTarget(ticker);
    final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    InMemoryQueue queue;
    RouteFlows flows;
    private Courier courier = target;
    private int parkedKeysMax = Lanes.PARKED_KEYS_MAX;
    private long seed = 1;
    /** What the register would keep. */
    Map<String, String> kept = Map.of();

    private boolean soon;
    private long next;

    static PumpRig of(Namespace namespace) {
        return of(namespace, Lanes.PARKED_KEYS_MAX);
    }

    static PumpRig of(Namespace namespace, int parkedKeysMax) {
        return of(namespace, parkedKeysMax, null);
    }

    /** {@code courier} null = {@link #target}. */
    static PumpRig of(Namespace namespace, int parkedKeysMax, Courier courier) {
        PumpRig rig = new PumpRig();
        rig.courier = courier == null ? rig.target : courier;
        rig.parkedKeysMax = parkedKeysMax;
        rig.queue = new InMemoryQueue(spec(namespace), rig.ticker);
        rig.start(namespace, Map.of());
        return rig;
    }

    private static QueueSpec spec(Namespace namespace) {
        QueueSpec spec = InMemoryQueue.spec(
                Documents.NAMESPACE, namespace.defaultRoutes().toArray(Integer[]::new));
        return new QueueSpec(
                spec.namespace(),
                spec.routes(),
                namespace.document().delivery().order() == Order.KEY,
                spec.serves(),
                spec.retention(),
                spec.deadLetterRetention(),
                spec.quotaBytes(),
                spec.ownDatabase(),
                spec.config());
    }

    void start(Namespace namespace, Map<String, String> pauses) {
        flows = new RouteFlows(
                namespace,
                queue,
                courier,
                ticker,
                metrics,
                () -> soon = true,
                new SplittableRandom(seed++),
                parkedKeysMax,
                () -> kept = flows.kept());
        flows.start(pauses);
        run();
    }

    /** The process dies and starts again. */
    void crash(Namespace namespace) {
        flows.close();
        queue = queue.crash();
        start(namespace, Map.of());
    }

    void append(Entry... some) {
        queue.append(List.of(some));
        run();
    }

    /** Until nothing more happens at this moment. */
    void run() {
        do {
            soon = false;
            next = flows.turn();
            queue.tick();
        } while (soon);
    }

    /** Lets time pass, in steps no longer than 10 ms while something waits. */
    void pass(Duration time) {
        long end = ticker.micros() + time.toNanos() / 1_000L;
        while (ticker.micros() < end) {
            long step = Math.min(end - ticker.micros(), Math.max(1_000L, Math.min(next - ticker.micros(), 10_000L)));
            ticker.turnMicros(step);
            queue.tick();
            run();
        }
    }

    PumpStatus status(int route) {
        return flows.status().stream()
                .filter(status -> status.route() == route)
                .findFirst()
                .orElseThrow();
    }

    List<DeadLetter> deadLetters() {
        return queue.deadLetters(new DeadLetterCursor(-1, ""), 100_000).result().items();
    }

    Tally.RouteTally tally(int route) {
        return queue.tally().result().routes().stream()
                .filter(tally -> tally.route() == route)
                .findFirst()
                .orElseThrow();
    }
}

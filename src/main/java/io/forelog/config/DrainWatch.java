package io.forelog.config;

import io.forelog.config.Deployer.Left;
import io.forelog.config.Namespace.Route;
import io.forelog.config.Namespace.State;
import io.forelog.model.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds what retires and has had nothing left for a while: routes without a target, namespaces without a document. Owned by
 * the {@link Reconciler}'s context; holds a time a retiring route.
 */
final class DrainWatch {
    static final String WAITS = "retiring: ";

    private final Deployer deployer;
    private final Ticker ticker;
    private final long whileMicros;
    private final Map<String, Map<Integer, Long>> emptySince = new HashMap<>();
    private final Map<String, String> waiting = new HashMap<>();

    /** {@code quiet}: how long nothing may be left. */
    DrainWatch(Deployer deployer, Ticker ticker, Duration quiet) {
        this.deployer = deployer;
        this.ticker = ticker;
        this.whileMicros = quiet.toNanos() / 1_000;
    }

    /** Those from which something can go now. */
    Collection<Namespace> look(Collection<Namespace> live) {
        List<Namespace> ready = new ArrayList<>();
        waiting.clear();
        for (Namespace namespace : live) {
            if (namespace.state() == State.RETIRING) {
                if (deployer.mayEnd(namespace) & whole(namespace)) {
                    ready.add(namespace);
                }
            } else if (namespace.state() == State.DISCARDING) {
                if (deployer.mayEnd(namespace) & discarded(namespace)) {
                    ready.add(namespace);
                }
            } else if (namespace.state() == State.LEAVING) {
                if (left(namespace)) {
                    ready.add(namespace);
                }
            } else if (!empty(namespace).isEmpty() | !emptyQueues(namespace).isEmpty()) {
                ready.add(namespace);
            }
        }
        return ready;
    }

    /** What waits for something, in words, by namespace. */
    Map<String, String> waiting() {
        return waiting;
    }

    void forget(String namespace) {
        emptySince.remove(namespace);
    }

    /**
     * The retiring targets of {@code namespace} whose routes have been empty long enough. Dead letters hold a route too:
     * without it nobody could redrive them.
     */
    Set<String> empty(Namespace namespace) {
        Set<String> gone = new TreeSet<>();
        for (Map.Entry<String, Route> route : namespace.routes().entrySet()) {
            if (route.getValue().retiring()) {
                Left left = deployer.left(namespace, route.getValue().id());
                boolean nothing = left.undelivered() == 0 && left.dead() == 0;
                if (quiet(namespace.name(), route.getValue().id(), nothing)) {
                    gone.add(route.getKey());
                }
            }
        }
        return gone;
    }

    /** The queues that drain and have been empty long enough. */
    Set<Integer> emptyQueues(Namespace namespace) {
        Set<Integer> gone = new TreeSet<>();
        for (QueueGeneration queue : namespace.queues()) {
            // Routes count from 1; the same book keeps queues below zero.
            if (queue.draining() && quiet(namespace.name(), -queue.id(), deployer.drained(namespace, queue.id()))) {
                gone.add(queue.id());
            }
        }
        return gone;
    }

    /** Dead letters are kept until somebody has redriven or purged them, or their retention is over. */
    private boolean whole(Namespace namespace) {
        long undelivered = 0;
        long dead = 0;
        boolean quiet = true;
        for (Route route : namespace.routes().values()) {
            Left left = deployer.left(namespace, route.id());
            undelivered += left.undelivered();
            dead += left.dead();
            quiet &= quiet(namespace.name(), route.id(), left.undelivered() == 0 && left.dead() == 0);
        }
        if (undelivered > 0 || dead > 0) {
            waiting.put(
                    namespace.name(),
                    WAITS + undelivered + " obligations to be delivered, " + dead
                            + " dead letters to be redriven or purged (forelog dlq purge lets it go)");
        }
        return quiet;
    }

    private boolean discarded(Namespace namespace) {
        boolean known = deployer.isEndedEverywhere(namespace);
        if (!known) {
            waiting.put(namespace.name(), "discarding: a node may still take writes");
        }
        return quiet(namespace.name(), 0, known);
    }

    private boolean left(Namespace namespace) {
        boolean handedOver = deployer.handedOver(namespace);
        if (!handedOver) {
            waiting.put(
                    namespace.name(),
                    "leaving: what only this shard can get at has to be delivered, its dead letters to be redriven or purged");
        }
        return quiet(namespace.name(), 0, handedOver);
    }

    private boolean quiet(String namespace, int route, boolean nothingLeft) {
        Map<Integer, Long> since = emptySince.computeIfAbsent(namespace, name -> new HashMap<>());
        if (!nothingLeft) {
            since.remove(route);
            return false;
        }
        long now = ticker.micros();
        return now - since.computeIfAbsent(route, id -> now) >= whileMicros;
    }
}

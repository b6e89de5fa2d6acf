package io.forelog.app;

import io.forelog.config.Deployer;
import io.forelog.config.Namespace;
import io.forelog.config.QueueGeneration;
import io.forelog.observe.LogKeys;
import io.forelog.observe.MetricNames;
import io.forelog.queue.CombinedQueue;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueDepth;
import io.forelog.queue.Tally;
import io.micrometer.core.instrument.Tags;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out what the reconciler decides, one namespace at a time: starts, changes and stops their runtimes. Changes
 * come from the reconciler's context alone; look-ups from any thread. Bounded by the number of namespaces.
 */
final class NamespaceRuntimes implements Deployer {
    private static final Logger LOG = LoggerFactory.getLogger(NamespaceRuntimes.class);

    private final NodeParts parts;
    private final Consumer<String> gone;
    private final Map<String, NamespaceRuntime> runtimes = new ConcurrentHashMap<>();

    /** {@code gone} is told the name of every namespace that was removed. */
    NamespaceRuntimes(NodeParts parts, Consumer<String> gone) {
        this.parts = parts;
        this.gone = gone;
    }

    Optional<NamespaceRuntime> find(String namespace) {
        return Optional.ofNullable(runtimes.get(namespace));
    }

    Optional<Queue> queue(String namespace) {
        return find(namespace).flatMap(NamespaceRuntime::queue);
    }

    Collection<NamespaceRuntime> all() {
        return List.copyOf(runtimes.values());
    }

    @Override
    public Future<Void> add(Namespace next) {
        NamespaceRuntime late = runtimes.get(next.name());
        // One whose start ended after its time limit: a queue is opened once.
        if (late != null && late.queue().isPresent()) {
            return replace(late.namespace(), next);
        }
        return start(next, true);
    }

    private Future<Void> start(Namespace next, boolean patient) {
        NamespaceRuntime runtime = new NamespaceRuntime(parts, next, patient);
        return runtime.start().onSuccess(started -> runtimes.put(next.name(), runtime));
    }

    /**
     * Changes a running one. Where its queue must be opened anew, what is taken in meanwhile is answered FALSE; where that
     * fails the old configuration is started again. The same again: its queue has moved, or what was left here is delivered.
     */
    @Override
    public Future<Void> replace(Namespace old, Namespace next) {
        NamespaceRuntime runtime = runtimes.get(old.name());
        if (runtime == null) {
            return add(next);
        }
        boolean again = old.equals(next) || runtime.mustRestartFor(next);
        if (!runtime.place().isHere() && !again) {
            return runtime.update(next);
        }
        if (!again) {
            List<Integer> gone = old.queues().stream()
                    .map(QueueGeneration::id)
                    .filter(id -> next.queues().stream().noneMatch(queue -> queue.id() == id))
                    .toList();
            boolean freed = Placement.isPinned(old) && !Placement.isPinned(next);
            return runtime.queues()
                    .checkEmpty(gone)
                    .compose(empty -> runtime.update(next))
                    .compose(updated -> freed ? parts.homes().release(next.name()) : Future.succeededFuture());
        }
        boolean leaves = old.equals(next) && parts.homes().isToLeave(next.name());
        return runtime.queues().tryNew(old, next).compose(usable -> restart(runtime, old, next, leaves));
    }

    private Future<Void> restart(NamespaceRuntime runtime, Namespace old, Namespace next, boolean leaves) {
        Future<Void> ended = old.equals(next) && isGivenAway(runtime) ? giveUp(runtime) : runtime.stop();
        return ended.compose(stopped -> leaves ? parts.homes().leave(next.name()) : Future.succeededFuture())
                .compose(left -> start(next, old.equals(next)))
                .recover(failure -> start(old, true).transform(restored -> Future.failedFuture(failure)));
    }

    @Override
    public boolean isMisplaced(Namespace namespace) {
        NamespaceRuntime runtime = runtimes.get(namespace.name());
        return runtime != null
                && namespace.queues().stream().anyMatch(queue -> Placement.isEmbedded(queue) && !queue.draining())
                && (parts.homes().isMisplaced(namespace.name(), runtime.place())
                        || parts.homes().isToLeave(namespace.name())
                        || isGivenAway(runtime));
    }

    /** Another takes its writes, and nothing is left here. */
    private static boolean isGivenAway(NamespaceRuntime runtime) {
        return runtime.place().leftovers() && !runtime.place().isHere() && isEmptied(runtime);
    }

    /** By what memory knows. */
    private static boolean isEmptied(NamespaceRuntime runtime) {
        return runtime.queues().allOpen()
                && runtime.queue().stream()
                        .allMatch(queue -> runtime.namespace().routes().values().stream()
                                .allMatch(route -> queue.onlyHere(route.id()) == 0));
    }

    /** Nothing is left here of what another node takes writes for. */
    private Future<Void> giveUp(NamespaceRuntime runtime) {
        Namespace namespace = runtime.namespace();
        return runtime.queues()
                .checkEmpty(namespace.queues().stream().map(QueueGeneration::id).toList())
                .compose(empty -> runtime.stop())
                .compose(stopped -> parts.media().of(Placement.EMBEDDED))
                .compose(medium -> medium.remove(namespace.name()))
                .compose(removed -> parts.homes().release(namespace.name()));
    }

    @Override
    public Left left(Namespace namespace, int route) {
        QueueDepth depth =
                queue(namespace.name()).map(queue -> queue.depth(route)).orElse(QueueDepth.EMPTY);
        // What can't be reached may hold anything, and nodes that are behind may still write.
        boolean seen = find(namespace.name())
                        .map(runtime -> runtime.queues().allOpen())
                        .orElse(true)
                && isEndedEverywhere(namespace);
        long unseen = seen ? 0 : 1;
        return new Left(unseen + CombinedQueue.undelivered(depth), depth.dead());
    }

    /** Of one that ends, the revision of the document that ends it is behind the one it serves. */
    private static long ended(Namespace namespace) {
        return namespace.revision() + (namespace.state() == Namespace.State.ACTIVE ? 0 : 1);
    }

    /** Of what lies on another node that one decides; the rest of it was never here. */
    @Override
    public boolean drained(Namespace namespace, int queue) {
        NamespaceRuntime runtime = runtimes.get(namespace.name());
        if (runtime == null) {
            return false;
        } else if (runtime.place().isHere()) {
            return runtime.queues().drained(namespace, queue);
        }
        return namespace.queues().stream()
                .filter(each -> each.id() == queue)
                .allMatch(each -> !Placement.isEmbedded(each) || parts.homes().isFree(namespace.name()));
    }

    @Override
    public boolean isEndedEverywhere(Namespace namespace) {
        return parts.homes().behind(namespace.name(), ended(namespace)).isEmpty();
    }

    @Override
    public boolean mayEnd(Namespace namespace) {
        return parts.homes().ending(namespace) != Homes.Ending.WAIT;
    }

    @Override
    public boolean handedOver(Namespace namespace) {
        NamespaceRuntime runtime = runtimes.get(namespace.name());
        if (runtime == null || runtime.queue().isEmpty()) {
            return true;
        }
        return isEmptied(runtime)
                && parts.homes().behind(namespace.name(), ended(namespace)).isEmpty();
    }

    @Override
    public Condition condition(String namespace) {
        return find(namespace)
                .map(runtime ->
                        new Condition(List.copyOf(runtime.queues().problems()), remarks(runtime.namespace(), runtime)))
                .orElse(new Condition(List.of(), List.of()));
    }

    private List<String> remarks(Namespace namespace, NamespaceRuntime runtime) {
        List<String> remarks = new ArrayList<>(runtime.queues().notes(namespace));
        if (!runtime.place().isHere()) {
            namespace.queues().stream()
                    .filter(QueueGeneration::draining)
                    .forEach(queue -> remarks.add(
                            "queue " + queue.id() + " (" + queue.queue().type() + ") is being drained by node "
                                    + runtime.place().node()));
        }
        if (runtime.writesWait()) {
            remarks.add(
                    "writes wait until all nodes have applied what changed (order: key; one that is lost for good: forelog cluster forget NODE)");
        }
        if (runtime.waitsForItsTurn()) {
            remarks.add("deliveries wait until the node that had it has delivered the rest (order: key)");
        }
        if (runtime.place().leftovers()) {
            remarks.add("node " + runtime.place().node()
                    + " takes its writes; what this node still has of it is being delivered");
        }
        if (namespace.state() != Namespace.State.ACTIVE
                || namespace.queues().stream().anyMatch(QueueGeneration::draining)) {
            List<String> behind = parts.homes().behind(namespace.name(), ended(namespace));
            if (!behind.isEmpty()) {
                remarks.add(
                        "waits for nodes " + behind
                                + ", which may still take writes as before (one that is lost for good: forelog cluster forget NODE)");
            }
        }
        return remarks;
    }

    @Override
    public Future<Void> remove(Namespace retired) {
        NamespaceRuntime runtime = runtimes.get(retired.name());
        if (runtime == null) {
            return Future.succeededFuture();
        }
        if (runtime.queue().isEmpty()) {
            return runtime.stop().onSuccess(stopped -> forget(retired.name()));
        }
        // What lies on a broker another shard goes on with.
        List<QueueGeneration> ended = retired.queues().stream()
                .filter(queue -> retired.state() != Namespace.State.LEAVING || Placement.isEmbedded(queue))
                .toList();
        Set<String> types = new TreeSet<>();
        ended.forEach(queue -> types.add(queue.queue().type()));
        // Another node has looked at what is shared before this one, and each removes what it has made of it.
        List<Integer> looked = parts.homes().ending(retired) == Homes.Ending.LET_GO
                ? List.of()
                : ended.stream().map(QueueGeneration::id).toList();
        Future<Void> counted = retired.state() == Namespace.State.DISCARDING && !looked.isEmpty()
                ? countDiscarded(runtime)
                : runtime.queues().checkEmpty(looked);
        return counted.compose(empty -> runtime.stop())
                .compose(stopped -> Future.join(types.stream()
                        .map(type -> parts.media().of(type).compose(medium -> medium.remove(retired.name())))
                        .toList()))
                .compose(removed ->
                        Placement.isPinned(retired) ? parts.homes().release(retired.name()) : Future.succeededFuture())
                .onSuccess(removed -> forget(retired.name()));
    }

    /** As cancelled: the books of a namespace that is discarded end balanced, too. */
    private Future<Void> countDiscarded(NamespaceRuntime runtime) {
        Namespace namespace = runtime.namespace();
        return runtime.queue().orElseThrow().tally().map(tally -> {
            for (Tally.RouteTally route : tally.routes()) {
                String target = target(namespace, route.route());
                parts.metrics()
                        .counter(
                                MetricNames.SETTLED,
                                Tags.of(MetricNames.NAMESPACE, namespace.name())
                                        .and(MetricNames.TARGET, target)
                                        .and(MetricNames.OUTCOME, "cancelled"))
                        .increment(route.pending());
                LOG.atWarn()
                        .addKeyValue(LogKeys.NAMESPACE, namespace.name())
                        .addKeyValue(LogKeys.TARGET, target)
                        .addKeyValue(LogKeys.COUNT, route.pending())
                        .addKeyValue("dead_letters", route.deadStored())
                        .log("Discarded with its namespace: counted as cancelled");
            }
            return null;
        });
    }

    private static String target(Namespace namespace, int route) {
        return namespace.routes().entrySet().stream()
                .filter(each -> each.getValue().id() == route)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse("route-" + route);
    }

    private void forget(String namespace) {
        runtimes.remove(namespace);
        parts.homes().ended(namespace);
        gone.accept(namespace);
    }

    /** Stops all, side by side. Never fails. */
    Future<Void> stop() {
        return Future.join(all().stream().map(NamespaceRuntime::stop).toList()).mapEmpty();
    }
}

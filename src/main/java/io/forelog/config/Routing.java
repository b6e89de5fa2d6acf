package io.forelog.config;

import io.forelog.config.Namespace.Route;
import io.forelog.config.Namespace.State;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.config.NamespaceDocument.TargetConfiguration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Numbers the routes of a namespace: a target keeps its id under every revision, one that the document no longer has
 * retires with its last configuration, a new one gets an id that was never used: the one that is {@code given}, where the store
 * gives them out to all nodes. Stateless.
 */
final class Routing {
    private Routing() {}

    /**
     * A namespace ready to serve, and the next free route id.
     *
     * @param problem why it can't be; empty where it can
     */
    record Numbered(Namespace namespace, int nextRoute, String problem) {}

    static Numbered number(
            NamespaceDocument document,
            long revision,
            State state,
            @Nullable AppliedRecord before,
            long atMicros,
            Map<String, Integer> given) {
        Map<String, Route> routes = new TreeMap<>();
        int next = before == null ? 1 : before.nextRoute();
        if (before != null) {
            before.routes().forEach((name, route) -> routes.put(name, new Route(route.id(), route.target(), true)));
        }
        String clash = "";
        List<Integer> defaults = new ArrayList<>();
        for (TargetConfiguration target : document.targets()) {
            Route known = routes.get(target.name());
            Integer shared = given.get(target.name());
            int id = known != null ? known.id() : shared != null ? shared : next;
            next = Math.max(next, id + 1);
            if (shared != null && shared != id) {
                clash = "targets: " + target.name() + " has number " + id + " on this node and " + shared
                        + " in the config store (expected: the same; give the target another name)";
            }
            routes.put(target.name(), new Route(id, target, false));
            if (target.isDefault()) {
                defaults.add(id);
            }
        }
        Collections.sort(defaults);
        Generations.Numbered queues = Generations.number(document, before, atMicros);
        Since since = since(document, revision, before, queues.queues());
        String problem = routes.size() <= TargetsReader.TARGETS_MAX
                ? queues.problem()
                : "targets: " + routes.size() + " with those that are still being drained (expected: at most "
                        + TargetsReader.TARGETS_MAX + ")";
        return new Numbered(
                new Namespace(
                        document,
                        revision,
                        state,
                        Collections.unmodifiableMap(routes),
                        Collections.unmodifiableList(defaults),
                        queues.queues(),
                        since),
                next,
                clash.isEmpty() ? problem : clash);
    }

    /** There is no older way than that of the first revision. */
    private static Since since(
            NamespaceDocument document, long revision, @Nullable AppliedRecord before, List<QueueGeneration> queues) {
        Order order = document.delivery().order();
        if (before == null || before.state() == State.RETIRED) {
            return revision <= 1 ? Since.ever(order) : Since.now(order, revision);
        }
        return before.since().next(order, before.queues().equals(queues), revision);
    }

    /** {@code namespace} without the routes of the targets and without the queues that are {@code gone}. */
    static Namespace without(Namespace namespace, Set<String> gone, Set<Integer> goneQueues) {
        Map<String, Route> routes = new TreeMap<>(namespace.routes());
        routes.keySet().removeAll(gone);
        return new Namespace(
                namespace.document(),
                namespace.revision(),
                namespace.state(),
                Collections.unmodifiableMap(routes),
                namespace.defaultRoutes(),
                namespace.queues().stream()
                        .filter(queue -> !goneQueues.contains(queue.id()))
                        .toList(),
                namespace.since());
    }

    static Namespace inState(Namespace namespace, State state) {
        return new Namespace(
                namespace.document(),
                namespace.revision(),
                state,
                namespace.routes(),
                namespace.defaultRoutes(),
                namespace.queues(),
                namespace.since());
    }
}

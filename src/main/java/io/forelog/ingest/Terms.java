package io.forelog.ingest;

import io.forelog.config.Namespace;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.config.NamespaceDocument.TargetConfiguration;
import io.forelog.model.Priority;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What one revision of a namespace allows a write, laid out for the hot path. Immutable.
 *
 * @param dedupes whether its queue recognizes an idempotency token (14.14)
 * @param delayWithKey whether an entry may have both a key and a delay (14.4)
 * @param targets the targets that take new entries, by name
 * @param defaultDestinations what a destination may say where no target is named
 */
record Terms(
        Namespace namespace,
        long delayMicrosMax,
        int payloadBytesMax,
        Priority priority,
        boolean dedupes,
        boolean delayWithKey,
        Map<String, TargetTerms> targets,
        List<Integer> defaultRoutes,
        Set<String> defaultDestinations) {

    /** @param routes the one route's id, as an entry carries it */
    record TargetTerms(List<Integer> routes, Set<String> destinations) {}

    static Terms of(Namespace namespace) {
        Map<String, TargetTerms> targets = new HashMap<>();
        namespace.routes().forEach((name, route) -> {
            if (!route.retiring()) {
                targets.put(name, new TargetTerms(List.of(route.id()), Set.copyOf(destinations(route))));
            }
        });
        boolean ordered = namespace.document().delivery().order() == Order.KEY;
        boolean embeddedOnly = namespace.document().persistence().stream()
                .allMatch(queue -> queue.type().equals("EMBEDDED"));
        return new Terms(
                namespace,
                micros(namespace.document().delivery().maxDelay()),
                namespace.document().delivery().maxPayloadBytes(),
                namespace.document().admission().priority(),
                embeddedOnly,
                !ordered || embeddedOnly,
                Map.copyOf(targets),
                List.copyOf(namespace.defaultRoutes()),
                commonDestinations(namespace));
    }

    private static List<String> destinations(Namespace.Route route) {
        TargetConfiguration target = route.target();
        return target.destinations();
    }

    private static Set<String> commonDestinations(Namespace namespace) {
        Set<String> common = null;
        for (Namespace.Route route : namespace.routes().values()) {
            if (!namespace.defaultRoutes().contains(route.id())) {
                continue;
            }
            if (common == null) {
                common = new java.util.HashSet<>(destinations(route));
            } else {
                common.retainAll(destinations(route));
            }
        }
        return common == null ? Set.of() : Set.copyOf(common);
    }

    private static long micros(java.time.Duration duration) {
        return duration.getSeconds() > Long.MAX_VALUE / 2_000_000L
                ? Long.MAX_VALUE / 2
                : duration.getSeconds() * 1_000_000L + duration.getNano() / 1_000;
    }
}

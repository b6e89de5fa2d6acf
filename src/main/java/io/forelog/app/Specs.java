package io.forelog.app;

import io.forelog.config.Namespace;
import io.forelog.config.NamespaceDocument;
import io.forelog.config.NamespaceDocument.PersistenceConfiguration;
import io.forelog.config.NamespaceDocument.TargetConfiguration;
import io.forelog.config.QueueGeneration;
import io.forelog.queue.QueueSpec;
import io.forelog.queue.QueueSpec.EntryClass;
import io.forelog.target.TargetSpec;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** From a namespace's document to what queues and targets are told: neither knows documents. Stateless. */
final class Specs {
    private Specs() {}

    /** Of the namespace as a whole, whatever queues it has. */
    static QueueSpec queue(Namespace namespace) {
        return queue(namespace, EnumSet.allOf(EntryClass.class), Map.of());
    }

    static QueueSpec queue(Namespace namespace, QueueGeneration generation) {
        return queue(namespace, classes(generation.queue()), generation.queue().config());
    }

    static Set<EntryClass> classes(PersistenceConfiguration persistence) {
        Set<EntryClass> serves = EnumSet.noneOf(EntryClass.class);
        persistence.serves().forEach(name -> serves.add(EntryClass.valueOf(name.toUpperCase(Locale.ROOT))));
        return serves;
    }

    private static QueueSpec queue(Namespace namespace, Set<EntryClass> serves, Map<String, Object> config) {
        NamespaceDocument document = namespace.document();
        return new QueueSpec(
                namespace.name(),
                namespace.routes().values().stream()
                        .map(Namespace.Route::id)
                        .sorted()
                        .toList(),
                document.delivery().order() == NamespaceDocument.Order.KEY,
                serves,
                document.retention(),
                document.deadLetter().retention(),
                document.storage().quotaBytes(),
                document.storage().own(),
                config,
                new QueueSpec.Demands(
                        document.delivery().maxPayloadBytes(),
                        longest(document.delivery().maxDelay(), document.retry().maxAge()),
                        document.acceptRisk(),
                        namespace.routes().values().stream()
                                .collect(Collectors.toMap(
                                        Namespace.Route::id,
                                        route -> route.target().limit().timeout()))));
    }

    private static Duration longest(Duration one, Duration other) {
        return one.compareTo(other) > 0 ? one : other;
    }

    static TargetSpec target(Namespace namespace, Namespace.Route route) {
        TargetConfiguration target = route.target();
        return new TargetSpec(
                namespace.name(),
                target.name(),
                target.type(),
                route.id(),
                target.destinations(),
                target.config(),
                new TargetSpec.Limit(
                        target.limit().concurrency(),
                        target.limit().ratePerSecond(),
                        target.limit().timeout(),
                        target.limit().batch()));
    }
}

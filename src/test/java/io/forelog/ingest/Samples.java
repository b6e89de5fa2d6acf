package io.forelog.ingest;

import io.forelog.config.Namespace;
import io.forelog.config.NamespaceDocument;
import io.forelog.config.NamespaceDocument.AccessPolicy;
import io.forelog.config.NamespaceDocument.AdmissionPolicy;
import io.forelog.config.NamespaceDocument.Completion;
import io.forelog.config.NamespaceDocument.DeadLetterPolicy;
import io.forelog.config.NamespaceDocument.DeliveryPolicy;
import io.forelog.config.NamespaceDocument.OnOrdered;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.config.NamespaceDocument.PersistenceConfiguration;
import io.forelog.config.NamespaceDocument.ReceiptsPolicy;
import io.forelog.config.NamespaceDocument.RetryPolicy;
import io.forelog.config.NamespaceDocument.StoragePolicy;
import io.forelog.config.NamespaceDocument.TargetConfiguration;
import io.forelog.config.NamespaceDocument.TargetLimit;
import io.forelog.config.Namespaces;
import io.forelog.model.Priority;
import io.forelog.model.WalException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Namespaces for tests: two targets, {@code hook} (default, route 1) and {@code table} (route 2, two destinations). */
final class Samples {
    static final int PAYLOAD_BYTES_MAX = 4_096;

    private Samples() {}

    static Namespace namespace(String name) {
        return namespace(name, Namespace.State.ACTIVE, Order.NONE, "EMBEDDED", List.of());
    }

    /** Whose payloads may be that large. */
    static Namespace namespace(String name, int payloadBytesMax) {
        return namespace(name, Namespace.State.ACTIVE, Order.NONE, "EMBEDDED", List.of(), payloadBytesMax);
    }

    static Namespace namespace(String name, Namespace.State state, Order order, String queue, List<String> writers) {
        return namespace(name, state, order, queue, writers, PAYLOAD_BYTES_MAX);
    }

    private static Namespace namespace(
            String name, Namespace.State state, Order order, String queue, List<String> writers, int payloadBytesMax) {
        TargetConfiguration hook = target("hook", true, List.of());
        TargetConfiguration table = target("table", false, List.of("users", "orders"));
        TargetConfiguration old = target("old", false, List.of());
        NamespaceDocument document = new NamespaceDocument(
                name,
                List.of(new PersistenceConfiguration(queue, Set.of("immediate", "delayed", "retry"), Map.of())),
                List.of(hook, table),
                new DeliveryPolicy(order, Completion.ALL, 100, Duration.ofDays(1), payloadBytesMax, 0.5),
                new RetryPolicy(Duration.ofMillis(500), 2, Duration.ofMinutes(10), true, 20, Duration.ofDays(3)),
                new DeadLetterPolicy(Duration.ofDays(14), OnOrdered.CONTINUE),
                new StoragePolicy(false, Long.MAX_VALUE),
                new ReceiptsPolicy("none", Duration.ofDays(1)),
                Set.of(),
                Duration.ofDays(3),
                new AccessPolicy(writers, List.of(), List.of()),
                new AdmissionPolicy(Priority.DEGRADED, 0, 0),
                "default");
        return new Namespace(
                document,
                1,
                state,
                Map.of(
                        "hook", new Namespace.Route(1, hook, false),
                        "table", new Namespace.Route(2, table, false),
                        "old", new Namespace.Route(3, old, true)),
                List.of(1));
    }

    private static TargetConfiguration target(String name, boolean isDefault, List<String> destinations) {
        return new TargetConfiguration(
                name, "log", isDefault, destinations, Map.of(), new TargetLimit(0, 0, Duration.ofSeconds(2), 1));
    }

    /** Namespaces that a test puts in by hand. */
    static final class Table implements Namespaces {
        private final Map<String, Namespace> byName = new ConcurrentHashMap<>();
        private final Map<String, WalException> stopped = new ConcurrentHashMap<>();

        /** It is not served here. */
        void stop(String name, WalException why) {
            stopped.put(name, why);
        }

        @Override
        public @Nullable WalException stopped(String name) {
            return stopped.get(name);
        }

        Table put(Namespace namespace) {
            byName.put(namespace.name(), namespace);
            return this;
        }

        void remove(String name) {
            byName.remove(name);
        }

        @Override
        public @Nullable Namespace find(String name) {
            return byName.get(name);
        }

        @Override
        public Collection<Namespace> all() {
            return byName.values();
        }
    }
}

package io.forelog.consume;

import io.forelog.config.Namespace;
import io.forelog.config.NamespaceDocument;
import io.forelog.config.NamespaceDocument.OnOrdered;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.model.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Namespaces for tests: targets t1, t2, … on routes 1, 2, …; what a test does not say is the product's default. */
public final class Documents {
    public static final String NAMESPACE = "ns";

    public Order order = Order.NONE;
    OnOrdered onOrdered = OnOrdered.CONTINUE;
    public int maxInFlight = 256;
    double pauseRatio = 0.5;
    boolean jitter;
    public int maxAttempts = 5;
    public Duration initial = Duration.ofMillis(500);
    public Duration maxAge = Duration.ofDays(3);

    public Namespace of(int... routes) {
        List<NamespaceDocument.TargetConfiguration> targets = new ArrayList<>();
        Map<String, Namespace.Route> byName = new LinkedHashMap<>();
        List<Integer> defaults = new ArrayList<>();
        for (int route : routes) {
            NamespaceDocument.TargetConfiguration target = new NamespaceDocument.TargetConfiguration(
                    "t" + route,
                    "log",
                    true,
                    List.of(),
                    Map.of(),
                    new NamespaceDocument.TargetLimit(0, 0, Duration.ofSeconds(2), 1));
            targets.add(target);
            byName.put(target.name(), new Namespace.Route(route, target, false));
            defaults.add(route);
        }
        NamespaceDocument document = new NamespaceDocument(
                NAMESPACE,
                List.of(),
                targets,
                new NamespaceDocument.DeliveryPolicy(
                        order,
                        NamespaceDocument.Completion.ALL,
                        maxInFlight,
                        Duration.ofDays(365),
                        1 << 20,
                        pauseRatio),
                new NamespaceDocument.RetryPolicy(initial, 2.0, Duration.ofMinutes(10), jitter, maxAttempts, maxAge),
                new NamespaceDocument.DeadLetterPolicy(Duration.ofDays(14), onOrdered),
                new NamespaceDocument.StoragePolicy(false, Long.MAX_VALUE),
                new NamespaceDocument.ReceiptsPolicy("none", Duration.ofDays(1)),
                Set.of(),
                Duration.ofDays(3),
                new NamespaceDocument.AccessPolicy(List.of(), List.of(), List.of()),
                new NamespaceDocument.AdmissionPolicy(Priority.DEGRADED, 0, 0),
                "default");
        return new Namespace(document, 1, Namespace.State.ACTIVE, byName, defaults);
    }
}

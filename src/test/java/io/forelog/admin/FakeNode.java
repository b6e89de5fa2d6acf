package io.forelog.admin;

import io.forelog.config.Namespace;
import io.forelog.config.NamespaceDocument;
import io.forelog.config.Namespaces;
import io.forelog.model.Priority;
import io.forelog.queue.MediumHealth;
import io.forelog.queue.Queue;
import io.vertx.core.Future;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A node for tests: namespaces with targets t1, t2, … on routes 1, 2, …, documents in a map, pumps that only remember. */
public final class FakeNode implements NodeServices, Namespaces, PumpControl {
    final Map<String, Namespace> namespaces = new ConcurrentHashMap<>();
    final Map<String, Queue> queues = new ConcurrentHashMap<>();
    final Map<String, List<DocumentControl.Revision>> documents = new ConcurrentHashMap<>();
    final AtomicInteger documentReads = new AtomicInteger();
    final Map<String, String> paused = new ConcurrentHashMap<>();
    final Map<String, Home> homes = new ConcurrentHashMap<>();
    final List<Path> backups = new ArrayList<>();
    volatile NodeLoad load = NodeLoad.NONE;
    volatile NodeStatus.Phase phase = NodeStatus.Phase.READY;
    volatile List<MediumHealth> health =
            List.of(new MediumHealth("main", MediumHealth.State.SERVING, "", List.of(), 1L << 40));

    public void serve(String name, Queue queue, List<String> admins, int... routes) {
        namespaces.put(name, namespace(name, admins, routes));
        queues.put(name, queue);
        documents
                .computeIfAbsent(name, made -> new ArrayList<>())
                .add(new DocumentControl.Revision(1, 1, "file", "", "put", Map.of("namespace", name)));
    }

    static Namespace namespace(String name, List<String> admins, int... routes) {
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
                name,
                List.of(),
                targets,
                new NamespaceDocument.DeliveryPolicy(
                        NamespaceDocument.Order.NONE,
                        NamespaceDocument.Completion.ALL,
                        256,
                        Duration.ofDays(365),
                        1 << 20,
                        0.5),
                new NamespaceDocument.RetryPolicy(
                        Duration.ofMillis(500), 2.0, Duration.ofMinutes(10), true, 5, Duration.ofDays(3)),
                new NamespaceDocument.DeadLetterPolicy(Duration.ofDays(14), NamespaceDocument.OnOrdered.CONTINUE),
                new NamespaceDocument.StoragePolicy(false, Long.MAX_VALUE),
                new NamespaceDocument.ReceiptsPolicy("none", Duration.ofDays(1)),
                Set.of(),
                Duration.ofDays(3),
                new NamespaceDocument.AccessPolicy(List.of(), List.of(), admins),
                new NamespaceDocument.AdmissionPolicy(Priority.DEGRADED, 0, 0),
                "default");
        return new Namespace(document, 1, Namespace.State.ACTIVE, byName, defaults);
    }

    @Override
    public Namespaces namespaces() {
        return this;
    }

    @Override
    public Namespace find(String name) {
        return namespaces.get(name);
    }

    @Override
    public Collection<Namespace> all() {
        return new TreeMap<>(namespaces).values();
    }

    @Override
    public Optional<Queue> queue(String namespace) {
        return Optional.ofNullable(queues.get(namespace));
    }

    @Override
    public Optional<Home> home(String namespace) {
        return Optional.ofNullable(homes.get(namespace));
    }

    @Override
    public DocumentControl documents() {
        return new FakeDocuments(documents, documentReads);
    }

    @Override
    public PumpControl pumps() {
        return this;
    }

    @Override
    public NodeLoad load() {
        return load;
    }

    @Override
    public List<MediumHealth> databases() {
        return health;
    }

    @Override
    public NodeStatus status() {
        return new NodeStatus(
                "node-1",
                "1.0",
                phase,
                List.of(),
                "default",
                "main",
                "local",
                List.of("producer", "consumer"),
                1,
                Map.of("management", 1),
                Path.of("data").toAbsolutePath());
    }

    @Override
    public Future<Void> backup(Path directory) {
        backups.add(directory);
        return Future.succeededFuture();
    }

    // ---- pumps

    @Override
    public List<RouteState> status(String namespace) {
        Namespace known = namespaces.get(namespace);
        return known == null
                ? List.of()
                : known.routes().values().stream()
                        .map(route -> new RouteState(
                                route.id(),
                                route.target().name(),
                                isPaused(namespace, route.target().name()) ? "PAUSED" : "RUNNING",
                                "",
                                0,
                                0))
                        .toList();
    }

    private boolean isPaused(String namespace, String target) {
        return paused.containsKey(namespace + "/") || paused.containsKey(namespace + "/" + target);
    }

    @Override
    public Future<Void> pause(String namespace, String target, String principal) {
        paused.put(namespace + "/" + target, principal);
        return Future.succeededFuture();
    }

    @Override
    public Future<Void> resume(String namespace, String target, String principal) {
        paused.keySet().removeIf(name -> name.equals(namespace + "/" + target) || target.isEmpty());
        return Future.succeededFuture();
    }
}

package io.forelog.app;

import io.forelog.admin.DocumentControl;
import io.forelog.admin.NodeLoad;
import io.forelog.admin.NodeServices;
import io.forelog.admin.NodeStatus;
import io.forelog.admin.PumpControl;
import io.forelog.config.Namespaces;
import io.forelog.config.NodeConfig;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.queue.MediumHealth;
import io.forelog.queue.Queue;
import io.forelog.table.Tables;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** This node as the management API sees it. Any thread; blocking work goes to Vert.x worker threads. */
final class LocalNode implements NodeServices {
    /** What of the data directory is copied as it is; databases copy themselves. */
    private static final List<String> PLAIN = List.of("config", "pumps", "audit.log", Placement.DATABASE_ID);

    /** Where the embedded tables lie, in the data directory as in a backup. */
    static final String TABLES = "tables";

    private final NodeConfig config;
    private final Path data;
    private final Vertx vertx;
    private final Namespaces namespaces;
    private final NamespaceRuntimes runtimes;
    private final Media media;
    private final Tables tables;
    private final PumpControl pumps;
    private final LoadSampler sampler;
    private final NodeLocks locks;
    private final @Nullable ClusterNodes cluster;
    private final long startedMicros;
    private volatile @Nullable DocumentControl documents;
    private volatile NodeStatus.Phase phase = NodeStatus.Phase.STARTING;
    private volatile Map<String, Integer> ports = Map.of();

    LocalNode(
            NodeConfig config,
            Path data,
            Vertx vertx,
            Ticker ticker,
            Namespaces namespaces,
            NamespaceRuntimes runtimes,
            Media media,
            Tables tables,
            LoadSampler sampler,
            NodeLocks locks,
            @Nullable ClusterNodes cluster) {
        this.locks = locks;
        this.config = config;
        this.data = data;
        this.vertx = vertx;
        this.namespaces = namespaces;
        this.runtimes = runtimes;
        this.media = media;
        this.tables = tables;
        this.pumps = new RuntimePumpControl(runtimes);
        this.sampler = sampler;
        this.cluster = cluster;
        this.startedMicros = ticker.micros();
    }

    NodeStatus ready(Map<String, Integer> listening) {
        ports = listening;
        phase = NodeStatus.Phase.READY;
        return status();
    }

    void draining() {
        phase = NodeStatus.Phase.DRAINING;
    }

    @Override
    public Namespaces namespaces() {
        return namespaces;
    }

    @Override
    public Optional<Queue> queue(String namespace) {
        return runtimes.queue(namespace);
    }

    @Override
    public DocumentControl documents() {
        DocumentControl known = documents;
        if (known == null) {
            throw new WalException(ErrorCode.UNAVAILABLE, "node: its configuration is not read yet");
        }
        return known;
    }

    /** Once, before the management port opens. */
    void documents(DocumentControl control) {
        documents = control;
    }

    @Override
    public PumpControl pumps() {
        return pumps;
    }

    @Override
    public NodeLoad load() {
        return sampler.load();
    }

    @Override
    public Optional<Home> home(String namespace) {
        return cluster == null
                ? Optional.empty()
                : runtimes.find(namespace)
                        .filter(runtime ->
                                !runtime.place().isHere() && !runtime.place().leftovers())
                        .map(runtime -> cluster.home(runtime.place().node()));
    }

    /** The other node that takes its writes, also where entries of before are left here. */
    Optional<Home> writtenTo(String namespace) {
        return cluster == null
                ? Optional.empty()
                : runtimes.find(namespace)
                        .filter(runtime -> !runtime.place().isHere())
                        .map(runtime -> cluster.home(runtime.place().node()));
    }

    /** Where entries on another node can be asked for: its HTTP port, or the one for managers where it has none. */
    String address(String node) {
        String scheme = locks.locks().tls() == null ? "http://" : "https://";
        return nodes().stream()
                .filter(each -> each.status().name().equals(node) && each.alive())
                .findFirst()
                .map(each -> {
                    Map<String, Integer> listening = each.status().ports();
                    Integer port = listening.getOrDefault("http", listening.get("management"));
                    return port == null ? "" : scheme + each.host() + ":" + port;
                })
                .orElse("");
    }

    @Override
    public List<ClusterNode> nodes() {
        return cluster == null ? List.of() : cluster.nodes();
    }

    @Override
    public Future<Void> drain(String node, boolean wanted) {
        return cluster == null ? NodeServices.super.drain(node, wanted) : cluster.drain(node, wanted);
    }

    @Override
    public Future<Void> forget(String node, boolean lostData) {
        return cluster == null ? NodeServices.super.forget(node, lostData) : cluster.forget(node, lostData);
    }

    @Override
    public List<MediumHealth> databases() {
        List<MediumHealth> health = new ArrayList<>();
        media.open().forEach(medium -> health.addAll(medium.health()));
        return health;
    }

    @Override
    public NodeStatus status() {
        return new NodeStatus(
                config.name(),
                JarVersion.version(),
                phase,
                reasons(),
                config.shard(),
                config.stack(),
                config.region(),
                config.roles(),
                startedMicros,
                ports,
                data);
    }

    private List<String> reasons() {
        DocumentControl known = documents;
        String away = known == null ? "" : known.away();
        List<String> reasons = new ArrayList<>(cluster == null ? List.of() : cluster.reasons());
        if (!away.isEmpty()) {
            reasons.add("the config store is away, nothing can be changed; what was applied serves on: " + away);
        }
        if (!locks.problem().isEmpty()) {
            reasons.add("new keys or certificates can't be used, those before stay: " + locks.problem());
        }
        return reasons;
    }

    /**
     * The queues first: what is delivered meanwhile is then delivered again, to tables that have it, and never missing in
     * both. The documents and their routes last: the queues' copy knows no route that they don't.
     */
    @Override
    public Future<Void> backup(Path directory) {
        return vertx.<Void>executeBlocking(() -> {
                    if (Files.exists(directory)) {
                        throw new WalException(
                                ErrorCode.CONFLICT, "directory: " + directory + " exists (expected: a new one)");
                    }
                    Files.createDirectories(directory);
                    return null;
                })
                .compose(made -> Future.all(media.open().stream()
                        .map(medium -> medium.backup(directory.resolve("queue")).recover(LocalNode::keptElsewhere))
                        .toList()))
                .compose(copied -> tables.backup(directory.resolve(TABLES)))
                .compose(copied -> vertx.executeBlocking(() -> {
                    for (String name : PLAIN) {
                        copy(data.resolve(name), directory.resolve(name));
                    }
                    return null;
                }));
    }

    /** What a broker keeps is copied by the broker's own means. */
    private static Future<Void> keptElsewhere(Throwable failure) {
        return WalException.of(failure).code() == ErrorCode.NOT_SUPPORTED
                ? Future.succeededFuture()
                : Future.failedFuture(failure);
    }

    private static void copy(Path from, Path to) throws IOException {
        if (!Files.exists(from)) {
            return;
        }
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()), StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }
}

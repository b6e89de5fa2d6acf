package io.forelog.app;

import io.forelog.access.AdaptiveAdmission;
import io.forelog.access.Admission;
import io.forelog.access.Doors;
import io.forelog.access.GuardedTransport;
import io.forelog.access.Locks;
import io.forelog.access.Pressure;
import io.forelog.access.TlsFiles;
import io.forelog.admin.AdminServer;
import io.forelog.admin.AuditLog;
import io.forelog.admin.Auditor;
import io.forelog.admin.NodeStatus;
import io.forelog.admin.Rights;
import io.forelog.bus.Bus;
import io.forelog.cluster.ClusterTransport;
import io.forelog.config.AppliedFiles;
import io.forelog.config.ConfigStore;
import io.forelog.config.DirectoryStore;
import io.forelog.config.DocumentParser;
import io.forelog.config.LiveNamespaces;
import io.forelog.config.Namespace;
import io.forelog.config.NodeConfig;
import io.forelog.config.Reconciler;
import io.forelog.config.postgres.PostgresStore;
import io.forelog.consume.FilePauseRegister;
import io.forelog.database.Database;
import io.forelog.database.DatabaseSettings;
import io.forelog.ingest.Edge;
import io.forelog.ingest.EdgeSettings;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.forelog.observe.MachineLoad;
import io.forelog.observe.MetricNames;
import io.forelog.observe.Metrics;
import io.forelog.produce.AppendLimits;
import io.forelog.queue.MediumOptions;
import io.forelog.table.Tables;
import io.forelog.target.Secrets;
import io.forelog.target.TargetResources;
import io.micrometer.core.instrument.Gauge;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Forelog process, from the opened data directory to the last closed socket: the composition root, the only place
 * where every room is known. Started and stopped once; the steps run on event loops, one after another.
 *
 * <pre>
 * start: queues' media, namespaces (queue, writers, pumps), management port, edge, ports.json
 * stop:  not ready; edge (no more writes, then no sockets), reconciler, namespaces (pumps settle, queues close), registry, media, tables,
 *        documents, database, all that is still deployed (management port, auditor), the clock's file, lock
 * </pre>
 */
final class Node {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);

    /** The one medium that is always open: its health, its space and its backups are the node's. */
    private static final String EMBEDDED = "EMBEDDED";

    /** How long nothing may be left of what retires: longer than any write is on its way to its queue. */
    private static final Duration RETIRE_AFTER = Duration.ofSeconds(10);

    /** Where nobody can be notified, polling alone carries the news. */
    private static final Duration POLL_MAX = Duration.ofSeconds(1);

    private static final long JOIN_LIMIT_SECONDS = 60;

    private static final Duration DRAIN_CHECK = Duration.ofSeconds(1);

    private final NodeConfig config;
    private final Path confDirectory;
    private final AdapterCatalogue catalogue;
    private final DataDirectory data;
    private final Metrics metrics = new Metrics(true);
    private final NodeClock clock;
    private final Ticker ticker;
    private final NodeLocks locks;
    private final Vertx vertx;
    private final Bus bus;
    private final @Nullable Database database;
    private final @Nullable ClusterNodes cluster;
    private final Tables tables;
    private final LiveNamespaces namespaces = new LiveNamespaces(this::addresses);
    private final Media media;
    private final NamespaceRuntimes runtimes;
    private final LoadSampler load;
    private final LocalNode services;
    private final AdminServer admin;
    private final Edge edge;
    private final Pressure pressure = new Pressure();
    private @Nullable ConfigStore store;
    private @Nullable Reconciler reconciler;

    Node(NodeConfig config, Path confDirectory, AdapterCatalogue catalogue, DataDirectory data) {
        this.config = config;
        this.confDirectory = confDirectory;
        this.catalogue = catalogue;
        this.data = data;
        this.clock = NodeClock.open(data.path(), ClockSource.machine());
        this.ticker = clock.ticker();
        this.locks = new NodeLocks(config.locks(), ticker);
        Doors doors = new Doors(config.locks().connections());
        doors.measure(metrics.registry());
        this.vertx = vertx(config, data.path(), locks.locks(), doors);
        this.bus = Bus.on(vertx);
        this.tables = new Tables(vertx, data.path().resolve(LocalNode.TABLES), ticker);
        this.media = new Media(vertx, catalogue.queues(), this::options);
        DatabaseSettings settings = config.configStore().database();
        this.database = settings == null
                ? null
                : new Database(vertx, settings, ended(Secrets.resolve(vertx, settings.password())), config.name());
        this.cluster = database == null
                ? null
                : new ClusterNodes(vertx, database, config, data.path(), this::status, namespaces);
        Admission admission = admission();
        this.runtimes = new NamespaceRuntimes(
                new NodeParts(
                        vertx,
                        loops(),
                        bus,
                        ticker,
                        metrics.registry(),
                        new FilePauseRegister(vertx, data.path().resolve("pumps")),
                        media,
                        catalogue.targets(),
                        this::resources,
                        new AppendLimits(
                                config.append().entries(), config.append().bytes()),
                        cluster == null ? Homes.ALONE : cluster,
                        this::consumes,
                        config.drainTimeout()),
                admission::forget);
        this.load = new LoadSampler(ticker, new MachineLoad(config.networkCapacity()), this::loopLagSeconds, runtimes);
        this.services = new LocalNode(
                config, data.path(), vertx, ticker, namespaces, runtimes, media, tables, load, locks, cluster);
        this.admin = new AdminServer(
                config.bindHost(),
                config.ports().management(),
                services,
                metrics,
                new AuditLog(vertx, data.path(), ticker),
                Rights.of(locks.locks(), namespaces),
                locks.locks(),
                ticker);
        this.edge = new Edge(
                new EdgeSettings(
                        config.bindHost(),
                        config.ports().http(),
                        config.ports().grpc(),
                        config.drainTimeout(),
                        config.bench()),
                namespaces,
                admission,
                locks.locks(),
                bus,
                ticker,
                metrics.registry(),
                new QueueEntryDesk(runtimes, services::writtenTo, services::address));
    }

    /** Off the event loops: on the main thread. */
    private static Vertx vertx(NodeConfig config, Path data, Locks locks, Doors doors) {
        VertxBuilder builder = Vertx.builder().withTransport(new GuardedTransport(doors));
        VertxOptions options = new VertxOptions().setEventLoopPoolSize(loops());
        NodeConfig.ClusterConfig cluster = config.cluster();
        TlsFiles tls = locks.tls();
        return cluster == null
                ? builder.with(options).build()
                : ended(ClusterTransport.start(
                                builder,
                                options,
                                new ClusterTransport.Address(
                                        cluster.host(),
                                        cluster.port(),
                                        cluster.busPort(),
                                        cluster.seeds(),
                                        MemberCards.of(config)),
                                data.resolve(ClusterNodes.FOLDER),
                                tls == null ? null : new ClusterTransport.Lock(tls.amongNodes(), tls::lock))
                        .compose(vertx -> believe(vertx, tls)));
    }

    /** Before anything is sent: other nodes on the bus. */
    private static Future<Vertx> believe(Vertx vertx, @Nullable TlsFiles tls) {
        return tls == null
                ? Future.succeededFuture(vertx)
                : ClusterTransport.renew(vertx, tls.renewedBus(), tls.renewedBusClient())
                        .map(vertx);
    }

    private static <T> T ended(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(JOIN_LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw WalException.of(e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            throw new WalException(ErrorCode.UNAVAILABLE, "cluster: not joined within " + JOIN_LIMIT_SECONDS + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private Future<Void> renewBus() {
        TlsFiles tls = config.cluster() == null ? null : locks.locks().tls();
        return tls == null
                ? Future.succeededFuture()
                : ClusterTransport.renew(vertx, tls.renewedBus(), tls.renewedBusClient());
    }

    private List<String> addresses(String shard) {
        return cluster == null ? List.of() : cluster.addresses(shard);
    }

    private NodeStatus status() {
        return services.status();
    }

    /** By its role, and by the stack that the document names; what lies on this disk nobody else can. */
    private boolean consumes(Namespace namespace) {
        return namespace.state() != Namespace.State.DISCARDING
                && config.roles().contains("consumer")
                && (Placement.isFor(config.stack(), namespace) || Placement.isPinned(namespace));
    }

    private boolean produces() {
        return config.roles().contains("producer");
    }

    private static int loops() {
        return Runtime.getRuntime().availableProcessors();
    }

    private Admission admission() {
        return config.admission().enabled()
                ? new AdaptiveAdmission(
                        ticker,
                        pressure,
                        metrics.registry(),
                        config.admission().ceiling(),
                        config.admission().latencyMax())
                : Admission.OPEN;
    }

    private TargetResources resources(String type) {
        return new TargetResources(
                vertx,
                ticker,
                metrics.registry(),
                config.name(),
                data.path(),
                tables,
                config.targets().getOrDefault(type, Map.of()),
                config.bootstrapServers());
    }

    /** Ends when writes are taken. On failure {@link #stop} cleans up. */
    Future<NodeStatus> start() {
        return media.of(EMBEDDED)
                .compose(opened -> cluster == null ? Future.succeededFuture() : cluster.start())
                .compose(entered -> openStore())
                .compose(this::reconcile)
                .compose(deployed -> vertx.deployVerticle(admin))
                .compose(deployed ->
                        vertx.deployVerticle(new Auditor(services, metrics.registry(), config.auditInterval())))
                .compose(deployed -> produces() ? edge.start(vertx, loops()) : Future.succeededFuture())
                .compose(started -> admin.port())
                .compose(this::ready);
    }

    boolean serves(String namespace) {
        return namespaces.find(namespace) != null;
    }

    /** What a queue type gets. */
    private MediumOptions options(String type) {
        return new MediumOptions(
                vertx,
                ticker,
                metrics.registry(),
                data.path(),
                config.queues().getOrDefault(type, Map.of()),
                config.name(),
                config.shard(),
                config.bootstrapServers());
    }

    private Future<ConfigStore> openStore() {
        Path kept = data.path().resolve("config");
        Duration poll = config.reload().poll();
        return database == null
                ? DirectoryStore.open(vertx, ticker, confDirectory.resolve("namespaces"), kept.resolve("history"), poll)
                : Future.succeededFuture(PostgresStore.open(
                        vertx, database, kept.resolve("store.json"), poll.compareTo(POLL_MAX) > 0 ? POLL_MAX : poll));
    }

    private Future<Void> reconcile(ConfigStore opened) {
        store = opened;
        Reconciler starting = new Reconciler(
                vertx,
                opened,
                new AppliedFiles(vertx, data.path().resolve("config").resolve("applied")),
                new DocumentParser(catalogue.schemas(), config.namespaceDefaults()),
                config.shard(),
                runtimes,
                namespaces,
                config.reload().applyLimit(),
                RETIRE_AFTER,
                ticker,
                metrics.registry());
        reconciler = starting;
        services.documents(new StoredDocuments(opened, starting, cluster == null ? Homes.ALONE : cluster));
        Gauge.builder(MetricNames.CONFIG_STORE_AWAY, opened, one -> one.away().isEmpty() ? 0 : 1)
                .register(metrics.registry());
        return starting.start(DRAIN_CHECK);
    }

    private Future<NodeStatus> ready(int managementPort) {
        new PressureSampler(pressure, this::loopLagSeconds).start(vertx);
        load.register(metrics.registry());
        vertx.setPeriodic(LoadSampler.PERIOD_MILLIS, id -> vertx.executeBlocking(this::sampleLoad));
        Gauge.builder(MetricNames.CLOCK_OFFSET, clock, NodeClock::offsetSeconds)
                .baseUnit("seconds")
                .register(metrics.registry());
        locks.watch(
                vertx,
                () -> Future.join(edge.renewCertificate(), admin.renewCertificate(), renewBus())
                        .mapEmpty());
        vertx.setPeriodic(NodeClock.WRITE_MILLIS, id -> vertx.executeBlocking(this::keepTime));
        Map<String, Integer> ports = produces()
                ? Map.of("http", edge.httpPort(), "grpc", edge.grpcPort(), "management", managementPort)
                : Map.of("management", managementPort);
        return vertx.<NodeStatus>executeBlocking(() -> {
            data.writePorts(ports, config.locks().tls() != null);
            return services.ready(ports);
        });
    }

    private double loopLagSeconds() {
        return edge.loopLagSeconds();
    }

    private @Nullable Void sampleLoad() {
        load.sample();
        return null;
    }

    private @Nullable Void keepTime() {
        clock.write();
        return null;
    }

    /** Refuses, settles, closes, in that order; never fails. */
    Future<Void> stop() {
        services.draining();
        return edge.drain()
                .transform(done -> edge.close())
                .transform(done -> reconciler == null ? Future.succeededFuture() : reconciler.close())
                .transform(done -> runtimes.stop())
                .transform(done -> cluster == null ? Future.succeededFuture() : cluster.stop())
                .transform(done -> media.close())
                .transform(done -> tables.close())
                .transform(done -> store == null ? Future.succeededFuture() : store.close())
                .transform(done -> database == null ? Future.succeededFuture() : database.close())
                .transform(done -> vertx.close())
                .transform(done -> {
                    if (done.failed()) {
                        LOG.atWarn()
                                .addKeyValue(LogKeys.REASON, String.valueOf(done.cause()))
                                .log("Stopped, but not cleanly");
                    }
                    metrics.close();
                    clock.write();
                    data.close();
                    return Future.succeededFuture();
                });
    }
}

package io.forelog.ingest;

import io.forelog.access.Admission;
import io.forelog.access.Locks;
import io.forelog.bus.Bus;
import io.forelog.config.Namespaces;
import io.forelog.model.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The edge of one node: as many instances as event loops, on one HTTP and one gRPC port. Started once; {@link #drain}
 * first, then {@link #close}. Any thread.
 */
public final class Edge {
    private final EdgeSettings settings;
    private final EdgeLimits limits;
    private final Namespaces namespaces;
    private final Admission admission;
    private final Locks locks;
    private final Bus bus;
    private final Ticker ticker;
    private final MeterRegistry registry;
    private final EntryDesk desk;
    private final HttpPages pages = new HttpPages();
    private final List<EdgeVerticle> verticles = new CopyOnWriteArrayList<>();
    private final AtomicInteger instances = new AtomicInteger();
    private volatile boolean draining;
    private volatile int httpPort;
    private volatile int grpcPort;
    private volatile @Nullable LoopLag lag;
    private volatile @Nullable Vertx vertx;
    private volatile @Nullable String deployment;

    public Edge(
            EdgeSettings settings,
            Namespaces namespaces,
            Admission admission,
            Locks locks,
            Bus bus,
            Ticker ticker,
            MeterRegistry registry,
            EntryDesk desk) {
        this(settings, EdgeLimits.DEFAULT, namespaces, admission, locks, bus, ticker, registry, desk);
    }

    Edge(
            EdgeSettings settings,
            EdgeLimits limits,
            Namespaces namespaces,
            Admission admission,
            Locks locks,
            Bus bus,
            Ticker ticker,
            MeterRegistry registry,
            EntryDesk desk) {
        this.settings = settings;
        this.limits = limits;
        this.namespaces = namespaces;
        this.admission = admission;
        this.locks = locks;
        this.bus = bus;
        this.ticker = ticker;
        this.registry = registry;
        this.desk = desk;
    }

    /** Listens on {@code loops} event loops. Fails where a port is taken. */
    public Future<Edge> start(Vertx vertx, int loops) {
        this.vertx = vertx;
        this.lag = new LoopLag(loops, registry);
        return vertx.deployVerticle(this::instance, new DeploymentOptions().setInstances(loops))
                .map(id -> {
                    deployment = id;
                    return this;
                });
    }

    private EdgeVerticle instance() {
        EdgeVerticle verticle = new EdgeVerticle(this, instances.getAndIncrement());
        verticles.add(verticle);
        return verticle;
    }

    public int httpPort() {
        return httpPort;
    }

    public int grpcPort() {
        return grpcPort;
    }

    /**
     * Takes no more writes (DRAINING, health NOT_SERVING) and ends when every caller is answered; with UNKNOWN those
     * that still wait when the drain time is over.
     */
    public Future<Void> drain() {
        draining = true;
        return Future.all(verticles.stream().map(EdgeVerticle::drain).toList()).mapEmpty();
    }

    /** After the certificate's files have changed: connections made from now on see it. */
    public Future<Void> renewCertificate() {
        return Future.join(
                        verticles.stream().map(EdgeVerticle::renewCertificate).toList())
                .mapEmpty();
    }

    /** Closes every socket. */
    public Future<Void> close() {
        Vertx owner = vertx;
        String id = deployment;
        return owner == null || id == null ? Future.succeededFuture() : owner.undeploy(id);
    }

    void listening(int http, int grpc) {
        httpPort = http;
        grpcPort = grpc;
    }

    boolean draining() {
        return draining;
    }

    EdgeSettings settings() {
        return settings;
    }

    EdgeLimits limits() {
        return limits;
    }

    Namespaces namespaces() {
        return namespaces;
    }

    Admission admission() {
        return admission;
    }

    Locks locks() {
        return locks;
    }

    Bus bus() {
        return bus;
    }

    Ticker ticker() {
        return ticker;
    }

    MeterRegistry registry() {
        return registry;
    }

    EntryDesk desk() {
        return desk;
    }

    HttpPages pages() {
        return pages;
    }

    /** How late the worst event loop is; 0 before the start. */
    public double loopLagSeconds() {
        LoopLag started = lag;
        return started == null ? 0 : started.worstSeconds();
    }

    LoopLag lag() {
        LoopLag started = lag;
        if (started == null) {
            throw new IllegalStateException("not started");
        }
        return started;
    }
}

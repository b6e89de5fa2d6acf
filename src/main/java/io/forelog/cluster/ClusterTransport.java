package io.forelog.cluster;

import io.forelog.model.ErrorCode;
import io.forelog.model.Folders;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.core.spi.cluster.ClusterManager;
import io.vertx.core.spi.cluster.NodeInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.net.BindException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.infinispan.configuration.global.TransportConfigurationBuilder;
import org.infinispan.configuration.parsing.ConfigurationBuilderHolder;
import org.infinispan.configuration.parsing.ParserRegistry;
import org.infinispan.lock.configuration.ClusteredLockManagerConfigurationBuilder;
import org.infinispan.lock.configuration.Reliability;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.remoting.transport.jgroups.JGroupsTransport;
import org.jgroups.util.DefaultSocketFactory;
import org.jgroups.util.SocketFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Vert.x with an event bus that reaches the other nodes: Infinispan over TCP, members found by the seeds.
 */
public final class ClusterTransport {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterTransport.class);

    private static final String JGROUPS = """
            <config xmlns="urn:org:jgroups">
              <TCP bind_addr="%1$s" bind_port="%2$d" port_range="0" diag.enabled="false" thread_naming_pattern="pl"
                   sock_conn_timeout="300" linger="-1" thread_pool.min_threads="0" thread_pool.max_threads="50"/>
              <RED/>
              <TCPPING initial_hosts="%3$s" port_range="0"/>
              <MERGE3 min_interval="1000" max_interval="3000"/>
              %4$s
              <VERIFY_SUSPECT2 timeout="1000"/>
              <pbcast.NAKACK2 use_mcast_xmit="false" xmit_interval="200" resend_last_seqno="true"/>
              <UNICAST3 conn_close_timeout="5000" xmit_interval="200"/>
              <pbcast.STABLE desired_avg_gossip="5000" max_bytes="1M"/>
              <pbcast.GMS print_local_addr="false" join_timeout="1000"/>
              <UFC max_credits="4m" min_threshold="0.40"/>
              <MFC max_credits="4m" min_threshold="0.40"/>
              <FRAG4 frag_size="60000"/>
            </config>
            """;

    /** Sees at once that a process has ended; its own sockets, by the next free port above, know no TLS. */
    private static final String FAILURES_IN_THE_OPEN = """
            <FD_SOCK2 bind_addr="%1$s" offset="1" port_range="10"/><FD_ALL3 timeout="8000" interval="2000"/>""";

    private static final String FAILURES_LOCKED = """
            <FD_ALL3 timeout="5000" interval="1000"/>""";

    private static final int ATTEMPTS = 8;
    private static final Duration AGAIN = Duration.ofSeconds(2);

    private static final long CARD_LIMIT_MILLIS = 1_000;

    private static final String[] PROTOCOLS = {"TLSv1.3"};
    private static final String MEMBERS = "members";

    private ClusterTransport() {}

    /**
     * Where this node is reached by others.
     *
     * @param port of the cluster manager; without TLS the next ten above it serve its failure detection
     * @param busPort of the event bus
     * @param seeds {@code host:port} of the cluster ports of some nodes, this one's may be among them
     * @param card what it tells the others of itself, see {@link #cards}
     */
    public record Address(String host, int port, int busPort, List<String> seeds, JsonObject card) {}

    /**
     * What nodes prove to each other.
     *
     * @param bus puts it into the options of the event bus
     */
    public record Lock(SSLContext sockets, Consumer<EventBusOptions> bus) {}

    /** Fails with UNAVAILABLE where it can't listen, or was not let in over {@value #ATTEMPTS} attempts. The file lies in {@code directory}; {@code lock} null = plain
     * text. Blocks: not on an event loop. */
    public static Future<Vertx> start(
            VertxBuilder builder, VertxOptions options, Address address, Path directory, @Nullable Lock lock) {
        System.setProperty("java.net.preferIPv4Stack", "true");
        EventBusOptions bus = new EventBusOptions();
        if (lock != null) {
            lock.bus().accept(bus);
        }
        bus.setHost(address.host())
                .setPort(address.busPort())
                .setConnectTimeout(2_000)
                .setReconnectAttempts(0)
                .setClusterNodeMetadata(address.card());
        options.setEventBusOptions(bus);
        Future<Vertx> started = joined(
                1,
                AGAIN,
                () -> builder.with(options)
                        .withClusterManager(new RepublishingManager(caches(address, directory, lock)))
                        .buildClustered());
        return started.recover(failure -> Future.failedFuture(new WalException(
                ErrorCode.UNAVAILABLE,
                "cluster: " + address.host() + ", port " + address.port() + ", bus_port " + address.busPort() + ": "
                        + root(failure).getMessage() + " (expected: "
                        + (isOfThisMachine(failure)
                                ? "an address of this machine, free ports, and a data directory that can be written"
                                : "to be let in by the nodes at " + address.seeds() + ", see their logs")
                        + ")",
                failure)));
    }

    /**
     * A cluster that finds itself again refuses who comes meanwhile, with errors of its own: then once more. {@code attempt} may block.
     */
    static Future<Vertx> joined(int times, Duration pause, Supplier<Future<Vertx>> attempt) {
        Future<Vertx> joined;
        try {
            joined = attempt.get();
        } catch (RuntimeException e) {
            joined = Future.failedFuture(e);
        }
        return joined.recover(failure -> {
            if (times >= ATTEMPTS || isOfThisMachine(failure)) {
                return Future.failedFuture(failure);
            }
            LOG.atWarn()
                    .addKeyValue(LogKeys.REASON, String.valueOf(root(failure)))
                    .log("The cluster did not let this node in; it tries again");
            Promise<Vertx> again = Promise.promise();
            CompletableFuture.delayedExecutor(pause.toMillis(), TimeUnit.MILLISECONDS)
                    .execute(() -> joined(times + 1, pause, attempt).onComplete(again));
            return again.future();
        });
    }

    /** The cards of all members, as far as the cluster manager knows them now: a hint. Never fails; nobody's where there is no cluster. */
    public static Future<List<JsonObject>> cards(Vertx vertx) {
        ClusterManager manager = ((VertxInternal) vertx).clusterManager();
        if (manager == null) {
            return Future.succeededFuture(List.of());
        }
        List<JsonObject> cards = new CopyOnWriteArrayList<>();
        List<Future<Void>> asked = new ArrayList<>();
        for (String member : manager.getNodes()) {
            Promise<NodeInfo> told = Promise.promise();
            manager.getNodeInfo(member, told);
            asked.add(told.future()
                    .timeout(CARD_LIMIT_MILLIS, TimeUnit.MILLISECONDS)
                    .<Void>map(info -> {
                        // One of an older version has none.
                        if (info.metadata() != null) {
                            cards.add(info.metadata());
                        }
                        return null;
                    })
                    .otherwiseEmpty());
        }
        return Future.join(asked).map(all -> List.copyOf(cards));
    }

    private static boolean isOfThisMachine(Throwable failure) {
        return failure instanceof UncheckedIOException || root(failure) instanceof BindException;
    }

    private static Throwable root(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    /**
     * Connections between nodes that come about from now on use another certificate. Vert.x has no word for it: the bus keeps its server
     * and its client to itself.
     */
    public static Future<Void> renew(Vertx vertx, ServerSSLOptions server, ClientSSLOptions client) {
        try {
            Object bus = vertx.eventBus();
            return Future.join(
                            part(bus, "server", NetServer.class).updateSSLOptions(server),
                            part(bus, "client", NetClient.class).updateSSLOptions(client))
                    .mapEmpty();
        } catch (ReflectiveOperationException e) {
            return Future.failedFuture(
                    new WalException(ErrorCode.INTERNAL, "the bus keeps its certificate until a restart: " + e, e));
        }
    }

    private static <T> T part(Object bus, String name, Class<T> type) throws ReflectiveOperationException {
        Field field = bus.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return type.cast(Objects.requireNonNull(field.get(bus), name));
    }

    /** A member of the cluster already. */
    private static DefaultCacheManager caches(Address address, Path directory, @Nullable Lock lock) {
        String file = write(address, directory, lock == null ? FAILURES_IN_THE_OPEN : FAILURES_LOCKED)
                .toAbsolutePath()
                .toString();
        ClassLoader loader = ClusterTransport.class.getClassLoader();
        try {
            // As the cluster manager does by itself where nobody needs sockets of another kind.
            ConfigurationBuilderHolder holder = new ParserRegistry(loader)
                    .parse(Objects.requireNonNull(loader.getResource("default-infinispan.xml"), "of vertx-infinispan"));
            // Nobody locks by it; a cluster that lost members and found itself again lets nobody in where its locks are
            // to be consistent.
            holder.getGlobalConfigurationBuilder()
                    .addModule(ClusteredLockManagerConfigurationBuilder.class)
                    .reliability(Reliability.AVAILABLE);
            TransportConfigurationBuilder transport = holder.getGlobalConfigurationBuilder()
                    .classLoader(loader)
                    .transport()
                    .defaultTransport()
                    .removeProperty(JGroupsTransport.CHANNEL_CONFIGURATOR)
                    .addProperty(JGroupsTransport.CONFIGURATION_FILE, file);
            if (lock != null) {
                transport.addProperty(JGroupsTransport.SOCKET_FACTORY, sockets(lock.sockets()));
            }
            return new DefaultCacheManager(holder, true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static SocketFactory sockets(SSLContext context) {
        DefaultSocketFactory sockets = new DefaultSocketFactory(context);
        sockets.setSocketConfigurator(socket -> ((SSLSocket) socket).setEnabledProtocols(PROTOCOLS));
        sockets.setServerSocketConfigurator(socket -> {
            SSLServerSocket server = (SSLServerSocket) socket;
            server.setEnabledProtocols(PROTOCOLS);
            server.setNeedClientAuth(true);
        });
        return sockets;
    }

    /** Who was there last, as {@code host:port}: whom this node looks for beside the seeds when it starts again. Blocks. */
    public static void keep(Path directory, Set<String> members) throws IOException {
        Path aside = directory.resolve(MEMBERS + ".new");
        Files.write(aside, members);
        Files.move(aside, directory.resolve(MEMBERS), StandardCopyOption.ATOMIC_MOVE);
    }

    private static Path write(Address address, Path directory, String failures) {
        try {
            Folders.make(directory);
            Set<String> known = new TreeSet<>(address.seeds());
            if (Files.exists(directory.resolve(MEMBERS))) {
                known.addAll(Files.readAllLines(directory.resolve(MEMBERS)));
            }
            String hosts = known.stream().map(ClusterTransport::jgroups).collect(Collectors.joining(","));
            return Files.writeString(
                    directory.resolve("jgroups.xml"),
                    JGROUPS.formatted(address.host(), address.port(), hosts, failures.formatted(address.host())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String jgroups(String seed) {
        int colon = seed.lastIndexOf(':');
        return seed.substring(0, colon) + "[" + seed.substring(colon + 1) + "]";
    }
}

package io.forelog.cluster;

import io.forelog.model.ErrorCode;
import io.forelog.model.Folders;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Vert.x with an event bus that reaches the other nodes: Infinispan over TCP, members found by the seeds. Once a process, since
 * the cluster manager takes its file from a system property.
 */
public final class ClusterTransport {
    private static final String JGROUPS = """
            <config xmlns="urn:org:jgroups">
              <TCP bind_addr="%1$s" bind_port="%2$d" port_range="0" diag.enabled="false" thread_naming_pattern="pl"
                   sock_conn_timeout="300" linger="-1" thread_pool.min_threads="0" thread_pool.max_threads="50"/>
              <RED/>
              <TCPPING initial_hosts="%3$s" port_range="0"/>
              <MERGE3 min_interval="1000" max_interval="3000"/>
              <FD_SOCK2 bind_addr="%1$s" offset="1" port_range="10"/>
              <FD_ALL3 timeout="8000" interval="2000"/>
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

    private static final String MEMBERS = "members";

    private ClusterTransport() {}

    /**
     * Where this node is reached by others.
     *
     * @param port of the cluster manager; the next ten above it serve its failure detection
     * @param busPort of the event bus
     * @param seeds {@code host:port} of the cluster ports of some nodes, this one's may be among them
     */
    public record Address(String host, int port, int busPort, List<String> seeds) {}

    /** Fails with UNAVAILABLE where it can't listen. The file lies in {@code directory}; {@code lock} gives the bus
     * its TLS. Blocks a moment: not on an event loop. */
    public static Future<Vertx> start(
            VertxOptions options, Address address, Path directory, Consumer<EventBusOptions> lock) {
        System.setProperty("vertx.jgroups.config", write(address, directory).toString());
        System.setProperty("java.net.preferIPv4Stack", "true");
        EventBusOptions bus = new EventBusOptions();
        lock.accept(bus);
        VertxBuilder builder = Vertx.builder()
                .with(options.setEventBusOptions(bus.setHost(address.host())
                        .setPort(address.busPort())
                        .setConnectTimeout(2_000)
                        .setReconnectAttempts(0)))
                .withClusterManager(new RepublishingManager());
        return builder.buildClustered()
                .recover(failure -> Future.failedFuture(new WalException(
                        ErrorCode.UNAVAILABLE,
                        "cluster: " + address.host() + ":" + address.port() + ": " + failure.getMessage()
                                + " (expected: an address of this machine, and free ports)",
                        failure)));
    }

    /** Who was there last, as {@code host:port}: whom this node looks for beside the seeds when it starts again. Blocks. */
    public static void keep(Path directory, Set<String> members) throws IOException {
        Path aside = directory.resolve(MEMBERS + ".new");
        Files.write(aside, members);
        Files.move(aside, directory.resolve(MEMBERS), StandardCopyOption.ATOMIC_MOVE);
    }

    private static Path write(Address address, Path directory) {
        try {
            Folders.make(directory);
            Set<String> known = new TreeSet<>(address.seeds());
            if (Files.exists(directory.resolve(MEMBERS))) {
                known.addAll(Files.readAllLines(directory.resolve(MEMBERS)));
            }
            String hosts = known.stream().map(ClusterTransport::jgroups).collect(Collectors.joining(","));
            return Files.writeString(
                    directory.resolve("jgroups.xml"), JGROUPS.formatted(address.host(), address.port(), hosts));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String jgroups(String seed) {
        int colon = seed.lastIndexOf(':');
        return seed.substring(0, colon) + "[" + seed.substring(colon + 1) + "]";
    }
}

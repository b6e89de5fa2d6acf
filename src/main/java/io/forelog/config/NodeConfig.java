package io.forelog.config;

import io.forelog.database.DatabaseSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of one node, {@code conf/forelog.yaml}, checked, with every default filled in. Immutable; read once, at
 * start. See {@link NodeConfigReader}.
 *
 * @param name in metrics, as user agent, and in the cluster view
 * @param queues settings by queue type, upper case
 * @param targets settings by target type, lower case
 * @param cluster null = alone
 * @param locks of all ports
 * @param bootstrapServers addresses by the prefix that a document names
 * @param namespaceDefaults what a namespace document lacks
 * @param drainTimeout what SIGTERM waits for writes and deliveries in flight
 * @param networkCapacity bytes a second that the machine's network carries in one direction; 0 = as its interfaces say
 * @param bench serves the echoes that {@code forelog bench} compares with
 */
public record NodeConfig(
        String name,
        Path dataDirectory,
        String bindHost,
        Ports ports,
        List<String> roles,
        String shard,
        String stack,
        String region,
        AdmissionConfig admission,
        AppendConfig append,
        ReloadConfig reload,
        ConfigStoreConfig configStore,
        @Nullable ClusterConfig cluster,
        LocksConfig locks,
        Map<String, Map<String, Object>> queues,
        Map<String, Map<String, Object>> targets,
        Map<String, String> bootstrapServers,
        Map<String, Object> namespaceDefaults,
        Duration drainTimeout,
        Duration auditInterval,
        long networkCapacity,
        boolean bench) {

    /** 0 = any free one. */
    public record Ports(int http, int grpc, int management) {}

    /**
     * The node's adaptive limit.
     *
     * @param enabled false = only the namespaces' own limits hold
     * @param ceiling most entries in flight, whatever the limit learns
     * @param latencyMax what an entry may wait for the queue before the node counts as overloaded
     */
    public record AdmissionConfig(boolean enabled, int ceiling, Duration latencyMax) {}

    /** What one namespace may have handed to its queue and not confirmed, in entries and in bytes. */
    public record AppendConfig(int entries, long bytes) {}

    /**
     * How documents are reloaded.
     *
     * @param poll between two looks at the directory
     * @param applyLimit of one namespace's change
     */
    public record ReloadConfig(Duration poll, Duration applyLimit) {}

    /**
     * Where the documents are kept: in the database, else in {@code namespaces/} beside this file.
     *
     * @param database null = a directory
     */
    public record ConfigStoreConfig(@Nullable DatabaseSettings database) {}

    /**
     * How this node reaches others, and they it.
     *
     * @param host to listen on; others connect to it
     * @param port of the cluster manager
     * @param busPort of the event bus
     * @param seeds {@code host:port} of some nodes' cluster ports
     */
    public record ClusterConfig(String host, int port, int busPort, List<String> seeds) {}

    /** What the registry tells others. */
    public String advertisedHost() {
        return cluster == null ? bindHost : cluster.host();
    }

    /** Why an address can't be bound; empty where it can: strangers reach only ports that are locked, or that are said to be open. */
    public String unlocked() {
        String open = !isLoopback(bindHost) ? "bind_host: " + bindHost : "";
        if (cluster != null && !isLoopback(cluster.host())) {
            open = "cluster.host: " + cluster.host();
        }
        boolean locked = locks.tls() != null && locks.identities() != null;
        return open.isEmpty() || locked || locks.insecure()
                ? ""
                : open + " without tls and identities (expected: both; or a loopback address; or allow_insecure: true,"
                        + " FORELOG_ALLOW_INSECURE=true, where the network keeps strangers away)";
    }

    private static boolean isLoopback(String host) {
        return host.equals("localhost") || host.startsWith("127.") || host.equals("::1") || host.equals("[::1]");
    }

    public NodeConfig withInsecure() {
        return new NodeConfig(
                name,
                dataDirectory,
                bindHost,
                ports,
                roles,
                shard,
                stack,
                region,
                admission,
                append,
                reload,
                configStore,
                cluster,
                new LocksConfig(locks.tls(), locks.identities(), locks.connections(), true),
                queues,
                targets,
                bootstrapServers,
                namespaceDefaults,
                drainTimeout,
                auditInterval,
                networkCapacity,
                bench);
    }

    /** Where the writes, the gRPC calls and the administrators come in. */
    public NodeConfig withPorts(int http, int grpc, int management) {
        return with(dataDirectory, bindHost, new Ports(http, grpc, management));
    }

    public NodeConfig withDataDirectory(Path directory) {
        return with(directory, bindHost, ports);
    }

    public NodeConfig withBindHost(String host) {
        return with(dataDirectory, host, ports);
    }

    private NodeConfig with(Path directory, String host, Ports newPorts) {
        return new NodeConfig(
                name,
                directory,
                host,
                newPorts,
                roles,
                shard,
                stack,
                region,
                admission,
                append,
                reload,
                configStore,
                cluster,
                locks,
                queues,
                targets,
                bootstrapServers,
                namespaceDefaults,
                drainTimeout,
                auditInterval,
                networkCapacity,
                bench);
    }

    /** Settings may hold secrets: their names are shown, not their values. */
    @Override
    public String toString() {
        Set<String> defaults = namespaceDefaults.keySet();
        return "NodeConfig[name=" + name + ", dataDirectory=" + dataDirectory + ", bindHost=" + bindHost + ", " + ports
                + ", roles=" + roles + ", shard=" + shard + ", stack=" + stack + ", region=" + region + ", " + admission
                + ", " + append + ", " + reload + ", " + configStore + ", " + cluster + ", queues=" + queues.keySet()
                + ", targets="
                + targets.keySet()
                + ", bootstrapServers=" + bootstrapServers.keySet() + ", namespaceDefaults=" + defaults
                + ", drainTimeout=" + drainTimeout + ", auditInterval=" + auditInterval + ", bench=" + bench + "]";
    }
}

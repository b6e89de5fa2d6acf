package io.forelog.config;

import io.forelog.config.LocksConfig.IdentitiesConfig;
import io.forelog.config.NodeConfig.AdmissionConfig;
import io.forelog.config.NodeConfig.AppendConfig;
import io.forelog.config.NodeConfig.ClusterConfig;
import io.forelog.config.NodeConfig.ConfigStoreConfig;
import io.forelog.config.NodeConfig.Ports;
import io.forelog.config.NodeConfig.ReloadConfig;
import io.forelog.database.DatabaseSettings;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads {@code conf/forelog.yaml} and tells every problem at once. Stateless; called once, before the node starts. */
public final class NodeConfigReader {
    private static final List<String> ROLES = List.of("producer", "consumer", "control");
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9_.:-]+");
    private static final Pattern SEED = Pattern.compile("[A-Za-z0-9_.-]+:\\d{1,5}");
    private static final int PORT_MAX = 65_535;

    private NodeConfigReader() {}

    /** Fails with INVALID_ARGUMENT, a problem a line. {@code host}: this machine's name, the default of the node's. */
    public static NodeConfig read(String text, String host, Adapters adapters) {
        List<String> problems = new ArrayList<>();
        NodeConfig config = read(new Section("", DocumentText.parse(text), problems), host, adapters);
        problems.addAll(new DocumentParser(adapters, config.namespaceDefaults()).defaultsProblems());
        if (!problems.isEmpty()) {
            throw new WalException(ErrorCode.INVALID_ARGUMENT, String.join("\n", problems));
        }
        return config;
    }

    /** The path of every key there is. */
    static Set<String> keys() {
        Set<String> asked = new LinkedHashSet<>();
        read(new Section("", Map.of(), new ArrayList<>(), asked), "host", new Adapters(Map.of(), Map.of()));
        return asked;
    }

    private static NodeConfig read(Section root, String host, Adapters adapters) {
        NodeConfig config = new NodeConfig(
                root.text("name", host, DocumentParser.NAME, DocumentParser.NAME_EXPECTED),
                Path.of(root.text("data_directory", "data")),
                root.text("bind_host", "127.0.0.1", HOST, "a host name or an address"),
                ports(root.section("ports")),
                roles(root),
                root.text("shard", "default", DocumentParser.NAME, DocumentParser.NAME_EXPECTED),
                root.text("stack", "default", DocumentParser.NAME, DocumentParser.NAME_EXPECTED),
                root.text("region", "local", DocumentParser.NAME, DocumentParser.NAME_EXPECTED),
                admission(root.section("admission")),
                append(root.section("append")),
                reload(root.section("reload")),
                configStore(root.section("config_store")),
                cluster(root),
                LocksReader.read(root),
                settings(root, "queues", adapters.queues().keySet(), true),
                settings(root, "targets", adapters.targets().keySet(), false),
                texts(root, "bootstrap_servers"),
                root.map("namespace_defaults"),
                root.duration("drain_timeout", Duration.ofMillis(1), Duration.ofMinutes(30), Duration.ofSeconds(25)),
                root.duration("audit_interval", Duration.ofMillis(100), Duration.ofDays(1), Duration.ofSeconds(10)),
                root.bytes("network_capacity", 0, 0),
                root.flag("bench", false));
        root.refuseTheRest();
        IdentitiesConfig identities = config.locks().identities();
        if (config.cluster() != null
                && identities != null
                && identities.certificates()
                && identities.nodes().isEmpty()) {
            root.remark(
                    "identities.nodes",
                    "missing (expected: the principals of the nodes' certificates, since with certificates: true those of callers"
                            + " are of the same authority)");
        }
        return config;
    }

    private static Ports ports(Section section) {
        Ports ports = new Ports(
                section.number("http", 0, PORT_MAX, 8080),
                section.number("grpc", 0, PORT_MAX, 9090),
                section.number("management", 0, PORT_MAX, 8081));
        section.refuseTheRest();
        List<Integer> chosen = new ArrayList<>(List.of(ports.http(), ports.grpc(), ports.management()));
        chosen.removeIf(port -> port == 0);
        if (new TreeSet<>(chosen).size() < chosen.size()) {
            section.remark("http", chosen + " (expected: three ports, or 0 for any free one)");
        }
        return ports;
    }

    private static List<String> roles(Section root) {
        List<String> roles = root.texts("roles");
        if (!ROLES.containsAll(roles)) {
            root.problem("roles", "some of " + ROLES);
        } else if (root.has("roles") && roles.size() < ROLES.size() && !root.has("cluster")) {
            root.problem("roles", ROLES + ", for a node that is alone serves in every role");
        }
        return roles.isEmpty() ? ROLES : roles;
    }

    private static AdmissionConfig admission(Section section) {
        AdmissionConfig admission = new AdmissionConfig(
                section.flag("enabled", true),
                section.number("ceiling", 256, 10_000_000, 65_536),
                section.duration("latency_max", Duration.ofMillis(1), Duration.ofSeconds(60), Duration.ofMillis(100)));
        section.refuseTheRest();
        return admission;
    }

    private static AppendConfig append(Section section) {
        AppendConfig append = new AppendConfig(
                section.number("entries", 1, 10_000_000, 32_768), section.bytes("bytes", 1024 * 1024, 64L << 20));
        section.refuseTheRest();
        return append;
    }

    private static ReloadConfig reload(Section section) {
        ReloadConfig reload = new ReloadConfig(
                section.duration("poll", Duration.ofMillis(10), Duration.ofHours(1), Duration.ofMillis(500)),
                section.duration(
                        "apply_limit", Duration.ofMillis(100), Duration.ofMinutes(10), Duration.ofSeconds(30)));
        section.refuseTheRest();
        return reload;
    }

    private static ConfigStoreConfig configStore(Section section) {
        String type = section.choice("type", List.of("directory", "postgres"), "directory");
        String authorities = section.text("ca_file", "");
        DatabaseSettings database = new DatabaseSettings(
                section.text("uri", ""),
                section.text("password", ""),
                section.text("tls", authorities.isEmpty() ? "off" : "verify-full"),
                authorities,
                section.text("schema", "forelog"),
                section.number("connections", 1, 100, 4));
        section.refuseTheRest();
        if (type.equals("postgres")) {
            database.problems().forEach(section::says);
            return new ConfigStoreConfig(database);
        }
        if (section.has("uri")) {
            section.remark("uri", "with a directory (expected: type: postgres, or none)");
        }
        return new ConfigStoreConfig(null);
    }

    private static @Nullable ClusterConfig cluster(Section root) {
        Section section = root.section("cluster");
        ClusterConfig cluster = new ClusterConfig(
                section.text("host", "127.0.0.1", HOST, "a host name or an address"),
                section.number("port", 1, PORT_MAX - 11, 7800),
                section.number("bus_port", 1, PORT_MAX, 7900),
                section.texts("seeds"));
        if (!cluster.seeds().stream().allMatch(seed -> SEED.matcher(seed).matches())) {
            section.problem("seeds", "a list of host:port");
        }
        section.refuseTheRest();
        if (cluster.seeds().isEmpty()) {
            if (section.has("port") || section.has("bus_port") || section.has("host")) {
                section.problem("seeds", "host:port of the cluster ports of some nodes; its own for the first");
            }
            return null;
        }
        if (!"postgres".equals(root.section("config_store").text("type", ""))) {
            root.remark("cluster", "without a shared config store (expected: config_store.type: postgres)");
        }
        return cluster;
    }

    private static Map<String, Map<String, Object>> settings(
            Section root, String key, Set<String> types, boolean upper) {
        Map<String, Map<String, Object>> settings = new LinkedHashMap<>();
        Section section = root.section(key);
        root.map(key).keySet().forEach(name -> {
            String type = upper ? name.toUpperCase(Locale.ROOT) : name.toLowerCase(Locale.ROOT);
            if (types.contains(type)) {
                settings.put(type, section.map(name));
            } else {
                section.remark(name, "unknown type (expected: one of " + new TreeSet<>(types) + ")");
            }
        });
        return settings;
    }

    private static Map<String, String> texts(Section root, String key) {
        Map<String, String> texts = new LinkedHashMap<>();
        Section section = root.section(key);
        root.map(key).keySet().forEach(name -> texts.put(name, section.text(name, "")));
        return texts;
    }
}

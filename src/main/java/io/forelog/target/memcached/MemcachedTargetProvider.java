package io.forelog.target.memcached;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Key;
import io.forelog.model.ConfigSchema.Kind;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.target.KeyTemplate;
import io.forelog.target.RetryTable;
import io.forelog.target.Secrets;
import io.forelog.target.TargetAdapter;
import io.forelog.target.TargetProvider;
import io.forelog.target.TargetResources;
import io.forelog.target.TargetSpec;
import io.forelog.target.Words;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.PemTrustOptions;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The target type {@code memcached}. Stateless, any thread. */
public final class MemcachedTargetProvider implements TargetProvider {
    private static final String HASH = "hash";
    private static final ConfigSchema SCHEMA = ConfigSchema.builder()
            .add(new Key(
                    "nodes",
                    Kind.TEXT_LIST,
                    true,
                    "",
                    false,
                    "host:port of each; of several, ketama says which has a key",
                    MemcachedTargetProvider::nodes))
            .add(new Key(
                    "key",
                    Kind.TEXT,
                    false,
                    "{key}",
                    false,
                    "the item's key; may hold {key}, {destination}, {namespace}",
                    KeyTemplate::expectation))
            .optional("destination", Kind.TEXT, "the first of destinations", "of an entry that names none")
            .add(new Key(
                    "long_keys",
                    Kind.TEXT,
                    false,
                    "reject",
                    false,
                    "of over 250 bytes, with a space or a control character: reject, or hash (SHA-256)",
                    value -> List.of("reject", HASH).contains(value) ? null : "reject or hash"))
            .optional("ttl", Kind.DURATION, "none", "of an entry without attributes.ttl")
            .add(new Key(
                    "flags",
                    Kind.INTEGER,
                    false,
                    "0",
                    false,
                    "stored with each item, as its readers want them",
                    value -> ((Number) value).longValue() >= 0 && ((Number) value).longValue() <= 0xFFFF_FFFFL
                            ? null
                            : "0 to 4294967295"))
            .add(new Key(
                    "user",
                    Kind.TEXT,
                    false,
                    "none",
                    false,
                    "with password: memcached's own authentication (-Y)",
                    value -> value.toString().matches("\\S+") ? null : "a name without spaces"))
            .secret("password", "file:PATH or env:NAME; with user")
            .optional("tls", Kind.BOOLEAN, "false", "TLS")
            .optional("ca_file", Kind.TEXT, "the JDK's", "PEM file with the certificates to trust; with tls")
            .build();

    @Override
    public String type() {
        return "memcached";
    }

    @Override
    public ConfigSchema schema() {
        return SCHEMA;
    }

    @Override
    public RetryTable retryTable() {
        return MemcachedOutcomes.TABLE;
    }

    @Override
    public Future<TargetAdapter> open(TargetSpec spec, TargetResources resources) {
        Map<String, Object> config = spec.config();
        if (config.containsKey("user") != config.containsKey("password")) {
            return Future.failedFuture(
                    new WalException(ErrorCode.INVALID_ARGUMENT, "user, password: one alone (expected: both or none)"));
        }
        return Secrets.resolve(resources.vertx(), Words.text(config, "password", ""))
                .map(password -> adapter(spec, resources, password));
    }

    private static TargetAdapter adapter(TargetSpec spec, TargetResources resources, String password) {
        Map<String, Object> config = spec.config();
        String firstDestination =
                spec.destinations().isEmpty() ? "" : spec.destinations().get(0);
        long timeoutMillis = Math.max(1L, spec.limit().timeout().toMillis());
        List<NodeAddress> addresses = addresses(config.get("nodes"));
        NetClient client = resources.vertx().createNetClient(options(config, timeoutMillis));
        Buffer login = config.containsKey("user") ? login(Words.text(config, "user", ""), password) : null;
        return new MemcachedTargetAdapter(
                client,
                addresses.stream()
                        .map(address -> MemcachedProtocol.node(
                                resources.vertx(), client, address, login, timeoutMillis, resources.ticker()))
                        .toList(),
                new KetamaRing(addresses.stream().map(NodeAddress::name).toList()),
                new ItemKey(
                        KeyTemplate.parse(Words.text(config, "key", "{key}")),
                        Words.text(config, "destination", firstDestination),
                        Words.text(config, "long_keys", "reject").equals(HASH)),
                new ItemCommand(
                        config.get("flags") instanceof Number flags ? flags.longValue() : 0L,
                        Words.duration(config, "ttl", Duration.ZERO)));
    }

    /** Of connections to nodes, as {@code tls} and {@code ca_file} say. */
    public static NetClientOptions options(Map<String, Object> config, long timeoutMillis) {
        NetClientOptions options = new NetClientOptions()
                .setConnectTimeout((int) Math.min(5_000L, timeoutMillis))
                .setTcpKeepAlive(true)
                .setTcpNoDelay(true);
        if (Words.flag(config, "tls", false)) {
            options.setSsl(true).setHostnameVerificationAlgorithm("HTTPS");
            String authorities = Words.text(config, "ca_file", "");
            if (!authorities.isEmpty()) {
                options.setTrustOptions(new PemTrustOptions().addCertPath(authorities));
            }
        }
        return options;
    }

    /** The first command of a connection is a set of any key, its value user and password. */
    private static Buffer login(String user, String password) {
        byte[] both = (user + " " + password).getBytes(UTF_8);
        return Buffer.buffer("set login 0 0 " + both.length + "\r\n")
                .appendBytes(both)
                .appendString("\r\n");
    }

    private static List<NodeAddress> addresses(@Nullable Object nodes) {
        return nodes instanceof List<?> list
                ? list.stream().map(node -> NodeAddress.parse(node.toString())).toList()
                : List.of();
    }

    private static @Nullable String nodes(Object value) {
        List<?> list = (List<?>) value;
        for (Object node : list) {
            String expectation = NodeAddress.expectation(node.toString());
            if (expectation != null) {
                return "a list of " + expectation;
            }
        }
        return !list.isEmpty() && new HashSet<>(addresses(list)).size() == list.size()
                ? null
                : "at least one node, none twice";
    }
}

package io.forelog.target.kafka;

import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Key;
import io.forelog.model.ConfigSchema.Kind;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.target.RetryTable;
import io.forelog.target.Secrets;
import io.forelog.target.TargetAdapter;
import io.forelog.target.TargetProvider;
import io.forelog.target.TargetResources;
import io.forelog.target.TargetSpec;
import io.forelog.target.Words;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.SocketAddress;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigException;
import org.jspecify.annotations.Nullable;

/** The target type {@code kafka}. Stateless, any thread. */
public final class KafkaTargetProvider implements TargetProvider {
    private static final ConfigSchema SCHEMA = ConfigSchema.builder()
            .add(new Key(
                    "bootstrap_servers",
                    Kind.TEXT,
                    true,
                    "",
                    false,
                    "host:port,host:port, or a name of the node's bootstrap_servers table",
                    KafkaTargetProvider::servers))
            .add(new Key(
                    "topic",
                    Kind.TEXT,
                    true,
                    "",
                    false,
                    "where to; may hold {destination} and {namespace}",
                    TopicTemplate::expectation))
            .optional("destination", Kind.TEXT, "the first of destinations", "of an entry that names none")
            .add(new Key(
                    "acks",
                    Kind.TEXT,
                    false,
                    "all",
                    false,
                    "all: every in-sync replica, idempotent; 1: the leader alone",
                    value -> List.of("all", "1").contains(value) ? null : "all or 1"))
            .optional("tombstones", Kind.BOOLEAN, "false", "a DELETE is sent without a value, as compaction wants it")
            .add(new Key(
                    "client",
                    Kind.TEXT_MAP,
                    false,
                    "none",
                    false,
                    "more settings of Kafka's producer: compression, TLS, SASL",
                    ClientSettings::plain))
            .add(new Key(
                    "client_secrets",
                    Kind.TEXT_MAP,
                    false,
                    "none",
                    false,
                    "settings that are secret, each by file:PATH or env:NAME",
                    ClientSettings::secret))
            .build();

    @Override
    public String type() {
        return "kafka";
    }

    @Override
    public ConfigSchema schema() {
        return SCHEMA;
    }

    @Override
    public RetryTable retryTable() {
        return SendOutcomes.TABLE;
    }

    @Override
    public Future<TargetAdapter> open(TargetSpec spec, TargetResources resources) {
        Vertx vertx = resources.vertx();
        Map<String, Object> config = spec.config();
        String named = Words.text(config, "bootstrap_servers", "");
        String servers = resources.bootstrapServers().getOrDefault(named, named);
        String expectation = servers(servers);
        if (expectation != null || !servers.contains(":")) {
            return invalid("bootstrap_servers: " + named
                    + " (expected: host:port, or a name of the node's bootstrap_servers)");
        }
        Map<String, Object> settings =
                ClientSettings.of(spec, servers, "forelog-" + resources.node() + "-" + spec.namespace());
        Future<Void> secrets = Future.succeededFuture();
        for (Map.Entry<String, String> secret :
                Words.map(config, "client_secrets").entrySet()) {
            secrets = secrets.compose(done -> Secrets.resolve(vertx, secret.getValue()))
                    .map(value -> {
                        settings.put(secret.getKey(), value);
                        return null;
                    });
        }
        return secrets.compose(known -> {
            try {
                ProducerConfig checked = new ProducerConfig(ClientSettings.withSerializers(settings));
                return Future.succeededFuture(adapter(spec, resources, settings, servers, checked));
            } catch (ConfigException e) {
                return invalid("client: " + e.getMessage());
            }
        });
    }

    private static TargetAdapter adapter(
            TargetSpec spec,
            TargetResources resources,
            Map<String, Object> settings,
            String servers,
            ProducerConfig checked) {
        Vertx vertx = resources.vertx();
        String firstDestination =
                spec.destinations().isEmpty() ? "" : spec.destinations().get(0);
        TopicProducer producer = new TopicProducer(
                settings,
                new TopicTemplate(Words.text(spec.config(), "topic", "")),
                Words.text(spec.config(), "destination", firstDestination),
                new RecordForm(Words.flag(spec.config(), "tombstones", false)));
        int connectMillis = (int) Math.max(1L, Math.min(2_000L, checked.getLong(ProducerConfig.MAX_BLOCK_MS_CONFIG)));
        return new KafkaTargetAdapter(
                vertx.getOrCreateContext(),
                vertx.createSharedWorkerExecutor("forelog-kafka-target-" + spec.namespace() + "-" + spec.name(), 1),
                producer,
                vertx.createNetClient(new NetClientOptions().setConnectTimeout(connectMillis)),
                Stream.of(servers.split(",")).map(KafkaTargetProvider::address).toList());
    }

    private static SocketAddress address(String server) {
        String text = server.strip();
        int colon = text.lastIndexOf(':');
        String host = text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        return SocketAddress.inetSocketAddress(
                Integer.parseInt(text.substring(colon + 1)), bracketed ? host.substring(1, host.length() - 1) : host);
    }

    private static @Nullable String servers(Object value) {
        String text = value.toString();
        boolean name = text.matches("[A-Za-z0-9._-]+");
        boolean list = Stream.of(text.split(",", -1)).allMatch(KafkaTargetProvider::isServer);
        return name || list ? null : "host:port,host:port, or a name";
    }

    private static boolean isServer(String text) {
        String server = text.strip();
        if (!server.matches("[^\\s/@,]+:[0-9]{1,5}")) {
            return false;
        }
        int port = Integer.parseInt(server.substring(server.lastIndexOf(':') + 1));
        return port >= 1 && port <= 65_535;
    }

    private static Future<TargetAdapter> invalid(String text) {
        return Future.failedFuture(new WalException(ErrorCode.INVALID_ARGUMENT, text));
    }
}

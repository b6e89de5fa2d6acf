package io.forelog.target.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Key;
import io.forelog.model.ConfigSchema.Kind;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.target.KeyTemplate;
import io.forelog.target.Pipeline;
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
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The target type {@code redis}. Stateless, any thread. */
public final class RedisTargetProvider implements TargetProvider {
    /** As many as a writer may have out at its highest adaptive limit. */
    private static final int WAITING_MAX = 200 * RedisTargetAdapter.BATCH_MAX;

    private static final byte[] AUTH = "AUTH".getBytes(US_ASCII);
    private static final byte[] PING = "PING".getBytes(US_ASCII);
    private static final byte[] SELECT = "SELECT".getBytes(US_ASCII);
    private static final String STRING = "string";
    private static final String HASH = "hash";
    private static final String STREAM = "stream";
    private static final ConfigSchema SCHEMA = ConfigSchema.builder()
            .add(new Key(
                    "address",
                    Kind.TEXT,
                    true,
                    "",
                    false,
                    "host:port of the server, or of a proxy that speaks for many",
                    RedisTargetProvider::address))
            .add(new Key(
                    "key",
                    Kind.TEXT,
                    false,
                    "{key}",
                    false,
                    "the item's name, of a stream the stream's; may hold {key}, {destination}, {namespace}",
                    KeyTemplate::expectation))
            .optional("destination", Kind.TEXT, "the first of destinations", "of an entry that names none")
            .add(new Key(
                    "form",
                    Kind.TEXT,
                    false,
                    STRING,
                    false,
                    "string: the payload; hash: the members of a JSON object; stream: a message each",
                    value -> List.of(STRING, HASH, STREAM).contains(value) ? null : "string, hash or stream"))
            .optional("field", Kind.TEXT, "none", "of a hash: the payload goes into this field, the others stay")
            .optional(
                    "versioned",
                    Kind.BOOLEAN,
                    "true, of a stream false",
                    "what is older than what is there changes nothing")
            .optional(
                    "tombstones",
                    Kind.DURATION,
                    "P1D",
                    "how long a deletion is remembered; more than the time that an older write may still arrive in")
            .optional("ttl", Kind.DURATION, "none", "of an entry without attributes.ttl")
            .add(new Key(
                    "max_length",
                    Kind.INTEGER,
                    false,
                    "all",
                    false,
                    "of a stream: about so many messages are kept",
                    value -> ((Number) value).longValue() >= 1 ? null : ">= 1"))
            .add(new Key(
                    "database",
                    Kind.INTEGER,
                    false,
                    "0",
                    false,
                    "the number of the database",
                    value -> ((Number) value).longValue() >= 0 && ((Number) value).longValue() <= 65_535
                            ? null
                            : "0 to 65535"))
            .optional("user", Kind.TEXT, "default", "with password")
            .secret("password", "file:PATH or env:NAME")
            .optional("tls", Kind.BOOLEAN, "false", "TLS")
            .optional("ca_file", Kind.TEXT, "the JDK's", "PEM file with the certificates to trust; with tls")
            .build();

    @Override
    public String type() {
        return "redis";
    }

    @Override
    public ConfigSchema schema() {
        return SCHEMA;
    }

    @Override
    public RetryTable retryTable() {
        return RedisOutcomes.TABLE;
    }

    @Override
    public Future<TargetAdapter> open(TargetSpec spec, TargetResources resources) {
        Map<String, Object> config = spec.config();
        String problem = problem(config);
        if (problem != null) {
            return Future.failedFuture(new WalException(ErrorCode.INVALID_ARGUMENT, problem));
        }
        return Secrets.resolve(resources.vertx(), Words.text(config, "password", ""))
                .map(password -> adapter(spec, resources, password));
    }

    /** Of keys that do not go together. */
    private static @Nullable String problem(Map<String, Object> config) {
        String form = Words.text(config, "form", STRING);
        if (config.containsKey("field") && !form.equals(HASH)) {
            return "field: with form " + form + " (expected: with form hash only)";
        }
        if (form.equals(STREAM) && Words.flag(config, "versioned", false)) {
            return "versioned: true with form stream (expected: string or hash: a message is added, nothing is replaced)";
        }
        if (config.containsKey("max_length") && !form.equals(STREAM)) {
            return "max_length: with form " + form + " (expected: with form stream only)";
        }
        if (config.containsKey("user") && !config.containsKey("password")) {
            return "user: without password (expected: both or none)";
        }
        return null;
    }

    private static TargetAdapter adapter(TargetSpec spec, TargetResources resources, String password) {
        Map<String, Object> config = spec.config();
        String firstDestination =
                spec.destinations().isEmpty() ? "" : spec.destinations().get(0);
        long timeoutMillis = Math.max(1L, spec.limit().timeout().toMillis());
        NetClient client = resources.vertx().createNetClient(options(config, timeoutMillis));
        return new RedisTargetAdapter(
                client,
                new Pipeline(
                        resources.vertx(),
                        client,
                        server(config, password),
                        new RedisProtocol(),
                        new Pipeline.Limits(WAITING_MAX, timeoutMillis, 0),
                        resources.ticker()),
                KeyTemplate.parse(Words.text(config, "key", "{key}")),
                Words.text(config, "destination", firstDestination),
                commands(config),
                resources.ticker());
    }

    /** The address is one that {@link #address} has nothing against. */
    private static Pipeline.Server server(Map<String, Object> config, String password) {
        String address = Words.text(config, "address", "");
        int colon = address.lastIndexOf(':');
        String host = address.substring(0, colon);
        return new Pipeline.Server(
                host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
                Integer.parseInt(address.substring(colon + 1)),
                address,
                login(config, password));
    }

    /** Something is asked in any case: a server that has no room for a connection says so to the first command, whatever that is. */
    private static Pipeline.Login login(Map<String, Object> config, String password) {
        Buffer commands = Buffer.buffer();
        Command command = new Command();
        int count = 1;
        if (password.isEmpty()) {
            command.name(PING).appendTo(commands);
        } else {
            command.name(AUTH);
            if (config.containsKey("user")) {
                command.arg(Words.text(config, "user", ""));
            }
            command.arg(password).appendTo(commands);
        }
        int database = Words.number(config, "database", 0);
        if (database != 0) {
            command.name(SELECT).arg(database).appendTo(commands);
            count++;
        }
        return new Pipeline.Login(commands, count);
    }

    private static NetClientOptions options(Map<String, Object> config, long timeoutMillis) {
        NetClientOptions net = new NetClientOptions()
                .setConnectTimeout((int) Math.min(5_000L, timeoutMillis))
                .setTcpKeepAlive(true)
                .setTcpNoDelay(true);
        if (Words.flag(config, "tls", false)) {
            net.setSsl(true).setHostnameVerificationAlgorithm("HTTPS");
            String authorities = Words.text(config, "ca_file", "");
            if (!authorities.isEmpty()) {
                net.setTrustOptions(new PemTrustOptions().addCertPath(authorities));
            }
        }
        return net;
    }

    private static Commands commands(Map<String, Object> config) {
        String form = Words.text(config, "form", STRING);
        Duration ttl = Words.duration(config, "ttl", Duration.ZERO);
        if (form.equals(STREAM)) {
            return new StreamCommands(Words.number(config, "max_length", 0));
        }
        boolean versioned = Words.flag(config, "versioned", true);
        if (form.equals(STRING) && !versioned) {
            return new StringCommands(ttl);
        }
        String field = Words.text(config, "field", "");
        ScriptCommands.Value value = form.equals(STRING)
                ? ScriptCommands.Value.STRING
                : field.isEmpty() ? ScriptCommands.Value.HASH : ScriptCommands.Value.FIELD;
        return new ScriptCommands(
                value, field, versioned, ttl, Words.duration(config, "tombstones", Duration.ofDays(1)));
    }

    private static @Nullable String address(Object value) {
        String text = value.toString();
        if (!text.matches("([^\\s/@:,\\[\\]]+|\\[[0-9a-fA-F:.]+]):[0-9]{1,5}")) {
            return "host:port";
        }
        int port = Integer.parseInt(text.substring(text.lastIndexOf(':') + 1));
        return port >= 1 && port <= 65_535 ? null : "host:port, the port 1 to 65535";
    }
}

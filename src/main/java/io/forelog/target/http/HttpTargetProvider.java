package io.forelog.target.http;

import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Key;
import io.forelog.model.ConfigSchema.Kind;
import io.forelog.model.ErrorCode;
import io.forelog.model.Operation;
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
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.PemTrustOptions;
import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The target type {@code http}. Stateless, any thread. */
public final class HttpTargetProvider implements TargetProvider {
    private static final int CONNECTIONS_MAX = 200;
    private static final int WAIT_QUEUE_MAX = 2_000;
    private static final Set<String> METHODS = Set.of("POST", "PUT", "PATCH", "DELETE");
    private static final Set<String> OPERATIONS = Set.of("put", "delete", "touch");
    private static final ConfigSchema SCHEMA = ConfigSchema.builder()
            .add(new Key(
                    "url",
                    Kind.TEXT,
                    true,
                    "",
                    false,
                    "where to send; path and query may hold {key}, {destination}, {namespace}",
                    UrlTemplate::expectation))
            .add(new Key("method", Kind.TEXT, false, "POST", false, "of every request", HttpTargetProvider::method))
            .add(new Key(
                    "methods",
                    Kind.TEXT_MAP,
                    false,
                    "method for all",
                    false,
                    "a method an operation: put, delete, touch",
                    HttpTargetProvider::methods))
            .add(new Key(
                    "headers",
                    Kind.TEXT_MAP,
                    false,
                    "none",
                    false,
                    "sent with every request; they have the last word",
                    HttpTargetProvider::headers))
            .secret("authorization", "the value of the header Authorization: file:PATH or env:NAME")
            .add(new Key(
                    "signing_secrets",
                    Kind.TEXT_LIST,
                    false,
                    "none",
                    true,
                    "signs as Standard Webhooks has it: whsec_… by file:PATH or env:NAME, the newest first; each signs",
                    HttpTargetProvider::signingSecrets))
            .optional("timeout", Kind.DURATION, "limit.timeout", "until a silent connection is given up")
            .optional("destination", Kind.TEXT, "the first of destinations", "of an entry that names none")
            .add(new Key(
                    "connections",
                    Kind.INTEGER,
                    false,
                    "limit.concurrency, 200 where that is adaptive",
                    false,
                    "most connections; of HTTP/2 a 64th of it",
                    value -> ((Number) value).longValue() >= 1 && ((Number) value).longValue() <= 10_000
                            ? null
                            : "1 to 10000"))
            .optional("http2", Kind.BOOLEAN, "false", "HTTP/2, where the server agrees (h2c without TLS)")
            .optional("ca_file", Kind.TEXT, "the JDK's", "PEM file with the certificates to trust")
            .build();

    private static final RetryTable TABLE = new RetryTable(List.of(
            new RetryTable.Row("HTTP 2xx", "applied", "the body is not read"),
            new RetryTable.Row(
                    "HTTP 408, 425, 5xx", "retry", "not before Retry-After, seconds or date, at most 10 minutes"),
            new RetryTable.Row("HTTP 429", "retry", "as above; lowers the adaptive limit, does not open the breaker"),
            new RetryTable.Row(
                    "Retry-After with any of these",
                    "retry",
                    "closes the target for that time: what follows waits and spends no attempt"),
            new RetryTable.Row("HTTP 401, 403, 404", "dead-letter", "a storm of them pauses the route instead"),
            new RetryTable.Row("HTTP 3xx and other 4xx", "dead-letter", "redirects are not followed"),
            new RetryTable.Row("no connection, reset, TLS or DNS failure", "retry", "opens the breaker"),
            new RetryTable.Row(
                    "HTTP/2: no stream free in time, too many wait for one", "retry", "lowers the adaptive limit"),
            new RetryTable.Row("no answer in time", "retry", "opens the breaker; a late answer is not listened to"),
            new RetryTable.Row(
                    "key or destination can't stand in the url", "dead-letter", "empty, . or .. in the path")));

    @Override
    public String type() {
        return "http";
    }

    @Override
    public ConfigSchema schema() {
        return SCHEMA;
    }

    @Override
    public RetryTable retryTable() {
        return TABLE;
    }

    @Override
    public Future<TargetAdapter> open(TargetSpec spec, TargetResources resources) {
        Map<String, Object> config = spec.config();
        List<String> signing = config.get("signing_secrets") instanceof List<?> list
                ? list.stream().map(Object::toString).toList()
                : List.of();
        if (!signing.isEmpty()) {
            for (String name : Words.map(config, "headers").keySet()) {
                if (RequestHeaders.signed(name)) {
                    return Future.failedFuture(new WalException(
                            ErrorCode.INVALID_ARGUMENT,
                            "headers." + name + ": with signing_secrets (expected: left to the signature)"));
                }
            }
        }
        return Secrets.resolveForHeader(resources.vertx(), Words.text(config, "authorization", ""))
                .compose(authorization -> signing.isEmpty()
                        ? Future.succeededFuture(adapter(spec, resources, authorization, null))
                        : SigningSecrets.open(resources.vertx(), spec.namespace(), spec.name(), signing)
                                .map(secrets -> adapter(spec, resources, authorization, secrets)));
    }

    private static TargetAdapter adapter(
            TargetSpec spec, TargetResources resources, String authorization, @Nullable SigningSecrets signing) {
        Vertx vertx = resources.vertx();
        Map<String, Object> config = spec.config();
        UrlTemplate url = UrlTemplate.parse(Words.text(config, "url", ""));
        Duration timeout = Words.duration(config, "timeout", spec.limit().timeout());
        Map<String, String> headers = new LinkedHashMap<>(Words.map(config, "headers"));
        if (!authorization.isEmpty()) {
            headers.put("authorization", authorization);
        }
        String firstDestination =
                spec.destinations().isEmpty() ? "" : spec.destinations().get(0);
        HttpClientOptions options = options(config, url, timeout);
        PoolOptions pool = pool(config, spec.limit().concurrency());
        NetClientOptions probing = new NetClientOptions().setConnectTimeout((int) Math.min(5_000L, timeout.toMillis()));
        return new HttpTargetAdapter(
                Words.flag(config, "http2", false)
                        ? Wire.multiplexed(vertx, options, pool, timeout)
                        : Wire.pooled(vertx, options, pool, timeout),
                vertx.createNetClient(probing),
                url,
                Words.text(config, "destination", firstDestination),
                methodsOf(config),
                new RequestHeaders(headers, resources.node()),
                signing,
                resources.ticker());
    }

    private static HttpClientOptions options(Map<String, Object> config, UrlTemplate url, Duration timeout) {
        HttpClientOptions options = new HttpClientOptions()
                .setKeepAlive(true)
                .setKeepAliveTimeout(30)
                .setConnectTimeout((int) Math.min(Integer.MAX_VALUE, Math.max(1L, timeout.toMillis())))
                .setSsl(url.tls())
                .setTcpNoDelay(true);
        String authorities = Words.text(config, "ca_file", "");
        if (!authorities.isEmpty()) {
            options.setTrustOptions(new PemTrustOptions().addCertPath(authorities));
        }
        return Words.flag(config, "http2", false)
                ? options.setProtocolVersion(HttpVersion.HTTP_2).setUseAlpn(url.tls())
                : options;
    }

    private static PoolOptions pool(Map<String, Object> config, int concurrency) {
        int connections = Words.number(config, "connections", concurrency > 0 ? concurrency : CONNECTIONS_MAX);
        return new PoolOptions()
                .setHttp1MaxSize(connections)
                .setHttp2MaxSize(Math.max(1, connections / 64))
                .setMaxWaitQueueSize(WAIT_QUEUE_MAX);
    }

    private static Map<Operation, HttpMethod> methodsOf(Map<String, Object> config) {
        HttpMethod all = HttpMethod.valueOf(upper(Words.text(config, "method", "POST")));
        Map<Operation, HttpMethod> methods = new EnumMap<>(Operation.class);
        Map<String, String> named = Words.map(config, "methods");
        for (Operation operation : Operation.values()) {
            String name = named.get(operation.name().toLowerCase(Locale.ROOT));
            methods.put(operation, name == null ? all : HttpMethod.valueOf(upper(name)));
        }
        return methods;
    }

    private static @Nullable String method(Object value) {
        return METHODS.contains(upper(value.toString())) ? null : "one of DELETE, PATCH, POST, PUT";
    }

    private static @Nullable String methods(Object value) {
        for (Map.Entry<?, ?> pair : ((Map<?, ?>) value).entrySet()) {
            if (!OPERATIONS.contains(pair.getKey().toString()) || method(pair.getValue()) != null) {
                return "put, delete or touch: one of DELETE, PATCH, POST, PUT";
            }
        }
        return null;
    }

    private static @Nullable String signingSecrets(Object value) {
        List<?> list = (List<?>) value;
        boolean references = list.stream()
                .map(Object::toString)
                .allMatch(reference -> reference.startsWith("file:") || reference.startsWith("env:"));
        return references && !list.isEmpty() && list.size() <= WebhookSignature.SECRETS_MAX
                ? null
                : "1 to " + WebhookSignature.SECRETS_MAX + " of file:PATH or env:NAME, never the secret";
    }

    private static @Nullable String headers(Object value) {
        for (Map.Entry<?, ?> pair : ((Map<?, ?>) value).entrySet()) {
            String name = pair.getKey().toString();
            if (!name.matches("[A-Za-z0-9!#$%&'*+.^_`|~-]+") || RequestHeaders.reserved(name)) {
                return "header names that are not set by the client itself";
            }
            if (!Words.ascii(pair.getValue().toString()).equals(pair.getValue().toString())) {
                return "values of printable ASCII";
            }
        }
        return null;
    }

    private static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }
}

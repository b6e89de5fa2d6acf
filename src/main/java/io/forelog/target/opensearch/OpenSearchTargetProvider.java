package io.forelog.target.opensearch;

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
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.net.PemTrustOptions;
import java.net.URLEncoder;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The target type {@code opensearch}. Stateless, any thread. */
public final class OpenSearchTargetProvider implements TargetProvider {
    private static final int BULK_BYTES = 5 << 20;
    private static final int BULK_BYTES_LEAST = 1 << 10;
    private static final int BULK_BYTES_MOST = 100 << 20;
    private static final int CONNECTIONS = 32;
    private static final int CONNECTIONS_MAX = 1_000;
    private static final int WAIT_QUEUE_MAX = 2_000;
    /** What waits for a shard that is not there is given up by the server in time to be told. */
    private static final int SHARD_SHARE = 3;

    private static final ConfigSchema SCHEMA = ConfigSchema.builder()
            .add(new Key(
                    "urls",
                    Kind.TEXT_LIST,
                    true,
                    "",
                    false,
                    "http(s)://host[:port][/prefix] of each node, asked in turn; port 9200 where none is said",
                    OpenSearchTargetProvider::urls))
            .add(new Key(
                    "index",
                    Kind.TEXT,
                    true,
                    "",
                    false,
                    "index or alias; may hold {key}, {destination}, {namespace}",
                    KeyTemplate::expectation))
            .add(new Key(
                    "id",
                    Kind.TEXT,
                    false,
                    "{key}",
                    false,
                    "the document's: may hold the same, or is a JSON pointer into the payload, such as /order/id",
                    DocumentValue::expectation))
            .add(new Key(
                    "routing",
                    Kind.TEXT,
                    false,
                    "none",
                    false,
                    "as id; the same for all writes of a document",
                    DocumentValue::expectation))
            .add(new Key(
                    "pipeline",
                    Kind.TEXT,
                    false,
                    "the index's",
                    false,
                    "the ingest pipeline that documents go through",
                    value -> value.toString().isBlank() ? "a pipeline's name" : null))
            .add(new Key(
                    "deleted_field",
                    Kind.TEXT,
                    false,
                    "none",
                    false,
                    "a deletion leaves a document with nothing but this field, true",
                    value -> value.toString().isBlank() ? "a field's name" : null))
            .optional("destination", Kind.TEXT, "the first of destinations", "of an entry that names none")
            .add(number(
                    "bulk_bytes",
                    "5242880",
                    "most bytes of a request, before gzip; a larger document goes alone",
                    BULK_BYTES_LEAST,
                    BULK_BYTES_MOST))
            .optional("gzip", Kind.BOOLEAN, "false", "compress requests")
            .add(number(
                    "connections",
                    "limit.concurrency, 32 where that is adaptive",
                    "most connections to a node",
                    1,
                    CONNECTIONS_MAX))
            .add(new Key(
                    "user",
                    Kind.TEXT,
                    false,
                    "none",
                    false,
                    "with password: basic authentication",
                    value -> value.toString().isEmpty() || value.toString().contains(":")
                            ? "a name without a colon"
                            : null))
            .secret("password", "file:PATH or env:NAME; with user")
            .secret("api_key", "file:PATH or env:NAME, as the header wants it (base64); not with user")
            .optional("ca_file", Kind.TEXT, "the JDK's", "PEM file with the certificates to trust, with https")
            .build();

    @Override
    public String type() {
        return "opensearch";
    }

    @Override
    public ConfigSchema schema() {
        return SCHEMA;
    }

    @Override
    public RetryTable retryTable() {
        return BulkOutcomes.TABLE;
    }

    @Override
    public Future<TargetAdapter> open(TargetSpec spec, TargetResources resources) {
        Map<String, Object> config = spec.config();
        if (config.containsKey("user") != config.containsKey("password")) {
            return refused("user, password: one alone (expected: both or none)");
        }
        if (config.containsKey("user") && config.containsKey("api_key")) {
            return refused("user, api_key: both (expected: one of them)");
        }
        return Secrets.resolve(resources.vertx(), Words.text(config, "password", ""))
                .compose(password -> Secrets.resolveForHeader(resources.vertx(), Words.text(config, "api_key", ""))
                        .map(apiKey -> adapter(spec, resources, authorization(config, password, apiKey))));
    }

    private static Future<TargetAdapter> refused(String problem) {
        return Future.failedFuture(new WalException(ErrorCode.INVALID_ARGUMENT, problem));
    }

    /** Empty where there is none. */
    private static String authorization(Map<String, Object> config, String password, String apiKey) {
        if (!apiKey.isEmpty()) {
            return "ApiKey " + apiKey;
        }
        String user = Words.text(config, "user", "");
        return user.isEmpty()
                ? ""
                : "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(UTF_8));
    }

    private static TargetAdapter adapter(TargetSpec spec, TargetResources resources, String authorization) {
        Vertx vertx = resources.vertx();
        Map<String, Object> config = spec.config();
        long timeoutMillis = Math.max(10L, spec.limit().timeout().toMillis());
        List<NodeUrl> urls = parsed(config.get("urls"));
        String first = spec.destinations().isEmpty() ? "" : spec.destinations().get(0);
        boolean gzip = Words.flag(config, "gzip", false);
        String routing = Words.text(config, "routing", "");
        return new OpenSearchTargetAdapter(
                vertx,
                new Cluster(vertx, client(vertx, spec, timeoutMillis), urls, resources.ticker()),
                new ActionForm(
                        Words.text(config, "index", ""),
                        DocumentValue.parse("id", Words.text(config, "id", "{key}")),
                        routing.isEmpty() ? null : DocumentValue.parse("routing", routing),
                        Words.text(config, "destination", first),
                        Words.text(config, "deleted_field", "")),
                path(config, timeoutMillis),
                headers(authorization, gzip, resources.node()),
                gzip,
                Words.number(config, "bulk_bytes", BULK_BYTES),
                timeoutMillis,
                resources.ticker());
    }

    private static String path(Map<String, Object> config, long timeoutMillis) {
        String pipeline = Words.text(config, "pipeline", "");
        return "/_bulk?" + BulkAnswer.FILTER + "&timeout=" + Math.max(1L, timeoutMillis / SHARD_SHARE) + "ms"
                + (pipeline.isEmpty() ? "" : "&pipeline=" + URLEncoder.encode(pipeline, UTF_8));
    }

    private static MultiMap headers(String authorization, boolean gzip, String node) {
        MultiMap headers = HttpHeaders.headers()
                .set(HttpHeaders.CONTENT_TYPE, "application/x-ndjson")
                .set(HttpHeaders.ACCEPT, "application/json")
                .set(HttpHeaders.USER_AGENT, "forelog/" + node.replaceAll("[^!-~]", "-"));
        if (gzip) {
            headers.set(HttpHeaders.CONTENT_ENCODING, "gzip");
        }
        if (!authorization.isEmpty()) {
            headers.set(HttpHeaders.AUTHORIZATION, authorization);
        }
        return headers;
    }

    private static HttpClientAgent client(Vertx vertx, TargetSpec spec, long timeoutMillis) {
        int concurrency = spec.limit().concurrency();
        HttpClientOptions options = new HttpClientOptions()
                .setKeepAlive(true)
                .setKeepAliveTimeout(30)
                .setConnectTimeout((int) Math.min(5_000L, timeoutMillis))
                .setTcpNoDelay(true);
        String authorities = Words.text(spec.config(), "ca_file", "");
        if (!authorities.isEmpty()) {
            options.setTrustOptions(new PemTrustOptions().addCertPath(authorities));
        }
        PoolOptions pool = new PoolOptions()
                .setHttp1MaxSize(Words.number(
                        spec.config(),
                        "connections",
                        concurrency > 0 ? Math.min(concurrency, CONNECTIONS_MAX) : CONNECTIONS))
                .setMaxWaitQueueSize(WAIT_QUEUE_MAX);
        return vertx.httpClientBuilder().with(options).with(pool).build();
    }

    private static List<NodeUrl> parsed(@Nullable Object urls) {
        return urls instanceof List<?> list
                ? list.stream().map(url -> NodeUrl.parse(url.toString())).toList()
                : List.of();
    }

    private static @Nullable String urls(Object value) {
        List<?> list = (List<?>) value;
        for (Object url : list) {
            String expectation = NodeUrl.expectation(url.toString());
            if (expectation != null) {
                return "a list of " + expectation;
            }
        }
        return !list.isEmpty() && new HashSet<>(parsed(list)).size() == list.size()
                ? null
                : "at least one node, none twice";
    }

    private static Key number(String name, String defaultText, String meaning, int least, int most) {
        return new Key(name, Kind.INTEGER, false, defaultText, false, meaning, value -> {
            long number = ((Number) value).longValue();
            return number >= least && number <= most ? null : least + " to " + most;
        });
    }
}

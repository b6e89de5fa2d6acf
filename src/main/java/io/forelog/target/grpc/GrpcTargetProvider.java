package io.forelog.target.grpc;

import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Key;
import io.forelog.model.ConfigSchema.Kind;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.target.GrpcTransport;
import io.forelog.target.Http2Link;
import io.forelog.target.RetryTable;
import io.forelog.target.Secrets;
import io.forelog.target.TargetAdapter;
import io.forelog.target.TargetProvider;
import io.forelog.target.TargetResources;
import io.forelog.target.TargetSpec;
import io.forelog.target.Words;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The target type {@code grpc}. Stateless, any thread. */
public final class GrpcTargetProvider implements TargetProvider {
    /** Calls that wait for the connection, or for a stream on it. */
    private static final int WAITING_MAX = 2_000;

    private static final List<String> WITH_TLS = List.of("ca_file", "cert_file", "key_file");
    private static final ConfigSchema SCHEMA = ConfigSchema.builder()
            .add(new Key(
                    "address", Kind.TEXT, true, "", false, "host:port of the service", GrpcTargetProvider::address))
            .add(new Key(
                    "method",
                    Kind.TEXT,
                    false,
                    DeliverForm.METHOD,
                    false,
                    "package.Service/Method, unary; of another one the payload is the serialized request",
                    value -> value.toString().matches("[A-Za-z_][A-Za-z0-9_.]*/[A-Za-z_][A-Za-z0-9_]*")
                            ? null
                            : "package.Service/Method"))
            .optional("destination", Kind.TEXT, "the first of destinations", "of an entry that names none")
            .add(new Key(
                    "metadata",
                    Kind.TEXT_MAP,
                    false,
                    "none",
                    false,
                    "sent with every call; they have the last word",
                    GrpcTargetProvider::metadata))
            .add(new Key(
                    "metadata_secrets",
                    Kind.TEXT_MAP,
                    false,
                    "none",
                    false,
                    "as metadata, each by file:PATH or env:NAME: authorization and the like",
                    GrpcTargetProvider::secrets))
            .optional("tls", Kind.BOOLEAN, "false", "TLS")
            .optional("ca_file", Kind.TEXT, "the JDK's", "PEM file with the certificates to trust; with tls")
            .optional(
                    "cert_file", Kind.TEXT, "none", "PEM file with our own certificate, for mutual TLS; with key_file")
            .optional("key_file", Kind.TEXT, "none", "PEM file with its key (PKCS 8)")
            .build();

    @Override
    public String type() {
        return "grpc";
    }

    @Override
    public ConfigSchema schema() {
        return SCHEMA;
    }

    @Override
    public RetryTable retryTable() {
        return GrpcOutcomes.TABLE;
    }

    @Override
    public Future<TargetAdapter> open(TargetSpec spec, TargetResources resources) {
        Map<String, Object> config = spec.config();
        String problem = problem(config);
        if (problem != null) {
            return Future.failedFuture(new WalException(ErrorCode.INVALID_ARGUMENT, problem));
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("user-agent", "forelog/" + Words.ascii(resources.node()));
        metadata.putAll(Words.map(config, "metadata"));
        Vertx vertx = resources.vertx();
        Future<Void> secrets = Future.succeededFuture();
        for (Map.Entry<String, String> secret :
                Words.map(config, "metadata_secrets").entrySet()) {
            secrets = secrets.compose(done -> Secrets.resolveForHeader(vertx, secret.getValue()))
                    .compose(value -> {
                        metadata.put(secret.getKey(), value);
                        return Future.succeededFuture();
                    });
        }
        return secrets.compose(known -> http(vertx, spec)).map(http -> adapter(spec, resources, metadata, http));
    }

    /** Of keys that do not go together. */
    private static @Nullable String problem(Map<String, Object> config) {
        for (String name : Words.map(config, "metadata").keySet()) {
            if (Words.map(config, "metadata_secrets").containsKey(name)) {
                return "metadata." + name + ": in metadata_secrets, too (expected: one of them)";
            }
        }
        if (!Words.flag(config, "tls", false)) {
            for (String name : WITH_TLS) {
                if (config.containsKey(name)) {
                    return name + ": without tls (expected: tls: true)";
                }
            }
        }
        return config.containsKey("cert_file") == config.containsKey("key_file")
                ? null
                : "cert_file, key_file: one alone (expected: both or none)";
    }

    private static TargetAdapter adapter(
            TargetSpec spec, TargetResources resources, Map<String, String> metadata, HttpClientOptions http) {
        Map<String, Object> config = spec.config();
        String address = Words.text(config, "address", "");
        int colon = address.lastIndexOf(':');
        String firstDestination =
                spec.destinations().isEmpty() ? "" : spec.destinations().get(0);
        String destination = Words.text(config, "destination", firstDestination);
        String method = Words.text(config, "method", DeliverForm.METHOD);
        SocketAddress server =
                SocketAddress.inetSocketAddress(Integer.parseInt(address.substring(colon + 1)), host(address, colon));
        return new GrpcTargetAdapter(
                new Http2Link<>(resources.vertx(), new GrpcTransport<>(() -> client(resources.vertx(), http))),
                resources.vertx().createNetClient(new NetClientOptions().setConnectTimeout(http.getConnectTimeout())),
                server,
                method.equals(DeliverForm.METHOD) ? new DeliverForm(destination) : new RawForm(method, destination),
                metadata,
                timeoutMillis(spec));
    }

    /** All calls on one connection. */
    private static GrpcTransport.Opened client(Vertx vertx, HttpClientOptions options) {
        HttpClientAgent http = vertx.httpClientBuilder()
                .with(options)
                .with(new PoolOptions().setHttp2MaxSize(1).setMaxWaitQueueSize(WAITING_MAX))
                .build();
        return new GrpcTransport.Opened(GrpcClient.client(vertx, http), http::close);
    }

    private static long timeoutMillis(TargetSpec spec) {
        return Math.max(1L, spec.limit().timeout().toMillis());
    }

    private static Future<HttpClientOptions> http(Vertx vertx, TargetSpec spec) {
        Map<String, Object> config = spec.config();
        long timeoutMillis = timeoutMillis(spec);
        boolean tls = Words.flag(config, "tls", false);
        HttpClientOptions http = new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setSsl(tls)
                .setUseAlpn(tls)
                .setConnectTimeout((int) Math.min(5_000L, timeoutMillis))
                .setTcpKeepAlive(true)
                .setTcpNoDelay(true);
        return pem(vertx, config, "ca_file")
                .compose(authorities -> {
                    if (authorities.length() > 0) {
                        http.setTrustOptions(new PemTrustOptions().addCertValue(authorities));
                    }
                    return pem(vertx, config, "cert_file");
                })
                .compose(certificate -> pem(vertx, config, "key_file").map(key -> {
                    if (key.length() > 0) {
                        http.setKeyCertOptions(new PemKeyCertOptions()
                                .addCertValue(certificate)
                                .addKeyValue(key));
                    }
                    return http;
                }));
    }

    /** Empty where {@code name} is not configured. */
    private static Future<Buffer> pem(Vertx vertx, Map<String, Object> config, String name) {
        String path = Words.text(config, name, "");
        if (path.isEmpty()) {
            return Future.succeededFuture(Buffer.buffer());
        }
        return vertx.fileSystem()
                .readFile(path)
                .compose(
                        content -> content.toString().contains("-----BEGIN ")
                                ? Future.succeededFuture(content)
                                : notPem(name, path + " is none"),
                        failure -> notPem(name, String.valueOf(failure.getMessage())));
    }

    private static Future<Buffer> notPem(String name, String problem) {
        return Future.failedFuture(new WalException(
                ErrorCode.INVALID_ARGUMENT, name + ": " + problem + " (expected: a readable PEM file)"));
    }

    private static @Nullable String metadata(Object value) {
        for (Map.Entry<?, ?> pair : ((Map<?, ?>) value).entrySet()) {
            String expectation = RawForm.expectation(pair.getKey().toString());
            if (expectation != null) {
                return expectation;
            }
            if (!isMetadatum(pair.getValue().toString())) {
                return "values of printable ASCII";
            }
        }
        return null;
    }

    private static boolean isMetadatum(String value) {
        return Words.ascii(value).equals(value);
    }

    private static @Nullable String secrets(Object value) {
        for (Map.Entry<?, ?> pair : ((Map<?, ?>) value).entrySet()) {
            String expectation = RawForm.expectation(pair.getKey().toString());
            if (expectation != null) {
                return expectation;
            }
            String reference = pair.getValue().toString();
            if (!reference.startsWith("file:") && !reference.startsWith("env:")) {
                return "file:PATH or env:NAME, never the secret";
            }
        }
        return null;
    }

    private static String host(String address, int colon) {
        String host = address.substring(0, colon);
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
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

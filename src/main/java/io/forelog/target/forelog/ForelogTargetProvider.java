package io.forelog.target.forelog;

import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Key;
import io.forelog.model.ConfigSchema.Kind;
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
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The target type {@code forelog}. Stateless, any thread. */
public final class ForelogTargetProvider implements TargetProvider {
    private static final long ANSWER_BYTES_MAX = 4L << 20;
    private static final ConfigSchema SCHEMA = ConfigSchema.builder()
            .add(new Key(
                    "address",
                    Kind.TEXT,
                    true,
                    "",
                    false,
                    "host:port of the other instance's gRPC port",
                    ForelogTargetProvider::address))
            .optional("namespace", Kind.TEXT, "the same", "to write to there")
            .optional("target", Kind.TEXT, "the defaults there", "which target there")
            .optional("tls", Kind.BOOLEAN, "false", "TLS")
            .optional("ca_file", Kind.TEXT, "the JDK's", "PEM file with the certificates to trust; with tls")
            .secret("authorization", "the value of the header authorization: file:PATH or env:NAME")
            .build();

    private static final RetryTable TABLE = new RetryTable(List.of(
            new RetryTable.Row("durable TRUE", "applied", "a repetition is recognized there by its token"),
            new RetryTable.Row("durable UNKNOWN", "retry", "opens the breaker"),
            new RetryTable.Row("durable FALSE, LOW_DISK and the like", "retry", "opens the breaker"),
            new RetryTable.Row(
                    "durable FALSE, RATE_LIMITED, OVERLOADED, QUOTA_EXCEEDED", "retry", "lowers the adaptive limit"),
            new RetryTable.Row("durable FALSE, a code that refuses the entry", "dead-letter", ""),
            new RetryTable.Row(
                    "durable FALSE, UNKNOWN_NAMESPACE, UNKNOWN_TARGET, UNAUTHENTICATED, PERMISSION_DENIED",
                    "dead-letter",
                    "a storm of them pauses the route instead"),
            new RetryTable.Row(
                    "gRPC INVALID_ARGUMENT, ALREADY_EXISTS, OUT_OF_RANGE, of several",
                    "sent again in halves",
                    "until it is one alone"),
            new RetryTable.Row("the same, of one alone", "dead-letter", ""),
            new RetryTable.Row("no time left for all calls of a batch", "retry", "lowers the adaptive limit"),
            new RetryTable.Row(
                    "gRPC NOT_FOUND, PERMISSION_DENIED, UNAUTHENTICATED, UNIMPLEMENTED",
                    "dead-letter",
                    "a storm of them pauses the route instead"),
            new RetryTable.Row(
                    "gRPC RESOURCE_EXHAUSTED", "retry", "not before its RetryInfo; lowers the adaptive limit"),
            new RetryTable.Row("gRPC DEADLINE_EXCEEDED, CANCELLED", "retry", "opens the breaker"),
            new RetryTable.Row(
                    "gRPC UNAVAILABLE and all others", "retry", "not before its RetryInfo; opens the breaker"),
            new RetryTable.Row("no stream free in time, too many wait for one", "retry", "lowers the adaptive limit"),
            new RetryTable.Row("no connection, reset, no answer in time", "retry", "opens the breaker")));

    @Override
    public String type() {
        return "forelog";
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
        return Secrets.resolveForHeader(resources.vertx(), Words.text(spec.config(), "authorization", ""))
                .map(authorization -> adapter(spec, resources, authorization));
    }

    private static TargetAdapter adapter(TargetSpec spec, TargetResources resources, String authorization) {
        Map<String, Object> config = spec.config();
        Duration timeout = spec.limit().timeout();
        int connectMillis = (int) Math.max(1L, Math.min(5_000L, timeout.toMillis()));
        boolean tls = Words.flag(config, "tls", false);
        HttpClientOptions http = new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setSsl(tls)
                .setUseAlpn(tls)
                .setConnectTimeout(connectMillis)
                .setTcpKeepAlive(true)
                .setTcpNoDelay(true);
        String authorities = Words.text(config, "ca_file", "");
        if (!authorities.isEmpty()) {
            http.setTrustOptions(new PemTrustOptions().addCertPath(authorities));
        }
        GrpcClientOptions grpc = new GrpcClientOptions().setMaxMessageSize(ANSWER_BYTES_MAX);
        String address = Words.text(config, "address", "");
        int colon = address.lastIndexOf(':');
        return new ForelogTargetAdapter(
                new Http2Link<>(
                        resources.vertx(),
                        new GrpcTransport<>(() -> opened(GrpcClient.client(resources.vertx(), grpc, http)))),
                resources.vertx().createNetClient(new NetClientOptions().setConnectTimeout(connectMillis)),
                SocketAddress.inetSocketAddress(Integer.parseInt(address.substring(colon + 1)), host(address, colon)),
                new RemoteWrites(Words.text(config, "namespace", ""), Words.text(config, "target", "")),
                authorization,
                timeout,
                resources.ticker());
    }

    private static GrpcTransport.Opened opened(GrpcClient client) {
        return new GrpcTransport.Opened(client, client::close);
    }

    private static String host(String address, int colon) {
        String host = address.substring(0, colon);
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }

    private static @Nullable String address(Object value) {
        String text = value.toString();
        int colon = text.lastIndexOf(':');
        boolean number = colon > 0 && text.substring(colon + 1).matches("[0-9]{1,5}");
        if (number && !text.substring(0, colon).matches(".*[/@\\s].*")) {
            int port = Integer.parseInt(text.substring(colon + 1));
            if (port >= 1 && port <= 65_535) {
                return null;
            }
        }
        return "host:port";
    }
}

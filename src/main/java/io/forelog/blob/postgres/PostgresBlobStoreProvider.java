package io.forelog.blob.postgres;

import io.forelog.blob.BlobOptions;
import io.forelog.blob.BlobStore;
import io.forelog.blob.BlobStoreProvider;
import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Kind;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** {@code type: postgres}: readable on every node. Any thread. */
public final class PostgresBlobStoreProvider implements BlobStoreProvider {
    private static final String URI = "uri";
    private static final String PASSWORD = "password";
    private static final String CONNECTIONS = "connections";
    private static final int WAITING_MAX = 1_024;
    /** A connection on which nothing has come or gone for so long is given up: longer than any call may take. */
    private static final int SILENT_SECONDS = 60;

    @Override
    public String type() {
        return "postgres";
    }

    @Override
    public ConfigSchema schema() {
        return ConfigSchema.builder()
                .required(URI, Kind.TEXT, "postgresql://user@host:port/database")
                .secret(PASSWORD, "the user's password")
                .add(new ConfigSchema.Key(
                        CONNECTIONS,
                        Kind.INTEGER,
                        false,
                        "4",
                        false,
                        "most connections of this node",
                        PostgresBlobStoreProvider::connections))
                .build();
    }

    private static @Nullable String connections(Object value) {
        long number = ((Number) value).longValue();
        return number >= 1 && number <= 1_000 ? null : "1 to 1000";
    }

    @Override
    public Future<BlobStore> open(BlobOptions options) {
        Map<String, Object> settings = options.settings();
        PgConnectOptions connect;
        try {
            connect = PgConnectOptions.fromUri((String) settings.getOrDefault(URI, ""));
        } catch (IllegalArgumentException e) {
            return Future.failedFuture(new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "uri: not understood (expected: postgresql://user@host:port/database)"));
        }
        Object password = settings.get(PASSWORD);
        return (password instanceof String reference
                        ? options.vertx().executeBlocking(() -> secret(reference))
                        : Future.<String>succeededFuture(null))
                .compose(secret -> {
                    if (secret != null) {
                        connect.setPassword(secret);
                    }
                    Object connections = settings.getOrDefault(CONNECTIONS, 4);
                    Pool pool = PgBuilder.pool()
                            .connectingTo(connect.setCachePreparedStatements(true))
                            .with(new PoolOptions()
                                    .setMaxSize(((Number) connections).intValue())
                                    .setMaxWaitQueueSize(WAITING_MAX)
                                    .setConnectionTimeout(5)
                                    .setConnectionTimeoutUnit(TimeUnit.SECONDS))
                            .with(new NetClientOptions()
                                    .setIdleTimeout(SILENT_SECONDS)
                                    .setIdleTimeoutUnit(TimeUnit.SECONDS))
                            .using(options.vertx())
                            .build();
                    return PostgresBlobStore.open(pool);
                });
    }

    private static @Nullable String secret(String reference) {
        if (reference.startsWith("env:")) {
            return System.getenv(reference.substring("env:".length()));
        }
        try {
            return Files.readString(Path.of(reference.substring("file:".length())))
                    .strip();
        } catch (IOException e) {
            throw new WalException(ErrorCode.INVALID_ARGUMENT, "password: " + reference + " can't be read", e);
        }
    }
}

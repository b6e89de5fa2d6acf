package io.forelog.database;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The database that nodes share. Any context. It need not be there when it is opened: the schema is brought up to date
 * before the first use that finds it. Every call ends within {@value #LIMIT_MILLIS} ms, UNAVAILABLE where there was no
 * answer; then nobody knows what a write has done. The next calls then go by new
 * connections. Bounded by its pool.
 */
public final class Database {
    private static final int LIMIT_MILLIS = 10_000;
    private static final int WAITING_MAX = 1_024;

    private final Vertx vertx;
    private final DatabaseSettings settings;
    private final String secret;
    private final PgConnectOptions connect;
    private volatile Pool pool;
    /** Ends when the schema is as this version needs it. */
    private final AtomicReference<@Nullable Future<Void>> migrated = new AtomicReference<>();

    /** {@code secret}: the password. {@code name}: this node's, in the server's list of connections. */
    public Database(Vertx vertx, DatabaseSettings settings, String secret, String name) {
        this.vertx = vertx;
        this.settings = settings;
        this.secret = secret;
        this.connect = settings.options(secret, "forelog-" + name);
        this.pool = make(settings.connections());
    }

    private Pool make(int connections) {
        return PgBuilder.pool()
                .with(sockets())
                .connectingTo(connect)
                .with(new PoolOptions()
                        .setMaxSize(connections)
                        .setMaxWaitQueueSize(WAITING_MAX)
                        .setConnectionTimeout(5)
                        .setConnectionTimeoutUnit(TimeUnit.SECONDS))
                .using(vertx)
                .build();
    }

    /** No promise goes by them: Vert.x 5.0.7 passes them to no client of PostgreSQL. What is not answered in time is left, here and in {@link Listener}. */
    private static NetClientOptions sockets() {
        NetClientOptions options = new NetClientOptions()
                .setTcpKeepAlive(true)
                .setIdleTimeout(LIMIT_MILLIS)
                .setIdleTimeoutUnit(TimeUnit.MILLISECONDS);
        options.setTcpUserTimeout(LIMIT_MILLIS);
        return options;
    }

    /** {@code heard} runs, on any context, with each notification on {@code channel}, and when one may have been missed. */
    public Listener listen(String channel, Runnable heard) {
        return new Listener(vertx, () -> make(1), LIMIT_MILLIS, channel, heard);
    }

    public Future<RowSet<Row>> query(String sql, Tuple values) {
        return limited(ready())
                .compose(done -> inPool(using -> using.preparedQuery(sql).execute(values)));
    }

    /** One transaction; {@code work} fails = rolled back. */
    public <T> Future<T> transaction(Function<SqlConnection, Future<T>> work) {
        return limited(ready()).compose(done -> inPool(using -> using.withTransaction(work)));
    }

    /** Ends when the database has been reached and has this version's schema. */
    public Future<Void> ready() {
        Future<Void> done = migrated.get();
        if (done != null && !done.failed()) {
            return done;
        }
        Future<Void> begun = vertx.<Void>executeBlocking(() -> {
                    Schema.migrate(settings, secret);
                    return null;
                })
                .recover(failure -> Future.failedFuture(told(failure)));
        return migrated.compareAndSet(done, begun) ? begun : ready();
    }

    private <T> Future<T> inPool(Function<Pool, Future<T>> call) {
        Pool using = pool;
        Future<T> work = call.apply(using);
        return limited(work).onFailure(failure -> {
            if (!work.isComplete()) {
                leave(using);
            }
        });
    }

    /**
     * A call that has ended for its caller holds its connection until an answer comes, which over a path that is gone is never: the next
     * ones go by new connections. What is under way in the old ones ends meanwhile; so at most three pools are open.
     */
    private synchronized void leave(Pool old) {
        if (pool.equals(old)) {
            pool = make(settings.connections());
            vertx.setTimer(LIMIT_MILLIS, timer -> old.close());
        }
    }

    private <T> Future<T> limited(Future<T> work) {
        return work.timeout(LIMIT_MILLIS, TimeUnit.MILLISECONDS).recover(failure -> Future.failedFuture(told(failure)));
    }

    private WalException told(Throwable failure) {
        if (failure instanceof WalException known) {
            return known;
        }
        String why = failure instanceof TimeoutException
                ? "no answer within " + LIMIT_MILLIS / 1_000 + " s"
                : String.valueOf(failure.getMessage());
        return new WalException(ErrorCode.UNAVAILABLE, "database " + settings + ": " + why, failure);
    }

    public Future<Void> close() {
        return pool.close();
    }

    @Override
    public String toString() {
        return settings.toString();
    }
}

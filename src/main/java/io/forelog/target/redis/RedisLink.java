package io.forelog.target.redis;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisConnection;
import io.vertx.redis.client.RedisOptions;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One pipelined connection, made when it is first needed and again after it broke or gave no answer in time; what waits on
 * it then fails. Used on one context; bounded by {@link #WAITING_MAX} commands.
 *
 * <pre>
 *   none --batch--> connecting --> open --end, time-out--> none
 *                        '--failure, time-out--> none
 * </pre>
 */
final class RedisLink {
    /** As many as a writer may have out at its highest adaptive limit. */
    static final int WAITING_MAX = 200 * RedisTargetAdapter.BATCH_MAX;

    private final Vertx vertx;
    private final RedisOptions options;
    private final long timeoutMillis;
    /** A client a connection: closing it is the one way to cut a connection that a pool would lend again. */
    private @Nullable Redis client;

    private @Nullable Future<RedisConnection> connection;
    private boolean closed;

    /** {@code options}: of one connection. */
    RedisLink(Vertx vertx, RedisOptions options, long timeoutMillis) {
        this.vertx = vertx;
        this.options = options;
        this.timeoutMillis = timeoutMillis;
    }

    /** As {@link RedisConnection#batch}; ends within the time-out, with a {@link TimeoutException} then. */
    Future<List<Response>> batch(List<Request> requests) {
        if (closed) {
            return Future.failedFuture("the target is closed");
        }
        Promise<List<Response>> promise = Promise.promise();
        Future<RedisConnection> open = connection();
        Redis used = client;
        long timer = vertx.setTimer(timeoutMillis, late -> {
            drop(used);
            promise.tryFail(new TimeoutException("no answer within " + timeoutMillis + " ms"));
        });
        open.compose(ready -> ready.batch(requests)).onComplete(answer -> {
            vertx.cancelTimer(timer);
            if (answer.succeeded()) {
                promise.tryComplete(answer.result());
            } else {
                promise.tryFail(answer.cause());
            }
        });
        return promise.future();
    }

    /** The next batch goes out on a new connection. */
    void renew() {
        drop(client);
    }

    Future<Void> close() {
        closed = true;
        Redis last = client;
        client = null;
        connection = null;
        return last == null ? Future.succeededFuture() : last.close();
    }

    private Future<RedisConnection> connection() {
        if (connection == null) {
            Redis made = Redis.createClient(vertx, options);
            client = made;
            connection = made.connect()
                    .onSuccess(ready -> ready.endHandler(end -> drop(made)).exceptionHandler(broken -> drop(made)))
                    .onFailure(refused -> drop(made));
        }
        return connection;
    }

    private void drop(@Nullable Redis used) {
        if (used != null && used == client) {
            client = null;
            connection = null;
            used.close();
        }
    }
}

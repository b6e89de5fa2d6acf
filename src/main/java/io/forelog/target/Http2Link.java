package io.forelog.target;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.core.http.HttpConnection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP/2 connections to a server. Neither a client's connecting nor its connections have a time limit for a peer that accepts and
 * says nothing; so a call that ends unanswered, or without a stream, asks by a ping, and where that has no answer, or no connection had
 * come about at all, the client is given up and made anew. Used on one context; bounded by what its client lets wait.
 *
 * @param <C> the client
 * @param <R> a request of it
 */
public final class Http2Link<C, R> {
    private static final long PONG_MILLIS = 1_000L;
    private static final Buffer PING = Buffer.buffer("forelog.");

    /** What is told of clients and requests. */
    public interface Transport<C, R> {
        C open();

        /** At once, with all that is on its way. */
        Future<Void> close(C client);

        /** Nothing more is asked of it. By then, one of its connections was cut. */
        default void retire(C client) {
            close(client);
        }

        HttpConnection connection(R request);

        void cancel(R request);
    }

    private final Vertx vertx;
    private final Transport<C, R> transport;
    /** Of the client: those on which a call got a stream. */
    private final Set<HttpConnection> connections = Collections.newSetFromMap(new IdentityHashMap<>());

    private final Set<HttpConnection> pinged = Collections.newSetFromMap(new IdentityHashMap<>());
    private C client;

    public Http2Link(Vertx vertx, Transport<C, R> transport) {
        this.vertx = vertx;
        this.transport = transport;
        this.client = transport.open();
    }

    /**
     * One call: {@code ask} for a request, {@code begin} sends it and answers how it ended. Fails with a {@link TimeoutException} where it does
     * not end in time, with RATE_LIMITED where it waited for a stream in vain, because others have them all, or more wait than may.
     */
    public <T> Future<T> call(long timeoutMillis, Function<C, Future<R>> ask, Function<R, Future<T>> begin) {
        Call<R, T> call = new Call<>();
        C used = client;
        long timer = vertx.setTimer(timeoutMillis, late -> {
            R request = call.request;
            if (request != null) {
                call.promise.tryFail(new TimeoutException("no answer within " + timeoutMillis + " ms"));
                transport.cancel(request);
                ping(transport.connection(request), used);
            } else if (used != client || connections.isEmpty()) {
                call.promise.tryFail(new TimeoutException("no connection within " + timeoutMillis + " ms"));
                giveUp(used);
            } else {
                call.promise.tryFail(busy("no stream was free within " + timeoutMillis + " ms"));
                List.copyOf(connections).forEach(connection -> ping(connection, used));
            }
        });
        ask.apply(used)
                .onComplete(
                        request -> {
                            remember(transport.connection(request), used);
                            if (call.promise.future().isComplete()) {
                                transport.cancel(request);
                                return;
                            }
                            call.request = request;
                            begin.apply(request).onComplete(call.promise::tryComplete, call.promise::tryFail);
                        },
                        failure -> call.promise.tryFail(
                                failure instanceof ConnectionPoolTooBusyException
                                        ? busy("too many wait for a stream")
                                        : failure));
        return call.promise.future().onComplete(end -> vertx.cancelTimer(timer));
    }

    private static final class Call<R, T> {
        final Promise<T> promise = Promise.promise();

        @Nullable
        R request;
    }

    private static WalException busy(String text) {
        return new WalException(ErrorCode.RATE_LIMITED, text);
    }

    private void remember(HttpConnection connection, C used) {
        if (used == client && connections.add(connection)) {
            connection.closeHandler(closed -> connections.remove(connection));
        }
    }

    private void ping(HttpConnection connection, C used) {
        if (used != client || !pinged.add(connection)) {
            return;
        }
        Promise<Boolean> answered = Promise.promise();
        long timer = vertx.setTimer(PONG_MILLIS, late -> answered.tryComplete(false));
        pong(connection).onComplete(pong -> answered.tryComplete(true), closed -> answered.tryComplete(false));
        answered.future().onSuccess(there -> {
            pinged.remove(connection);
            vertx.cancelTimer(timer);
            if (!there) {
                connection.close();
                retire(used);
            }
        });
    }

    private static Future<Buffer> pong(HttpConnection connection) {
        try {
            return connection.ping(PING);
        } catch (UnsupportedOperationException e) {
            // HTTP/1, to which the server held: cancelling the one request that was on it has closed it
            return Future.succeededFuture(PING);
        }
    }

    private void retire(C used) {
        if (used == client) {
            renew();
            transport.retire(used);
        }
    }

    private void giveUp(C used) {
        if (used == client) {
            renew();
            transport.close(used);
        }
    }

    private void renew() {
        client = transport.open();
        connections.clear();
    }

    public Future<Void> close() {
        return transport.close(client);
    }
}

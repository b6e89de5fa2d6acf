package io.forelog.target.grpc;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.common.ServiceMethod;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The connection to a service: HTTP/2, all calls on one. Neither the client's connecting nor its connections have a time limit for a peer that
 * accepts and says nothing; so a call that ends unanswered asks by a ping, and what does not answer that is given up with all that is on it.
 * Used on one context; bounded by {@link #WAITING_MAX} calls that wait for the connection.
 */
final class GrpcLink {
    private static final int WAITING_MAX = 2_000;
    private static final long PONG_MILLIS = 1_000L;
    private static final Buffer PING = Buffer.buffer("forelog.");

    private final Vertx vertx;
    private final HttpClientOptions options;
    private final SocketAddress server;
    private HttpClientAgent http;
    private GrpcClient client;
    private boolean pinging;

    GrpcLink(Vertx vertx, HttpClientOptions options, SocketAddress server) {
        this.vertx = vertx;
        this.options = options;
        this.server = server;
        this.http = http();
        this.client = GrpcClient.client(vertx, http);
    }

    private HttpClientAgent http() {
        return vertx.httpClientBuilder()
                .with(options)
                .with(new PoolOptions().setHttp2MaxSize(1).setMaxWaitQueueSize(WAITING_MAX))
                .build();
    }

    /** One call; {@code begin} sends it and answers how it ended. Fails with TimeoutException where it does not end in time. */
    <T> Future<T> call(
            ServiceMethod<Buffer, Buffer> method,
            long timeoutMillis,
            Function<GrpcClientRequest<Buffer, Buffer>, Future<T>> begin) {
        Call<T> call = new Call<>();
        GrpcClient used = client;
        long timer = vertx.setTimer(timeoutMillis, late -> {
            call.promise.tryFail(new TimeoutException("no answer within " + timeoutMillis + " ms"));
            GrpcClientRequest<Buffer, Buffer> request = call.request;
            if (request == null) {
                giveUp(used);
            } else {
                request.cancel();
                ping(request, used);
            }
        });
        used.request(server, method)
                .onComplete(
                        request -> {
                            if (call.promise.future().isComplete()) {
                                request.cancel();
                                return;
                            }
                            call.request = request;
                            begin.apply(request).onComplete(call.promise::tryComplete, call.promise::tryFail);
                        },
                        call.promise::tryFail);
        return call.promise.future().onComplete(end -> vertx.cancelTimer(timer));
    }

    private static final class Call<T> {
        final Promise<T> promise = Promise.promise();

        @Nullable
        GrpcClientRequest<Buffer, Buffer> request;
    }

    private void ping(GrpcClientRequest<Buffer, Buffer> request, GrpcClient used) {
        if (pinging || used != client) {
            return;
        }
        pinging = true;
        Promise<Boolean> answered = Promise.promise();
        long timer = vertx.setTimer(PONG_MILLIS, late -> answered.tryComplete(false));
        Consumer<Boolean> end = answered::tryComplete;
        request.connection().ping(PING).onComplete(pong -> end.accept(true), closed -> end.accept(false));
        answered.future().onSuccess(there -> {
            pinging = false;
            vertx.cancelTimer(timer);
            if (!there) {
                giveUp(used);
            }
        });
    }

    private void giveUp(GrpcClient used) {
        if (used == client) {
            HttpClientAgent old = http;
            http = http();
            client = GrpcClient.client(vertx, http);
            old.close();
        }
    }

    Future<Void> close() {
        return http.close();
    }
}

package io.forelog.target.http;

import io.forelog.target.Http2Link;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Makes requests, and gives up a silent connection. Used on its adapter's context; bounded by the client's pool and its wait queue. */
interface Wire {
    /** {@code begin} sends the request and answers how it ended. */
    <T> Future<T> ask(RequestOptions options, Function<HttpClientRequest, Future<T>> begin);

    /** At once. */
    Future<Void> close();

    /** HTTP/1: a request a connection, which is closed with a request that gets no answer in time. */
    static Wire pooled(Vertx vertx, HttpClientOptions options, PoolOptions pool, Duration timeout) {
        HttpClientAgent client =
                vertx.httpClientBuilder().with(options).with(pool).build();
        long timeoutMillis = millis(timeout);
        return new Wire() {
            @Override
            public <T> Future<T> ask(RequestOptions request, Function<HttpClientRequest, Future<T>> begin) {
                return client.request(request.setConnectTimeout(timeoutMillis).setIdleTimeout(timeoutMillis))
                        .compose(begin);
            }

            @Override
            public Future<Void> close() {
                return client.close();
            }
        };
    }

    /** HTTP/2: requests share connections, which are asked by a ping when one gets no answer in time. */
    static Wire multiplexed(Vertx vertx, HttpClientOptions options, PoolOptions pool, Duration timeout) {
        long timeoutMillis = millis(timeout);
        Http2Link<HttpClientAgent, HttpClientRequest> link =
                new Http2Link<>(vertx, new Multiplexed(vertx, options, pool, timeoutMillis));
        return new Wire() {
            @Override
            public <T> Future<T> ask(RequestOptions request, Function<HttpClientRequest, Future<T>> begin) {
                return link.call(timeoutMillis, client -> client.request(request), begin);
            }

            @Override
            public Future<Void> close() {
                return link.close();
            }
        };
    }

    private static long millis(Duration timeout) {
        return Math.max(1L, timeout.toMillis());
    }

    /** {@code lastMillis}: what is on its way on other connections may end within. */
    record Multiplexed(Vertx vertx, HttpClientOptions options, PoolOptions pool, long lastMillis)
            implements Http2Link.Transport<HttpClientAgent, HttpClientRequest> {
        /** CANCEL of RFC 9113, 7. */
        private static final long CANCEL = 0x8;

        @Override
        public HttpClientAgent open() {
            return vertx.httpClientBuilder().with(options).with(pool).build();
        }

        @Override
        public Future<Void> close(HttpClientAgent client) {
            return client.close();
        }

        @Override
        public void retire(HttpClientAgent client) {
            client.shutdown(lastMillis, TimeUnit.MILLISECONDS);
        }

        @Override
        public HttpConnection connection(HttpClientRequest request) {
            return request.connection();
        }

        @Override
        public void cancel(HttpClientRequest request) {
            request.reset(CANCEL);
        }
    }
}

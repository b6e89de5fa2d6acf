package io.forelog.client.bench;

import io.forelog.client.ClientLocks;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import java.util.ArrayList;
import java.util.List;

/**
 * Clients taken in turn. HTTP/2: one connection each, so that the server's event loops are used evenly, which a pool that
 * fills one connection first does not do. Owned by one event loop.
 */
final class Connections {
    private final List<HttpClientAgent> clients;
    private int next;

    private Connections(List<HttpClientAgent> clients) {
        this.clients = clients;
    }

    static Connections http2(Vertx vertx, int count) {
        HttpClientOptions options = options()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setHttp2ConnectionWindowSize(16 << 20);
        PoolOptions one = new PoolOptions().setHttp2MaxSize(1).setMaxWaitQueueSize(-1);
        List<HttpClientAgent> clients = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            clients.add(vertx.httpClientBuilder().with(options).with(one).build());
        }
        return new Connections(clients);
    }

    static Connections http1(Vertx vertx, int count) {
        PoolOptions pool = new PoolOptions().setHttp1MaxSize(count).setMaxWaitQueueSize(-1);
        return new Connections(
                List.of(vertx.httpClientBuilder().with(options()).with(pool).build()));
    }

    HttpClient next() {
        HttpClient client = clients.get(next);
        next = next + 1 == clients.size() ? 0 : next + 1;
        return client;
    }

    Future<Void> close() {
        return Future.join(clients.stream().map(HttpClientAgent::close).toList())
                .mapEmpty();
    }

    private static HttpClientOptions options() {
        HttpClientOptions options = new HttpClientOptions().setTcpNoDelay(true).setConnectTimeout(3_000);
        ClientLocks locks = ClientLocks.of(System.getenv());
        if (locks.speaksTls()) {
            locks.lock(options);
        }
        return options;
    }
}

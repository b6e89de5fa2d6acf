package io.forelog.client.bench;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;

/**
 * The HTTP target of a measurement: answers 201 and counts. One event loop of its own, where {@link Listener} is called
 * too; counts may be read by any thread.
 */
public final class Receiver implements AutoCloseable {
    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    private final LongAdder count = new LongAdder();
    private final Listener listener;
    private final HttpServer server;

    /** Told of every request, on the receiver's loop. */
    public interface Listener {
        /** {@code body} is read only where the receiver was made to. */
        void arrived(String entryId, byte[] body);
    }

    /** Counts only: bodies are dropped as they come. */
    public Receiver(String host) {
        this(host, (id, body) -> {}, false);
    }

    public Receiver(String host, Listener listener, boolean readsBodies) {
        this.listener = listener;
        HttpServerOptions options = new HttpServerOptions()
                .setHost(host)
                .setPort(0)
                .setTcpNoDelay(true)
                .setAcceptBacklog(1024);
        try {
            this.server = vertx.createHttpServer(options)
                    .requestHandler(readsBodies ? this::read : this::count)
                    .listen()
                    .await(20, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            vertx.close();
            throw new IllegalStateException("the receiver did not start", e);
        }
    }

    public String url() {
        return "http://127.0.0.1:" + server.actualPort() + "/";
    }

    public int port() {
        return server.actualPort();
    }

    public long count() {
        return count.sum();
    }

    @Override
    public void close() {
        vertx.close();
    }

    private void count(HttpServerRequest request) {
        request.endHandler(end -> {
            count.increment();
            request.response().setStatusCode(201).end();
        });
    }

    private void read(HttpServerRequest request) {
        String id = request.getHeader("forelog-entry-id");
        request.body().onSuccess(body -> {
            count.increment();
            listener.arrived(id == null ? "" : id, body.getBytes());
            request.response().setStatusCode(201).end();
        });
    }
}

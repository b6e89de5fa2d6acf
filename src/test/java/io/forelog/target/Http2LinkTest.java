package io.forelog.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.rig.Await;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.core.http.HttpConnection;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Against clients whose connections and streams the test gives out. */
class Http2LinkTest {
    private static final long TIMEOUT_MILLIS = 100;

    private final Vertx vertx = Vertx.vertx();
    private final Context home = vertx.getOrCreateContext();
    private final AtomicInteger opened = new AtomicInteger();
    private final AtomicInteger closed = new AtomicInteger();
    private final List<Handler<Void>> closeHandlers = new CopyOnWriteArrayList<>();
    private volatile Future<Buffer> pong = Future.succeededFuture(Buffer.buffer());

    /** A client is its number, a request its connection. */
    private final Http2Link<Integer, HttpConnection> link =
            new Http2Link<>(vertx, new Http2Link.Transport<Integer, HttpConnection>() {
                @Override
                public Integer open() {
                    return opened.incrementAndGet();
                }

                @Override
                public Future<Void> close(Integer client) {
                    closed.incrementAndGet();
                    return Future.succeededFuture();
                }

                @Override
                public HttpConnection connection(HttpConnection request) {
                    return request;
                }

                @Override
                public void cancel(HttpConnection request) {}
            });

    @AfterEach
    void close() {
        WriterRig.await(vertx.close());
    }

    private HttpConnection connection() {
        return (HttpConnection) Proxy.newProxyInstance(
                HttpConnection.class.getClassLoader(),
                new Class<?>[] {HttpConnection.class},
                (self, method, arguments) -> switch (method.getName()) {
                    case "ping" -> pong;
                    case "close" -> Future.succeededFuture();
                    case "closeHandler" -> {
                        @SuppressWarnings("unchecked")
                        Handler<Void> handler = (Handler<Void>) arguments[0];
                        closeHandlers.add(handler);
                        yield self;
                    }
                    case "hashCode" -> System.identityHashCode(self);
                    case "equals" -> self == arguments[0];
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    private Outcome call(Future<HttpConnection> request, Future<Outcome> answer) {
        Promise<Outcome> promise = Promise.promise();
        home.runOnContext(now -> link.call(TIMEOUT_MILLIS, client -> request, stream -> answer)
                .otherwise(HttpAnswer::unreached)
                .onComplete(promise));
        return WriterRig.await(promise.future());
    }

    private static Future<Outcome> applied() {
        return Future.succeededFuture(Outcome.applied());
    }

    private static Future<HttpConnection> waits() {
        return Promise.<HttpConnection>promise().future();
    }

    private static ErrorCode code(Outcome outcome) {
        return ((Outcome.Retry) outcome).code();
    }

    @Test
    void whatWaitsForAStreamInVainLeavesTheHealthyConnectionToTheOthers() {
        assertThat(call(Future.succeededFuture(connection()), applied())).isEqualTo(Outcome.applied());
        assertThat(code(call(waits(), applied()))).isEqualTo(ErrorCode.RATE_LIMITED);
        assertThat(code(call(waits(), applied()))).isEqualTo(ErrorCode.RATE_LIMITED);
        assertThat(opened).hasValue(1);
        assertThat(closed).hasValue(0);
    }

    @Test
    void aFullWaitQueueIsNoSickTarget() {
        Throwable full = new ConnectionPoolTooBusyException("Connection pool reached max wait queue size of 2000");
        assertThat(code(call(Future.failedFuture(full), applied()))).isEqualTo(ErrorCode.RATE_LIMITED);
    }

    @Test
    void aClientWhoseConnectionNeverCameAboutIsMadeAnew() {
        assertThat(code(call(waits(), applied()))).isEqualTo(ErrorCode.TARGET_TIMEOUT);
        Await.until("it is made anew", Duration.ofSeconds(10), () -> opened.get() == 2 && closed.get() == 1);
    }

    @Test
    void aConnectionThatEndedIsNoneToWaitFor() {
        assertThat(call(Future.succeededFuture(connection()), applied())).isEqualTo(Outcome.applied());
        home.runOnContext(now -> closeHandlers.get(0).handle(null));
        assertThat(code(call(waits(), applied()))).isEqualTo(ErrorCode.TARGET_TIMEOUT);
        Await.until("it is made anew", Duration.ofSeconds(10), () -> opened.get() == 2);
    }

    @Test
    void aConnectionThatAnswersNoPingIsGivenUpWhateverTheCallWaitedFor() {
        HttpConnection connection = connection();
        assertThat(call(Future.succeededFuture(connection), applied())).isEqualTo(Outcome.applied());
        assertThat(code(call(
                        Future.succeededFuture(connection),
                        Promise.<Outcome>promise().future())))
                .isEqualTo(ErrorCode.TARGET_TIMEOUT);
        assertThat(opened).as("it answers").hasValue(1);
        pong = Promise.<Buffer>promise().future();
        assertThat(code(call(waits(), applied()))).isEqualTo(ErrorCode.RATE_LIMITED);
        Await.until("it is given up", Duration.ofSeconds(10), () -> opened.get() == 2 && closed.get() == 1);
    }
}

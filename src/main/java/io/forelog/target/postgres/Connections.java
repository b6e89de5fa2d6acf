package io.forelog.target.postgres;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.spi.PgDriver;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.spi.ConnectionFactory;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;

/**
 * At most so many connections, each lent to one batch at a time. One that does not answer is cut, also in its handshake,
 * which the client's own pool can't do. All methods are called on the one context; those that wait are bounded by the
 * writer's limit.
 */
final class Connections {
    /** A connection, and the sockets' owner to cut it by. */
    record Line(SqlConnection connection, ConnectionFactory<PgConnectOptions> socket) {
        private Future<Void> cut() {
            Promise<Void> promise = Promise.promise();
            socket.close(promise);
            return promise.future();
        }
    }

    private final Vertx vertx;
    private final Context home;
    private final PgConnectOptions options;
    private final int most;
    private final long connectMillis;
    private final long statementMillis;
    private final Set<Line> open = new HashSet<>();
    private final ArrayDeque<Line> idle = new ArrayDeque<>();
    private final ArrayDeque<Promise<Line>> waiting = new ArrayDeque<>();
    private int connecting;
    private boolean closed;

    /**
     * @param connectMillis until a connection must be there
     * @param statementMillis after which the server gives a statement up
     */
    Connections(Vertx vertx, PgConnectOptions options, int most, long connectMillis, long statementMillis) {
        this.vertx = vertx;
        this.home = vertx.getOrCreateContext();
        this.options = options;
        this.most = most;
        this.connectMillis = connectMillis;
        this.statementMillis = statementMillis;
    }

    /** Fails where none can be had. Who no longer wants it must {@link #giveUp}. */
    Promise<Line> borrow() {
        Promise<Line> promise = Promise.promise();
        if (closed) {
            promise.fail("the target's connections are closed");
            return promise;
        }
        Line free = idle.pollLast(); // the one that was used last is the least likely to be dead
        if (free != null) {
            promise.complete(free);
            return promise;
        }
        waiting.add(promise);
        connectIfWanted();
        return promise;
    }

    void giveUp(Promise<Line> promise) {
        waiting.remove(promise);
    }

    /** Nothing is on its way on it. */
    void giveBack(Line line) {
        if (!open.contains(line)) {
            return; // lost meanwhile
        }
        Promise<Line> next = waiting.poll();
        if (next != null) {
            next.complete(line);
        } else {
            idle.add(line);
        }
    }

    /** Closed, whatever is on its way on it. */
    void cut(Line line) {
        idle.remove(line);
        open.remove(line);
        line.cut();
        connectIfWanted();
    }

    Future<Void> close() {
        closed = true;
        failAll(new IllegalStateException("the target's connections are closed"));
        Set<Line> all = new HashSet<>(open);
        open.clear();
        idle.clear();
        return Future.join(all.stream().map(Line::cut).toList()).mapEmpty();
    }

    private void connectIfWanted() {
        while (!closed && connecting < waiting.size() && open.size() + connecting < most) {
            connecting++;
            home.runOnContext(v -> connect());
        }
    }

    private void connect() {
        ConnectionFactory<PgConnectOptions> socket =
                PgDriver.INSTANCE.createConnectionFactory(vertx, new NetClientOptions());
        Promise<Line> ready = Promise.promise();
        long timer = vertx.setTimer(connectMillis, id -> ready.tryFail("no connection in time"));
        socket.connect(home, options)
                .compose(made -> made.query("SET statement_timeout = " + statementMillis)
                        .execute()
                        .map(new Line(made, socket)))
                .onComplete(ready::tryComplete, ready::tryFail);
        ready.future().onComplete(line -> connected(line, timer), failure -> refused(socket, failure, timer));
    }

    private void connected(Line line, long timer) {
        vertx.cancelTimer(timer);
        connecting--;
        if (closed) {
            line.cut();
            return;
        }
        open.add(line);
        line.connection().exceptionHandler(said -> {}); // its close follows, and says the same
        line.connection().closeHandler(v -> lost(line));
        giveBack(line);
    }

    private void refused(ConnectionFactory<PgConnectOptions> socket, Throwable failure, long timer) {
        vertx.cancelTimer(timer);
        connecting--;
        socket.close(Promise.promise());
        if (open.isEmpty()) {
            failAll(failure);
        } // else those that wait get what is given back: a server that refuses is not asked again at once
    }

    /** The server has closed it: what is on its way fails by itself. */
    private void lost(Line line) {
        if (open.contains(line)) {
            cut(line);
        }
    }

    private void failAll(Throwable failure) {
        for (Promise<Line> next = waiting.poll(); next != null; next = waiting.poll()) {
            next.fail(failure);
        }
    }
}

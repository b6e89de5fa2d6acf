package io.forelog.database;

import io.forelog.observe.LogKeys;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears what is notified on one channel, over a connection of its own. Nothing is sent there for hours, so it is asked something
 * every {@value #ASKED_MILLIS} ms: where no answer comes within a limit its pool is closed, sockets and all, and another is made. Its
 * own context owns the state; any may call. Bounded by its one connection.
 */
public final class Listener {
    private static final Logger LOG = LoggerFactory.getLogger(Listener.class);
    private static final long ASKED_MILLIS = 3_000;
    private static final long AGAIN_MILLIS = 1_000;

    private final Vertx vertx;
    private final Context home;
    private final Supplier<Pool> connections;
    private final long limitMillis;
    private final String channel;
    private final Runnable heard;
    private final long timer;
    private @Nullable Pool pool;
    private @Nullable SqlConnection listening;
    private boolean asking;
    private boolean closed;

    /** {@code connections}: pools of one. {@code limitMillis}: for an answer. */
    Listener(Vertx vertx, Supplier<Pool> connections, long limitMillis, String channel, Runnable heard) {
        this.vertx = vertx;
        this.home = vertx.getOrCreateContext();
        this.connections = connections;
        this.limitMillis = limitMillis;
        this.channel = channel;
        this.heard = heard;
        this.timer = vertx.setPeriodic(ASKED_MILLIS, id -> home.runOnContext(go -> ask()));
        home.runOnContext(go -> begin());
    }

    private void begin() {
        if (closed) {
            return;
        }
        Pool mine = connections.get();
        pool = mine;
        mine.getConnection()
                .compose(connection -> listen(mine, connection))
                .timeout(limitMillis, TimeUnit.MILLISECONDS)
                .onComplete(
                        connection -> home.runOnContext(go -> listens(mine, connection)),
                        failure -> home.runOnContext(go -> again(mine, failure.toString())));
    }

    private Future<SqlConnection> listen(Pool mine, SqlConnection connection) {
        connection.closeHandler(gone -> home.runOnContext(go -> again(mine, "closed")));
        ((PgConnection) connection).notificationHandler(notice -> heard.run());
        return connection.query("LISTEN " + channel).execute().map(connection);
    }

    private void listens(Pool mine, SqlConnection connection) {
        if (mine.equals(pool)) {
            listening = connection;
            // What was notified while nobody listened.
            heard.run();
        }
    }

    private void ask() {
        SqlConnection asked = listening;
        Pool mine = pool;
        if (asked == null || mine == null || asking) {
            return;
        }
        asking = true;
        asked.query("SELECT 1")
                .execute()
                .timeout(limitMillis, TimeUnit.MILLISECONDS)
                .onComplete(answer -> home.runOnContext(go -> {
                    asking = false;
                    if (answer.failed()) {
                        again(mine, String.valueOf(answer.cause()));
                    }
                }));
    }

    private void again(Pool mine, String why) {
        if (mine.equals(pool)) {
            LOG.atDebug().addKeyValue(LogKeys.REASON, why).log("No notifications of the database; listening again");
            pool = null;
            listening = null;
            mine.close();
            vertx.setTimer(AGAIN_MILLIS, id -> home.runOnContext(go -> begin()));
        }
    }

    /** Hears no more. Never fails. */
    public void close() {
        home.runOnContext(go -> {
            closed = true;
            vertx.cancelTimer(timer);
            Pool mine = pool;
            pool = null;
            listening = null;
            if (mine != null) {
                mine.close();
            }
        });
    }
}

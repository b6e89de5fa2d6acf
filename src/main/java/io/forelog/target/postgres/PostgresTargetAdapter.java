package io.forelog.target.postgres;

import io.forelog.model.Delivery;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.target.TargetAdapter;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Map;

/**
 * A transaction a batch, over connections of its own. Used on the context it was opened on; bounded by its connections, and
 * by the writer around it.
 */
final class PostgresTargetAdapter implements TargetAdapter {
    static final int BATCH_MAX = 500;

    private final Vertx vertx;
    private final Connections connections;
    private final Map<Operation, Statement> statements;
    private final long timeoutMillis;

    PostgresTargetAdapter(
            Vertx vertx, Connections connections, Map<Operation, Statement> statements, long timeoutMillis) {
        this.vertx = vertx;
        this.connections = connections;
        this.statements = statements;
        this.timeoutMillis = timeoutMillis;
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        return new Submission(vertx, connections, statements, batch, timeoutMillis).future();
    }

    /** Any answer will do that is not one of a server that is going, coming, or out of something. */
    @Override
    public Future<Void> probe() {
        Promise<Void> promise = Promise.promise();
        Promise<Connections.Line> borrowed = connections.borrow();
        long timer = vertx.setTimer(timeoutMillis, id -> {
            connections.giveUp(borrowed);
            promise.tryFail("no answer in time");
        });
        borrowed.future().onComplete(lent -> ask(lent, promise), failure -> {
            if (SqlOutcomes.isOfTheServer(failure)) {
                promise.tryFail(failure);
            } else {
                promise.tryComplete();
            }
        });
        return promise.future().onComplete(done -> vertx.cancelTimer(timer));
    }

    private void ask(Connections.Line lent, Promise<Void> promise) {
        if (promise.future().isComplete()) {
            connections.giveBack(lent);
            return;
        }
        lent.connection().query("SELECT 1").execute().onComplete(rows -> promise.tryComplete(), promise::tryFail);
        promise.future().onComplete(ok -> connections.giveBack(lent), failure -> connections.cut(lent));
    }

    @Override
    public Future<Void> close() {
        return connections.close();
    }
}

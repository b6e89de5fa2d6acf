package io.forelog.target.cassandra;

import io.forelog.model.Delivery;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.target.TargetAdapter;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A prepared statement a delivery, over one session. Used on the context it was opened on; bounded by its {@link Link}. */
final class CassandraTargetAdapter implements TargetAdapter {
    static final int BATCH_MAX = 256;
    private static final String QUESTION = "SELECT release_version FROM system.local";

    private final Vertx vertx;
    private final Link link;
    private final Map<Operation, Statement> statements;
    private final long timeoutMillis;
    private final Ticker ticker;

    CassandraTargetAdapter(
            Vertx vertx, Link link, Map<Operation, Statement> statements, long timeoutMillis, Ticker ticker) {
        this.vertx = vertx;
        this.link = link;
        this.statements = statements;
        this.timeoutMillis = timeoutMillis;
        this.ticker = ticker;
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        return new Submission(vertx, link, statements, batch, timeoutMillis, ticker.micros())
                .begin()
                .future();
    }

    /** Any answer will do that is not one of a cluster that is going or coming. */
    @Override
    public Future<Void> probe() {
        return link.session()
                .compose(open -> Future.fromCompletionStage(open.executeAsync(QUESTION), vertx.getOrCreateContext()))
                .timeout(timeoutMillis, TimeUnit.MILLISECONDS)
                .<Void>mapEmpty()
                .recover(failure -> CqlOutcomes.of(failure).kind() == Outcome.Kind.RETRY
                        ? Future.failedFuture(failure)
                        : Future.succeededFuture());
    }

    @Override
    public Future<Void> close() {
        return link.close();
    }
}

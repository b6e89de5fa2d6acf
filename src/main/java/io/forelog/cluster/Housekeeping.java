package io.forelog.cluster;

import io.forelog.cluster.Leases.Held;
import io.forelog.database.Database;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Tuple;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one of the control nodes does for all, by lease: takes nodes that said a day ago that they stop, and own nothing, from the list.
 * On the context that starts it; without the database it is tried again.
 */
public final class Housekeeping {
    static final String LEASE = "housekeeping";

    private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);
    private static final long PERIOD_MILLIS = 5_000;
    private static final String SWEEP = "DELETE FROM node WHERE state = 'STOPPED'"
            + " AND seen_at < clock_timestamp() - interval '1 day'"
            + " AND NOT EXISTS (SELECT 1 FROM database_owner WHERE database_owner.node = node.name)"
            + " AND EXISTS (SELECT 1 FROM lease WHERE lease.name = $1 AND lease.holder = $2 AND lease.epoch = $3)";

    private final Database database;
    private final Leases leases;
    private final String holder;
    private boolean busy;

    public Housekeeping(Database database, String node) {
        this.database = database;
        this.leases = new Leases(database);
        this.holder = node + "/" + UUID.randomUUID();
    }

    /** From now on. */
    public void start(Vertx vertx) {
        vertx.setPeriodic(PERIOD_MILLIS, timer -> {
            if (!busy) {
                busy = true;
                leases.take(LEASE, holder)
                        .compose(held -> held.isPresent() ? sweep(held.get()) : Future.succeededFuture(0))
                        .onComplete(swept -> {
                            busy = false;
                            if (swept.succeeded() && swept.result() > 0) {
                                LOG.atInfo()
                                        .addKeyValue("count", swept.result())
                                        .log("Nodes that stopped are forgotten");
                            }
                        });
            }
        });
    }

    /** Answers how many. A holder that is no longer one removes none. */
    Future<Integer> sweep(Held held) {
        return database.query(SWEEP, Tuple.of(held.name(), held.holder(), held.epoch()))
                .map(rows -> rows.rowCount());
    }
}

package io.forelog.cluster;

import io.forelog.database.Database;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.Optional;

/**
 * The table {@code lease}: what must have one holder. Time is the database's; a holder counts the rest by its own monotonic clock
 * from before it asked, so that it gives up before another can take over. What a holder writes says
 * {@code WHERE EXISTS (SELECT 1 FROM lease WHERE name = … AND epoch = …)}: a stale one touches no row. Any context.
 */
public final class Leases {
    /** How long one holds. */
    public static final Duration TERM = Duration.ofSeconds(10);

    private static final String TAKE = "INSERT INTO lease (name, holder, epoch, until)"
            + " VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond')"
            + " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until,"
            + " epoch = CASE WHEN lease.holder = excluded.holder AND lease.until > clock_timestamp() THEN lease.epoch"
            + " ELSE lease.epoch + 1 END"
            + " WHERE lease.holder = excluded.holder OR lease.until <= clock_timestamp() RETURNING epoch";
    private static final String GIVE =
            "UPDATE lease SET until = clock_timestamp() WHERE name = $1 AND holder = $2 AND epoch = $3";

    private final Database database;

    /** Held under {@code epoch}, and certainly until {@link System#nanoTime} passes {@code untilNanos}. */
    public record Held(String name, String holder, long epoch, long untilNanos) {
        public boolean isOver() {
            return System.nanoTime() - untilNanos >= 0;
        }
    }

    public Leases(Database database) {
        this.database = database;
    }

    /** Takes or renews; empty where another holds it. {@code holder} names one process, not a node. */
    public Future<Optional<Held>> take(String name, String holder) {
        long asked = System.nanoTime();
        return database.query(TAKE, Tuple.of(name, holder, (double) TERM.toMillis()))
                .map(rows -> {
                    for (Row row : rows) {
                        return Optional.of(new Held(name, holder, row.getLong(0), asked + TERM.toNanos()));
                    }
                    return Optional.empty();
                });
    }

    /** Before its time; without effect where it is another's by now. */
    public Future<Void> give(Held held) {
        return database.query(GIVE, Tuple.of(held.name(), held.holder(), held.epoch()))
                .mapEmpty();
    }
}

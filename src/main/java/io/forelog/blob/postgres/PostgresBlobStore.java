package io.forelog.blob.postgres;

import io.forelog.blob.BlobStore;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The table {@code forelog_blob}, made when it is opened. Ages are told by the database's clock, which all nodes share.
 * Any context; bounded by its pool's connections and waiting requests, over which a call fails, and by a time limit: what was
 * not answered by then may have been done.
 */
final class PostgresBlobStore implements BlobStore {
    private static final String TABLE =
            "CREATE TABLE IF NOT EXISTS forelog_blob (id text PRIMARY KEY, put_at timestamptz NOT NULL DEFAULT now(),"
                    + " content bytea NOT NULL)";
    private static final String BY_AGE = "CREATE INDEX IF NOT EXISTS forelog_blob_put_at ON forelog_blob (put_at)";
    private static final String PUT = "INSERT INTO forelog_blob (id, content) VALUES ($1, $2)"
            + " ON CONFLICT (id) DO UPDATE SET content = excluded.content, put_at = now()";
    private static final String GET = "SELECT content FROM forelog_blob WHERE id = $1";
    private static final String DELETE = "DELETE FROM forelog_blob WHERE id = $1";
    private static final String COLLECT = "DELETE FROM forelog_blob WHERE id IN (SELECT id FROM forelog_blob"
            + " WHERE put_at < now() - $1 * interval '1 second' ORDER BY put_at LIMIT $2)";
    private static final int TRIES = 3;
    private static final int LIMIT_SECONDS = 10;
    /** Thousands of rows at once; in the background. */
    private static final int COLLECT_LIMIT_SECONDS = 50;

    private final Pool pool;

    private PostgresBlobStore(Pool pool) {
        this.pool = pool;
    }

    static Future<BlobStore> open(Pool pool) {
        return create(pool, TRIES)
                .timeout(LIMIT_SECONDS, TimeUnit.SECONDS)
                .<BlobStore>map(created -> new PostgresBlobStore(pool))
                .recover(failure -> {
                    pool.close(); // by itself: a connection that nobody answers on is slow to close
                    return Future.failedFuture(unavailable(failure));
                });
    }

    // Two nodes that make it at once meet in the catalogue: the loser finds it there the next time.
    private static Future<Void> create(Pool pool, int tries) {
        Future<Void> created = pool.query(TABLE)
                .execute()
                .compose(table -> pool.query(BY_AGE).execute())
                .mapEmpty();
        return tries == 1 ? created : created.recover(failure -> create(pool, tries - 1));
    }

    @Override
    public Future<Void> put(String id, Buffer content) {
        return run(PUT, Tuple.of(id, content), LIMIT_SECONDS).mapEmpty();
    }

    @Override
    public Future<Optional<Buffer>> get(String id) {
        return run(GET, Tuple.of(id), LIMIT_SECONDS).map(rows -> {
            for (Row row : rows) {
                return Optional.of(row.getBuffer(0));
            }
            return Optional.empty();
        });
    }

    @Override
    public Future<Void> delete(String id) {
        return run(DELETE, Tuple.of(id), LIMIT_SECONDS).mapEmpty();
    }

    @Override
    public Future<Integer> collect(Duration age, int most) {
        return run(COLLECT, Tuple.of((double) age.toSeconds(), most), COLLECT_LIMIT_SECONDS)
                .map(RowSet::rowCount);
    }

    @Override
    public Future<Void> close() {
        return pool.close();
    }

    private Future<RowSet<Row>> run(String sql, Tuple values, int limitSeconds) {
        return pool.preparedQuery(sql)
                .execute(values)
                .timeout(limitSeconds, TimeUnit.SECONDS)
                .recover(failure -> Future.failedFuture(unavailable(failure)));
    }

    private static WalException unavailable(Throwable failure) {
        return new WalException(ErrorCode.UNAVAILABLE, "postgres blob store: " + failure.getMessage(), failure);
    }
}

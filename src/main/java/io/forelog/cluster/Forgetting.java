package io.forelog.cluster;

import io.forelog.database.Database;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Takes nodes off the table {@code node} that will not come back, as it says itself. Any context. */
final class Forgetting {
    private static final String ONE = "SELECT state, extract(epoch FROM clock_timestamp() - seen_at)::float8 AS silent"
            + " FROM node WHERE name = $1 FOR UPDATE";
    private static final String OWNS =
            "SELECT DISTINCT namespace FROM database_owner WHERE node = $1 ORDER BY namespace";
    private static final String LOSE = "DELETE FROM database_owner WHERE node = $1";
    private static final String FORGET = "DELETE FROM node WHERE name = $1";
    private static final int NAMED_MAX = 5;

    private final Database database;

    Forgetting(Database database) {
        this.database = database;
    }

    /**
     * One that said that it stops is forgotten at once, since it will enter again if it comes back; what it had on its disk only
     * after a silence, like one that just went silent. Nothing is done where it fails.
     */
    Future<Void> forget(String node, boolean lostData) {
        Tuple name = Tuple.of(node);
        return database.transaction(connection -> connection
                .preparedQuery(ONE)
                .execute(name)
                .compose(rows -> {
                    check(node, lostData, rows);
                    return lostData
                            ? connection.preparedQuery(LOSE).execute(name).<Void>mapEmpty()
                            : ownsNothing(node, connection);
                })
                .compose(free -> connection.preparedQuery(FORGET).execute(name))
                .mapEmpty());
    }

    private static void check(String node, boolean lostData, RowSet<Row> rows) {
        for (Row row : rows) {
            double silent = Math.max(0, row.getDouble("silent"));
            boolean stopped = row.getString("state").equals("STOPPED");
            if (silent >= Member.LOST_AFTER_SECONDS || (stopped && !lostData)) {
                return;
            }
            throw new WalException(
                    ErrorCode.CONFLICT,
                    String.format(
                            Locale.ROOT,
                            "node %s: %s, silent for %.1f s (expected: silent for %.0f s, which it may be in %.1f s%s)",
                            node,
                            row.getString("state"),
                            silent,
                            Member.LOST_AFTER_SECONDS,
                            Member.LOST_AFTER_SECONDS - silent,
                            stopped ? "" : "; one that has stopped in good order at once"));
        }
        throw NodeRegistry.unknown(node);
    }

    private static Future<Void> ownsNothing(String node, SqlConnection connection) {
        return connection.preparedQuery(OWNS).execute(Tuple.of(node)).map(rows -> {
            if (rows.size() > 0) {
                List<String> namespaces = new ArrayList<>();
                rows.forEach(row -> namespaces.add(row.getString(0)));
                throw new WalException(
                        ErrorCode.CONFLICT,
                        "node " + node + ": namespaces lie on its disk: "
                                + String.join(", ", namespaces.subList(0, Math.min(NAMED_MAX, namespaces.size())))
                                + (namespaces.size() > NAMED_MAX
                                        ? " and " + (namespaces.size() - NAMED_MAX) + " more"
                                        : "")
                                + " (expected: one that owns no namespace; what lay on a disk that is lost:"
                                + " forelog cluster forget --lost-data)");
            }
            return null;
        });
    }
}

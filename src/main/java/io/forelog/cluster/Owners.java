package io.forelog.cluster;

import io.forelog.database.Database;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The table {@code database_owner}: which node's disk an embedded namespace lies on, in a shard. Taken once, by whoever applies the
 * namespace first, and kept over any loss of the node: another never makes a second database. Given up only by its owner,
 * empty. Any context.
 */
public final class Owners {
    private static final String CLAIM = "INSERT INTO database_owner (namespace, shard, database_id, node, epoch)"
            + " VALUES ($1, $2, $3, $4, 1) ON CONFLICT (namespace, shard) DO NOTHING";
    private static final String ALL = "SELECT namespace, shard, database_id, node, epoch FROM database_owner";
    private static final String ONE = ALL + " WHERE namespace = $1 AND shard = $2";
    private static final String RELEASE =
            "DELETE FROM database_owner WHERE namespace = $1 AND shard = $2 AND node = $3 AND database_id = $4";

    private final Database database;
    private final String shard;

    /** {@code node} has it on its disk, in the database with this id. */
    public record Owner(String namespace, String shard, String node, UUID databaseId, long epoch) {}

    /** {@code shard}: of this node, which takes and gives up nothing of another. */
    public Owners(Database database, String shard) {
        this.database = database;
        this.shard = shard;
    }

    /** Takes the namespace where nobody has it. Answers who has it now. */
    public Future<Owner> claim(String namespace, String node, UUID databaseId) {
        return database.query(CLAIM, Tuple.of(namespace, shard, databaseId, node))
                .compose(claimed -> find(namespace));
    }

    /** Of this shard. NOT_FOUND where nobody has it. */
    public Future<Owner> find(String namespace) {
        return database.query(ONE, Tuple.of(namespace, shard)).map(rows -> {
            for (Row row : rows) {
                return owner(row);
            }
            throw new WalException(ErrorCode.NOT_FOUND, "namespace " + namespace + " has no owner");
        });
    }

    /** Of all shards. */
    public Future<List<Owner>> all() {
        return database.query(ALL, Tuple.tuple()).map(rows -> {
            List<Owner> owners = new ArrayList<>();
            rows.forEach(row -> owners.add(owner(row)));
            return owners;
        });
    }

    private static Owner owner(Row row) {
        return new Owner(
                row.getString("namespace"),
                row.getString("shard"),
                row.getString("node"),
                row.getUUID("database_id"),
                row.getLong("epoch"));
    }

    /** Without effect where another has it. */
    public Future<Void> release(String namespace, String node, UUID databaseId) {
        return database.query(RELEASE, Tuple.of(namespace, shard, node, databaseId))
                .mapEmpty();
    }
}

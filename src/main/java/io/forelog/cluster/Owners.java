package io.forelog.cluster;

import io.forelog.database.Database;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * The table {@code database_owner}: which node's disk an embedded namespace lies on. Taken once, by whoever applies the
 * namespace first, and kept over any loss of the node: another never makes a second database. Given up only by its owner,
 * empty. Any context.
 */
public final class Owners {
    private static final String CLAIM = "INSERT INTO database_owner (namespace, database_id, node, epoch)"
            + " VALUES ($1, $2, $3, 1) ON CONFLICT (namespace) DO NOTHING";
    private static final String ONE =
            "SELECT namespace, database_id, node, epoch FROM database_owner WHERE namespace = $1";
    private static final String ALL = "SELECT namespace, database_id, node, epoch FROM database_owner";
    private static final String RELEASE =
            "DELETE FROM database_owner WHERE namespace = $1 AND node = $2 AND database_id = $3";

    private final Database database;

    /** {@code node} owns it with the database that has this id. */
    public record Owner(String node, UUID databaseId, long epoch) {}

    public Owners(Database database) {
        this.database = database;
    }

    /** Takes the namespace where nobody has it. Answers who has it now. */
    public Future<Owner> claim(String namespace, String node, UUID databaseId) {
        return database.query(CLAIM, Tuple.of(namespace, databaseId, node)).compose(claimed -> find(namespace));
    }

    /** NOT_FOUND where nobody has it. */
    public Future<Owner> find(String namespace) {
        return database.query(ONE, Tuple.of(namespace)).map(rows -> {
            for (Row row : rows) {
                return owner(row);
            }
            throw new WalException(ErrorCode.NOT_FOUND, "namespace " + namespace + " has no owner");
        });
    }

    /** By namespace. */
    public Future<Map<String, Owner>> all() {
        return database.query(ALL, Tuple.tuple()).map(rows -> {
            Map<String, Owner> owners = new TreeMap<>();
            rows.forEach(row -> owners.put(row.getString("namespace"), owner(row)));
            return owners;
        });
    }

    private static Owner owner(Row row) {
        return new Owner(row.getString("node"), row.getUUID("database_id"), row.getLong("epoch"));
    }

    /** Without effect where another has it. */
    public Future<Void> release(String namespace, String node, UUID databaseId) {
        return database.query(RELEASE, Tuple.of(namespace, node, databaseId)).mapEmpty();
    }
}

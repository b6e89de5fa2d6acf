package io.forelog.cluster;

import io.forelog.database.Database;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The table {@code database_owner}: which nodes' disks an embedded namespace lies on, in a shard. One of them takes its writes: whoever
 * applied it first, for ever, over any loss of the node: another never makes a second database, unless the owner has said that it
 * leaves. Rows go when their databases are empty, by their owners. Any context.
 */
public final class Owners {
    private static final String CLAIM = "INSERT INTO database_owner (namespace, shard, database_id, node, epoch)"
            + " VALUES ($1, $2, $3, $4, 1) ON CONFLICT DO NOTHING";
    private static final String ALL = "SELECT namespace, shard, database_id, node, epoch, leaving FROM database_owner";
    private static final String SOME = ALL + " WHERE namespace = $1 AND shard = $2";
    private static final String MINE = " WHERE namespace = $1 AND shard = $2 AND node = $3 AND database_id = $4";
    private static final String LEAVE = "UPDATE database_owner SET leaving = true, epoch = epoch + 1" + MINE;
    private static final String STAY = "UPDATE database_owner SET leaving = false, epoch = epoch + 1" + MINE
            + " AND NOT EXISTS (SELECT 1 FROM database_owner WHERE namespace = $1 AND shard = $2 AND NOT leaving)";
    private static final String RELEASE = "DELETE FROM database_owner" + MINE;

    private final Database database;
    private final String shard;

    /**
     * {@code node} has it on its disk, in the database with this id.
     *
     * @param leaving it delivers what it has, and takes no writes once another is there who does
     */
    public record Owner(String namespace, String shard, String node, UUID databaseId, long epoch, boolean leaving) {}

    /** {@code shard}: of this node, which takes and gives up nothing of another. */
    public Owners(Database database, String shard) {
        this.database = database;
        this.shard = shard;
    }

    /** Takes the namespace where nobody has it. Answers who have it now, in this shard. */
    public Future<List<Owner>> claim(String namespace, String node, UUID databaseId) {
        return database.query(CLAIM, Tuple.of(namespace, shard, databaseId, node))
                .compose(claimed -> find(namespace));
    }

    /** Of this shard. */
    public Future<List<Owner>> find(String namespace) {
        return database.query(SOME, Tuple.of(namespace, shard)).map(Owners::owners);
    }

    /** Of all shards. */
    public Future<List<Owner>> all() {
        return database.query(ALL, Tuple.tuple()).map(Owners::owners);
    }

    private static List<Owner> owners(RowSet<Row> rows) {
        List<Owner> owners = new ArrayList<>();
        rows.forEach(row -> owners.add(new Owner(
                row.getString("namespace"),
                row.getString("shard"),
                row.getString("node"),
                row.getUUID("database_id"),
                row.getLong("epoch"),
                row.getBoolean("leaving"))));
        return owners;
    }

    /** {@code mine} may be taken over from now on. */
    public Future<Void> leave(Owner mine) {
        return change(LEAVE, mine.namespace(), mine.node(), mine.databaseId());
    }

    /** Without effect where another has taken it over. */
    public Future<Void> stay(Owner mine) {
        return change(STAY, mine.namespace(), mine.node(), mine.databaseId());
    }

    /** Without effect where another has it. */
    public Future<Void> release(String namespace, String node, UUID databaseId) {
        return change(RELEASE, namespace, node, databaseId);
    }

    private Future<Void> change(String how, String namespace, String node, UUID databaseId) {
        return database.query(how, Tuple.of(namespace, shard, node, databaseId)).mapEmpty();
    }
}

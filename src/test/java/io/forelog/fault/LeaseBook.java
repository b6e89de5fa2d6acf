package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.database.Database;
import io.forelog.database.DatabaseSettings;
import io.forelog.rig.Await;
import io.forelog.rig.Soak;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;

/** The config store's own record of who held which lease, by its clock, from when it is opened. Used by one test thread. */
final class LeaseBook implements AutoCloseable {
    private final Vertx vertx = Vertx.vertx();
    private final Database database;

    LeaseBook(String uri) {
        database = new Database(vertx, new DatabaseSettings(uri, "", "off", "", "forelog", 1), "", "test");
        Await.result(database.ready());
        run("CREATE TABLE lease_book (at timestamptz NOT NULL DEFAULT clock_timestamp(), name text, holder text,"
                + " epoch bigint, until timestamptz, before_holder text, before_epoch bigint,"
                + " before_until timestamptz)");
        run("CREATE FUNCTION note_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                + " INSERT INTO lease_book (name, holder, epoch, until, before_holder, before_epoch, before_until)"
                + " VALUES (NEW.name, NEW.holder, NEW.epoch, NEW.until, OLD.holder, OLD.epoch, OLD.until);"
                + " RETURN NEW; END $$");
        run("CREATE TRIGGER note_lease AFTER UPDATE ON lease FOR EACH ROW EXECUTE FUNCTION note_lease()");
    }

    /** The node that holds {@code name}, or held it last; empty where none ever did. */
    String holder(String name) {
        for (Row row : Await.result(database.query("SELECT holder FROM lease WHERE name = $1", Tuple.of(name)))) {
            String holder = row.getString(0);
            return holder.substring(0, holder.indexOf('/'));
        }
        return "";
    }

    /** Taken before the one before had given it up or outlived it, or under an epoch that was another's. */
    List<String> doublyHeld() {
        List<String> wrong = new ArrayList<>();
        int renewals = 0;
        for (Row row : Await.result(database.query(
                "SELECT *, holder <> before_holder AND (before_until > at OR epoch <= before_epoch) AS wrong"
                        + " FROM lease_book ORDER BY at",
                Tuple.tuple()))) {
            renewals++;
            if (row.getBoolean("wrong")) {
                wrong.add(row.deepToString());
            }
        }
        assertThat(renewals).as("renewals and changes of hands").isPositive();
        Soak.tell("the store's book of leases: %d renewals and changes of hands", renewals);
        return wrong;
    }

    private void run(String sql) {
        Await.result(database.query(sql, Tuple.tuple()));
    }

    @Override
    public void close() {
        Await.result(database.close());
        Await.result(vertx.close());
    }
}

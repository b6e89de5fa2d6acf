package io.forelog.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.cluster.Leases.Held;
import io.forelog.database.Database;
import io.forelog.database.DatabaseSettings;
import io.forelog.rig.Await;
import io.forelog.rig.backend.PostgresServer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class LeasesIT {
    private static final String NAME = Housekeeping.LEASE;

    private final Vertx vertx = Vertx.vertx();
    private Database database;
    private Leases leases;

    @BeforeEach
    void connect() {
        database = new Database(
                vertx,
                new DatabaseSettings(PostgresServer.shared().uri(), "", "off", "", "leases" + System.nanoTime(), 4),
                "",
                "test");
        leases = new Leases(database);
        Await.result(database.ready());
    }

    @AfterEach
    void close() {
        Await.result(database.close());
        Await.result(vertx.close());
    }

    private Optional<Held> take(String holder) {
        return Await.result(leases.take(NAME, holder));
    }

    private void run(String sql) {
        Await.result(database.query(sql, Tuple.tuple()));
    }

    /** As if its time were over. */
    private void outlive() {
        run("UPDATE lease SET until = clock_timestamp() - interval '1 second'");
    }

    @Test
    void oneHoldsItUntilItsTimeIsOverAndAStaleOneTouchesNoRow() {
        Held first = take("a/1").orElseThrow();
        assertThat(take("b/1")).isEmpty();
        assertThat(take("a/2")).as("another process of the same node").isEmpty();
        Held again = take("a/1").orElseThrow();
        assertThat(again.epoch()).isEqualTo(first.epoch());
        assertThat(again.isOver()).isFalse();

        outlive();
        Held second = take("b/1").orElseThrow();
        assertThat(second.epoch()).isGreaterThan(first.epoch());
        run("INSERT INTO node (name, incarnation, host, ports, roles, shard, stack, region, version, state, seen_at)"
                + " VALUES ('old', gen_random_uuid(), 'h', '{}', '[]', 's', 's', 'r', 'v', 'STOPPED',"
                + " clock_timestamp() - interval '2 days')");
        assertThat(Await.result(new Housekeeping(database, "a").sweep(first))).isZero();
        assertThat(Await.result(new Housekeeping(database, "b").sweep(second))).isEqualTo(1);

        Await.result(leases.give(first));
        assertThat(take("a/1")).as("what is another's by now can't be given").isEmpty();
        Await.result(leases.give(second));
        assertThat(take("a/1").orElseThrow().epoch()).isGreaterThan(second.epoch());
    }

    @Test
    void ofManyWhoAskAtOnceOneHasIt() {
        long epoch = 0;
        for (int round = 0; round < 20; round++) {
            List<Future<Optional<Held>>> asked = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                asked.add(leases.take(NAME, "holder-" + i));
            }
            Await.result(Future.all(asked));
            List<Held> held =
                    asked.stream().flatMap(one -> one.result().stream()).toList();
            assertThat(held).hasSize(1);
            assertThat(held.get(0).epoch()).isGreaterThan(epoch);
            epoch = held.get(0).epoch();
            outlive();
        }
    }
}

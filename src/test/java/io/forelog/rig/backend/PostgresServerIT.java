package io.forelog.rig.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.Await;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnection;
import org.junit.jupiter.api.Test;

class PostgresServerIT {
    @Test
    void keepsCommittedRowsOverAKill() {
        PostgresServer server = PostgresServer.shared();
        Vertx vertx = Vertx.vertx();
        try {
            PgConnection first = Await.result(PgConnection.connect(vertx, server.uri()));
            Await.result(first.query("CREATE TABLE rig_self_test (n int)").execute());
            Await.result(first.query("INSERT INTO rig_self_test VALUES (7)").execute());

            server.killAndRestart();

            PgConnection second = Await.result(PgConnection.connect(vertx, server.uri()));
            var rows = Await.result(second.query("SELECT n FROM rig_self_test").execute());
            assertThat(rows).hasSize(1);
            assertThat(rows.iterator().next().getInteger(0)).isEqualTo(7);
            var version = Await.result(second.query("SHOW server_version_num").execute());
            assertThat(version.iterator().next().getString(0)).startsWith("18");
            Await.result(second.query("DROP TABLE rig_self_test").execute());
            Await.result(second.close());
        } finally {
            Await.result(vertx.close());
        }
        assertThat(PostgresServer.shared()).isSameAs(server);
    }
}

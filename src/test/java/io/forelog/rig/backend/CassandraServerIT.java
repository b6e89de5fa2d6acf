package io.forelog.rig.backend;

import static org.assertj.core.api.Assertions.assertThat;

import com.datastax.oss.driver.api.core.CqlSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(240)
class CassandraServerIT {
    @Test
    void keepsRowsOverAKill() {
        CassandraServer server = CassandraServer.shared();
        try (CqlSession first = connect(server)) {
            first.execute(
                    "CREATE KEYSPACE rig WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
            first.execute("CREATE TABLE rig.self_test (n int PRIMARY KEY)");
            first.execute("INSERT INTO rig.self_test (n) VALUES (7)");
        }
        server.killAndRestart();
        try (CqlSession second = connect(server)) {
            assertThat(second.execute("SELECT n FROM rig.self_test").one().getInt(0))
                    .isEqualTo(7);
            assertThat(second.execute("SELECT release_version FROM system.local")
                            .one()
                            .getString(0))
                    .startsWith("5.0");
            second.execute("DROP KEYSPACE rig");
        }
        assertThat(CassandraServer.shared()).isSameAs(server);
    }

    private static CqlSession connect(CassandraServer server) {
        return server.session().build();
    }
}

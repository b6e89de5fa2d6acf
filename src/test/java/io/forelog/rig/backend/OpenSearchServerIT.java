package io.forelog.rig.backend;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OpenSearchServerIT {
    @Test
    void keepsIndexedDocumentsOverAKill() {
        OpenSearchServer server = OpenSearchServer.shared();
        server.ask("PUT", "/rig-self-test/_doc/1", "{\"n\": 7}");

        server.killAndRestart();

        assertThat(server.get("/rig-self-test/_doc/1").getJsonObject("_source").getInteger("n"))
                .isEqualTo(7);
        assertThat(server.get("/").getJsonObject("version").getString("number")).startsWith("2.");
        server.ask("DELETE", "/rig-self-test", "");
        assertThat(OpenSearchServer.shared()).isSameAs(server);
    }
}

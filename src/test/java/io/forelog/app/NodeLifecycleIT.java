package io.forelog.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.rig.AdminClient;
import io.forelog.rig.Await;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.LoadWriter;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The life of the real process: start, refuse to start, reload, stop. */
class NodeLifecycleIT {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String LOG_TARGET = "targets: [{name: log, type: log, default: true}]\n";

    @TempDir
    Path directory;

    private static JsonObject namespace(ForelogProcess service, String name) {
        return service.admin().get("/admin/v1/namespaces/" + name).json();
    }

    private static long count(ForelogProcess service, String name, String counter) {
        return service.admin()
                .get("/admin/v1/namespaces/" + name + "/audit")
                .json()
                .getLong(counter);
    }

    @Test
    void sigtermDrainsExitsWithZeroAndADelayedEntryIsDeliveredByTheNextProcess() {
        try (ForelogProcess service =
                ForelogProcess.in(directory).namespace("ns", LOG_TARGET).start()) {
            try (LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
                writer.writeOne(LoadWriter.request("ns", "later", "", Duration.ofSeconds(8)));
            }
            assertThat(service.stop()).isZero();
            assertThat(service.data().resolve("ports.json")).doesNotExist();
            assertThat(service.log()).doesNotContain("attempt=1 PUT later");
            service.start();
            Await.until("it is delivered", LIMIT, () -> count(service, "ns", "delivered") == 1);
            assertThat(service.log()).contains("attempt=1 PUT later");
        }
    }

    @Test
    void nativeCodeLiesOnceInTheDataDirectoryHoweverOftenItIsKilled() throws IOException {
        try (ForelogProcess service =
                ForelogProcess.in(directory).namespace("ns", LOG_TARGET).start()) {
            service.killAndRestart();
            service.killAndRestart();
            try (Stream<Path> files = Files.list(service.data().resolve("native"))) {
                assertThat(files).hasSize(1);
            }
            assertThat(service.log()).doesNotContain("native code can't be loaded");
        }
    }

    @Test
    void aDataDirectoryInUseIsRefusedWithAClearError() throws IOException {
        try (ForelogProcess service =
                        ForelogProcess.in(directory).namespace("ns", LOG_TARGET).start();
                ForelogProcess second = ForelogProcess.in(directory.resolve("second"))
                        .settings("data_directory: ignored")
                        .build()) {
            Files.createSymbolicLink(second.data(), service.data());
            assertThat(second.startAndExit()).isEqualTo(1);
            assertThat(second.log()).contains("is in use by another Forelog (expected: one process a data directory)");
            assertThat(service.admin().get("/health/ready").status()).isEqualTo(200);
        }
    }

    @Test
    void aBadNodeConfigurationIsRefusedWithEveryProblem() {
        try (ForelogProcess service = ForelogProcess.in(directory)
                .settings("ports: {http: 99999}\nqueues: {carrier: {}}\ndrain: PT1S\n"
                        + "namespace_defaults: {retry: {max_attempts: 0}}")
                .build()) {
            assertThat(service.startAndExit()).isEqualTo(1);
            assertThat(service.log())
                    .contains("ports.http: 99999", "queues.carrier: unknown type", "drain: unknown key")
                    .contains("namespace_defaults.retry.max_attempts: 0");
        }
    }

    @Test
    void aPersonaWithoutATargetIsToldByNameAndDisturbsNobody() throws IOException {
        Path documents = directory.resolve("conf/namespaces");
        ForelogProcess.Builder builder = ForelogProcess.in(directory).namespace("ns", LOG_TARGET);
        for (String persona : new String[] {"delayed-queue", "cross-region-replication", "multi-partition-mutations"}) {
            Files.copy(Path.of("src/test/resources/personas", persona + ".json"), documents.resolve(persona + ".json"));
        }
        try (ForelogProcess service = builder.start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            JsonObject state = namespace(service, "delayed-queue");
            assertThat(state.getString("state")).isEqualTo("REFUSED");
            assertThat(state.getJsonArray("problems").encode())
                    .contains("targets: missing (expected: at least one target");
            assertThat(namespace(service, "cross-region-replication")
                            .getJsonArray("problems")
                            .encode())
                    .contains("targets: missing (expected: at least one target");
            writer.writeOne(LoadWriter.request("ns", "fine"));
            Await.until("it is delivered", LIMIT, () -> count(service, "ns", "delivered") == 1);
        }
    }

    @Test
    void aNamespaceWhoseAppliedStateIsBrokenStopsAndNoOther() throws IOException {
        try (ForelogProcess service = ForelogProcess.in(directory)
                .namespace("ns", LOG_TARGET)
                .namespace("other", LOG_TARGET)
                .start()) {
            service.stop();
            Path applied = service.data().resolve("config/applied/ns.json");
            Files.writeString(applied, Files.readString(applied).substring(0, 40));
            service.start();
            assertThat(namespace(service, "ns").getJsonArray("problems").encode())
                    .contains("CORRUPT")
                    .contains("ns.json");
            assertThat(namespace(service, "other").getString("state")).isEqualTo("ACTIVE");
        }
    }

    @Test
    void aRemovedNamespaceDeliversWhatItHasAndIsGone() {
        try (ForelogProcess service = ForelogProcess.in(directory)
                .namespace("ns", LOG_TARGET)
                .namespace("a", LOG_TARGET)
                .namespace("b", LOG_TARGET)
                .start()) {
            try (LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
                writer.writeOne(LoadWriter.request("ns", "last words", "", Duration.ofSeconds(3)));
            }
            service.deleteDocument("ns");
            Await.until(
                    "it retires",
                    LIMIT,
                    () -> "RETIRING".equals(namespace(service, "ns").getString("state")));
            Await.until(
                    "it is gone",
                    LIMIT,
                    () -> service.admin().get("/admin/v1/namespaces/ns").status() == 404);
            assertThat(service.log()).contains("attempt=1 PUT last words");
            AdminClient.Reply back = service.admin().put("/admin/v1/namespaces/ns", LOG_TARGET);
            assertThat(back.status()).isEqualTo(201);
            assertThat(count(service, "ns", "accepted")).isZero();
        }
    }

    @Test
    void aDiscardedNamespaceDeliversNothingMoreAndCountsWhatItHadAsCancelled() {
        try (ForelogProcess service =
                ForelogProcess.in(directory).namespace("ns", LOG_TARGET).start()) {
            try (LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
                for (int n = 0; n < 7; n++) {
                    writer.writeOne(LoadWriter.request("ns", "unwanted", "", Duration.ofSeconds(6)));
                }
            }
            service.admin().delete("/admin/v1/namespaces/ns");
            Await.until(
                    "it retires",
                    LIMIT,
                    () -> "RETIRING".equals(namespace(service, "ns").getString("state")));
            assertThat(service.admin()
                            .delete("/admin/v1/namespaces/ns?discard=true&dry_run=true")
                            .body())
                    .contains("discard namespace ns: refuse writes, deliver nothing more");
            assertThat(service.admin()
                            .delete("/admin/v1/namespaces/ns?discard=true")
                            .status())
                    .isEqualTo(200);
            Await.until(
                    "it is gone",
                    LIMIT,
                    () -> service.admin().get("/admin/v1/namespaces/ns").status() == 404);
            assertThat(service.log()).containsPattern("counted as cancelled.*count=\"7\"");
            assertThat(service.admin().get("/metrics").body())
                    .containsPattern(
                            "forelog_settled_total\\{namespace=\"ns\",outcome=\"cancelled\",target=\"[a-z]+\"} 7");
            assertThat(service.admin()
                            .put("/admin/v1/namespaces/ns", LOG_TARGET)
                            .status())
                    .isEqualTo(201);
            assertThat(count(service, "ns", "accepted")).isZero();
            service.killAndRestart();
            Await.pause(Duration.ofSeconds(6));
            assertThat(service.log()).doesNotContain("PUT unwanted");
        }
    }

    @Test
    void aNodeThatLosesItsDirectoryServesOnAndSaysSo() throws IOException {
        try (ForelogProcess service =
                        ForelogProcess.in(directory).namespace("ns", LOG_TARGET).start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            Path documents = service.conf().resolve("namespaces");
            Files.move(documents, service.conf().resolve("lost"));
            Await.until(
                    "it is told",
                    LIMIT,
                    () -> namespace(service, "ns")
                            .getJsonArray("problems")
                            .encode()
                            .contains("its document is gone, which changes nothing"));
            writer.writeOne(LoadWriter.request("ns", "still here"));
            service.stop();
            service.start();
            writer.writeOne(LoadWriter.request("ns", "and here"));
            Await.until("both are delivered", LIMIT, () -> count(service, "ns", "delivered") == 2);
            Files.move(service.conf().resolve("lost"), documents);
            Await.until(
                    "all is well",
                    LIMIT,
                    () -> namespace(service, "ns").getJsonArray("problems").isEmpty());
        }
    }

    /** A target that is away is no reason for more nodes: what waits for it is told apart from what can be delivered. */
    @Test
    void tellsWhatIsBehindBecauseOfLoadApartFromWhatIsStopped() throws IOException {
        try (ForelogProcess service = ForelogProcess.in(directory)
                        .settings("network_capacity: 1GiB")
                        .namespace("ns", LOG_TARGET)
                        .start();
                LoadWriter writer = new LoadWriter(() -> service.ports().grpc())) {
            service.admin().post("/admin/v1/namespaces/ns:pause", new JsonObject());
            for (int i = 0; i < 5; i++) {
                writer.writeOne(LoadWriter.request("ns", "k" + i, "", Duration.ZERO));
            }
            writer.writeOne(LoadWriter.request("ns", "later", "", Duration.ofHours(1)));
            Await.until(
                    "the sample shows them",
                    LIMIT,
                    () -> consumer(service).getLong("stopped") == 5,
                    () -> String.valueOf(consumer(service)));
            assertThat(service.admin()
                            .get("/admin/v1/signals")
                            .json()
                            .getJsonObject("utilisation")
                            .getDouble("network"))
                    .isBetween(0.0, 1.0);
            assertThat(consumer(service).getLong("lag")).isZero();
            assertThat(consumer(service).getLong("scheduled")).isEqualTo(1);
            service.admin().post("/admin/v1/namespaces/ns:resume", new JsonObject());
            Await.until("nothing is behind", LIMIT, () -> consumer(service).getLong("stopped") == 0);
            assertThat(service.admin().get("/metrics").body())
                    .contains("forelog_role_lag{outcome=\"consumer\"}", "forelog_utilisation{outcome=\"cpu\"}");
        }
    }

    private static JsonObject consumer(ForelogProcess service) {
        return service.admin()
                .get("/admin/v1/signals")
                .json()
                .getJsonObject("roles")
                .getJsonObject("consumer");
    }
}

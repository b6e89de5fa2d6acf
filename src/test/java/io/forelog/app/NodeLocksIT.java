package io.forelog.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.access.ApiKeys;
import io.forelog.config.LocksConfig;
import io.forelog.config.LocksConfig.ConnectionsConfig;
import io.forelog.config.LocksConfig.IdentitiesConfig;
import io.forelog.config.LocksConfig.JwtConfig;
import io.forelog.config.LocksConfig.TlsConfig;
import io.forelog.model.Ticker;
import io.forelog.rig.Certificates;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Keys and certificates that come, go and break while a node runs. */
@Timeout(60)
class NodeLocksIT {
    @TempDir
    Path directory;

    private final Vertx vertx = Vertx.vertx();
    private final AtomicInteger handedOver = new AtomicInteger();
    private Certificates ours;
    private Path keys;

    @BeforeEach
    void issue() throws IOException {
        ours = new Certificates(directory, "ours").issue("node", "ip:127.0.0.1").issue("next", "ip:127.0.0.1");
        keys = directory.resolve("keys.json");
        Files.writeString(keys, "[" + ApiKeys.make("one", "one", "").line() + "]");
    }

    @AfterEach
    void close() {
        vertx.close().await();
    }

    private NodeLocks locks(@Nullable String jwks) {
        JwtConfig jwt = jwks == null ? null : new JwtConfig(jwks, "https://login.test", "forelog", "sub");
        return new NodeLocks(
                new LocksConfig(
                        new TlsConfig(ours.certificate("node"), ours.key("node"), null, "none"),
                        new IdentitiesConfig(keys, jwt, false, List.of(), List.of(), List.of()),
                        ConnectionsConfig.DEFAULT,
                        false),
                Ticker.anchored());
    }

    private void look(NodeLocks locks, Future<Void> answer) throws TimeoutException {
        locks.look(vertx, () -> {
                    handedOver.incrementAndGet();
                    return answer;
                })
                .await(30, TimeUnit.SECONDS);
    }

    private void replace(Path by, Path file) throws IOException {
        Files.copy(by, file, StandardCopyOption.REPLACE_EXISTING);
    }

    @Test
    void brokenKeysKeepNoCertificateFromBeingRenewed() throws Exception {
        NodeLocks locks = locks(null);
        Files.writeString(keys, "no keys");
        replace(ours.certificate("next"), ours.certificate("node"));
        replace(ours.key("next"), ours.key("node"));
        look(locks, Future.succeededFuture());
        assertThat(handedOver).hasValue(1);
        assertThat(locks.problem()).contains("identities.api_keys").doesNotContain("tls.");
    }

    @Test
    void aRenewedPairIsHandedOverUntilItIsTaken() throws Exception {
        NodeLocks locks = locks(null);
        replace(ours.certificate("next"), ours.certificate("node"));
        look(locks, Future.succeededFuture());
        assertThat(locks.problem()).contains("tls.key").contains("another certificate's key");
        assertThat(handedOver).as("half of a pair is none").hasValue(0);
        replace(ours.key("next"), ours.key("node"));
        look(locks, Future.failedFuture("not now"));
        assertThat(locks.problem()).contains("not now");
        look(locks, Future.failedFuture("not now"));
        assertThat(locks.problem()).contains("not now");
        look(locks, Future.succeededFuture());
        assertThat(locks.problem()).isEmpty();
        look(locks, Future.succeededFuture());
        assertThat(handedOver).hasValue(3);
    }

    @Test
    void aServerOfKeysThatStallsInItsAnswerHoldsUpNothingForLong() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            Thread answering = new Thread(() -> stall(server));
            answering.setDaemon(true);
            answering.start();
            NodeLocks locks = locks("http://127.0.0.1:" + server.getLocalPort() + "/jwks.json");
            assertThat(locks.problem()).contains("identities.jwt.keys").contains("no whole answer");
            replace(ours.certificate("next"), ours.certificate("node"));
            replace(ours.key("next"), ours.key("node"));
            look(locks, Future.succeededFuture());
            assertThat(handedOver).hasValue(1);
        }
    }

    private static void stall(ServerSocket server) {
        try {
            while (true) {
                Socket caller = server.accept();
                caller.getOutputStream()
                        .write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"keys"
                                .getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException e) {
            // the test is over
        }
    }

    @Test
    void aServerOfKeysThatIsAwayKeepsNoNodeFromStartingAndAFileThatIsMissingDoes() {
        NodeLocks locks = locks("http://127.0.0.1:1/jwks.json");
        assertThat(locks.problem()).contains("UNAVAILABLE").contains("identities.jwt.keys");
        assertThatThrownBy(() -> locks(directory.resolve("missing.json").toString()))
                .hasMessageContaining("identities.jwt.keys");
    }
}

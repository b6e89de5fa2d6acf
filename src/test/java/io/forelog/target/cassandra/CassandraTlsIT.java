package io.forelog.target.cassandra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.DriverException;
import io.forelog.model.Outcome;
import io.forelog.rig.Await;
import io.forelog.rig.backend.CassandraServer;
import io.forelog.target.Deliveries;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server with TLS, users and permissions. */
@Timeout(240)
class CassandraTlsIT {
    @TempDir
    static Path files;

    private static CassandraServer server;

    @TempDir
    Path data;

    @BeforeAll
    static void start() throws Exception {
        certificate("server", "ip:127.0.0.1");
        certificate("other", "ip:127.0.0.1");
        server = CassandraServer.start(
                Files.createDirectory(files.resolve("cassandra")), """
                authenticator: PasswordAuthenticator
                authorizer: CassandraAuthorizer
                client_encryption_options:
                  enabled: true
                  optional: true
                  keystore: "%s"
                  keystore_password: secret
                """.formatted(files.resolve("server.p12")));
        try (CqlSession root = Await.until(
                "the first user is there", Duration.ofSeconds(60), CassandraTlsIT::root, () -> "nobody may log in")) {
            root.execute(
                    "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
            root.execute("CREATE TABLE shop.items (k text PRIMARY KEY, v text)");
            root.execute("CREATE TABLE shop.others (k text PRIMARY KEY, v text)");
            root.execute("CREATE ROLE shop WITH PASSWORD = 'open sesame' AND LOGIN = true");
            root.execute("GRANT MODIFY ON shop.items TO shop");
        }
    }

    private static Optional<CqlSession> root() {
        try {
            return Optional.of(server.session()
                    .withAuthCredentials("cassandra", "cassandra")
                    .build());
        } catch (DriverException e) {
            return Optional.empty();
        }
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** Self-signed: {@code name.p12} and the PEM file {@code name.crt}. */
    private static void certificate(String name, String subject) throws Exception {
        Path store = files.resolve(name + ".p12");
        Process made = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "k",
                        "-keyalg",
                        "RSA",
                        "-dname",
                        "CN=" + name,
                        "-ext",
                        "san=" + subject,
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        "secret"))
                .redirectErrorStream(true)
                .redirectOutput(files.resolve(name + ".out").toFile())
                .start();
        assertThat(made.waitFor()).isZero();
        byte[] content = KeyStore.getInstance(store.toFile(), "secret".toCharArray())
                .getCertificate("k")
                .getEncoded();
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
        Files.writeString(
                files.resolve(name + ".crt"), "-----BEGIN CERTIFICATE-----\n" + text + "\n-----END CERTIFICATE-----\n");
    }

    private Outcome deliver(String password, Map<String, Object> more) throws Exception {
        Path secret = Files.writeString(data.resolve("secret"), password + "\n");
        Map<String, Object> config = new HashMap<>(Map.of(
                "contact_points",
                List.of(server.contactPoint()),
                "local_datacenter",
                CassandraServer.DATACENTER,
                "keyspace",
                "shop",
                "user",
                "shop",
                "password",
                "file:" + secret,
                "table",
                "items",
                "key_column",
                "k",
                "value_column",
                "v"));
        config.putAll(more);
        try (WriterRig rig = new WriterRig(data)) {
            rig.deploy("cassandra", config, new TargetSpec.Limit(2, 0, Duration.ofSeconds(10), 0));
            return rig.deliver(Deliveries.of(0, "k", "v"));
        }
    }

    private static String file(String name) {
        return files.resolve(name).toString();
    }

    @Test
    void aServerThatIsTrustedAndAPasswordByReferenceAreAllThatIsNeeded() throws Exception {
        assertThat(deliver("open sesame", Map.of("ca_file", file("server.crt"))))
                .isEqualTo(Outcome.applied());
        assertThat(deliver("open sesame", Map.of("ca_file", file("server.crt"), "tls", "verify-ca")))
                .isEqualTo(Outcome.applied());
        assertThat(deliver("open sesame", Map.of("tls", "require"))).isEqualTo(Outcome.applied());
    }

    @Test
    void anotherCertificateIsNotTrusted() throws Exception {
        for (String tls : List.of("verify-full", "verify-ca")) {
            assertThat(deliver("open sesame", Map.of("tls", tls, "ca_file", file("other.crt"))))
                    .isInstanceOf(Outcome.Retry.class);
        }
    }

    @Test
    void aFileWithoutCertificatesIsRefused() throws Exception {
        Path empty = Files.writeString(data.resolve("empty.pem"), "nothing\n");
        assertThatThrownBy(() -> deliver("open sesame", Map.of("ca_file", empty.toString())))
                .hasMessageContaining("ca_file");
        assertThatThrownBy(() -> deliver("open sesame", Map.of("tls", "verify-ca")))
                .hasMessageContaining("without ca_file");
    }

    @Test
    void aWrongPasswordAndAMissingPermissionAreErrorsOfTheRoute() throws Exception {
        assertThat(deliver("open barley", Map.of("tls", "require")))
                .isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
                    assertThat(rejected.storm()).isTrue();
                    assertThat(rejected.text())
                            .contains("Authentication", "shop")
                            .doesNotContain("barley");
                });
        assertThat(deliver("open sesame", Map.of("table", "others")))
                .isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
                    assertThat(rejected.storm()).isTrue();
                    assertThat(rejected.text()).contains("Unauthorized", "MODIFY", "shop.others");
                });
    }
}

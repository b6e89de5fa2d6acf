package io.forelog.target.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Outcome;
import io.forelog.rig.Await;
import io.forelog.rig.backend.PostgresServer;
import io.forelog.target.Deliveries;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that takes the user {@code shop} with TLS and a password only. */
@Timeout(180)
class PostgresTlsIT {
    private static final String HBA =
            "host all postgres 127.0.0.1/32 trust\nhostssl all shop 127.0.0.1/32 scram-sha-256\n";

    private static Path keys;
    private static PostgresServer server;

    @TempDir
    Path data;

    @BeforeAll
    static void start() throws Exception {
        keys = Files.createTempDirectory("forelog-postgres-tls-");
        Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString("rwxr-xr-x"));
        certificate("server", "ip:127.0.0.1");
        certificate("named", "dns:db.example.org");
        certificate("other", "ip:127.0.0.1");
        owned(Files.writeString(keys.resolve("hba.conf"), HBA));
        server = PostgresServer.create(List.of(
                "ssl=on",
                "ssl_cert_file=" + keys.resolve("server.crt"),
                "ssl_key_file=" + keys.resolve("server.key"),
                "hba_file=" + keys.resolve("hba.conf")));
        Vertx vertx = Vertx.vertx();
        PgConnection direct = Await.result(PgConnection.connect(vertx, server.uri()));
        Await.result(
                direct.query("CREATE ROLE shop LOGIN PASSWORD 'open sesame'").execute());
        Await.result(
                direct.query("CREATE TABLE items (k text PRIMARY KEY, v text)").execute());
        Await.result(direct.query("GRANT ALL ON items TO shop").execute());
        Await.result(vertx.close());
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
        try (Stream<Path> files = Files.list(keys)) {
            files.map(Path::toFile).forEach(file -> assertThat(file.delete()).isTrue());
        }
        Files.delete(keys);
    }

    /** Self-signed; the PEM files {@code name.crt} and {@code name.key}. */
    private static void certificate(String name, String subject) throws Exception {
        Path store = keys.resolve(name + ".p12");
        Process made = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "k",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=" + name,
                        "-ext",
                        "san=" + subject,
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        "secret")
                .redirectErrorStream(true)
                .redirectOutput(keys.resolve(name + ".out").toFile())
                .start();
        assertThat(made.waitFor()).isZero();
        char[] password = "secret".toCharArray();
        KeyStore loaded = KeyStore.getInstance(store.toFile(), password);
        pem(name + ".crt", "CERTIFICATE", loaded.getCertificate("k").getEncoded());
        pem(name + ".key", "PRIVATE KEY", loaded.getKey("k", password).getEncoded());
    }

    private static void pem(String file, String kind, byte[] content) throws Exception {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
        Path written = Files.writeString(
                keys.resolve(file), "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n");
        Files.setPosixFilePermissions(written, PosixFilePermissions.fromString("rw-------"));
        owned(written);
    }

    /** The server runs as nobody where the test runs as root. */
    private static void owned(Path file) throws Exception {
        if ("root".equals(System.getProperty("user.name"))) {
            Files.setOwner(
                    file, file.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
        }
    }

    private Outcome deliver(String password, Map<String, Object> more) throws Exception {
        Path secret = Files.writeString(data.resolve("secret"), password + "\n");
        Map<String, Object> config = new HashMap<>(Map.of(
                "host",
                "127.0.0.1",
                "port",
                server.port(),
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
            rig.deploy("postgres", config, new TargetSpec.Limit(2, 0, Duration.ofSeconds(10), 0));
            return rig.deliver(Deliveries.of(0, "k", "v"));
        }
    }

    private static String file(String name) {
        return keys.resolve(name).toString();
    }

    @Test
    void aServerThatIsTrustedAndAPasswordByReferenceAreAllThatIsNeeded() throws Exception {
        assertThat(deliver("open sesame", Map.of("ca_file", file("server.crt"))))
                .isEqualTo(Outcome.applied());
        assertThat(deliver("open sesame", Map.of("tls", "verify-ca", "ca_file", file("server.crt"))))
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
    void aWrongPasswordAndNoTlsAreErrorsOfTheRoute() throws Exception {
        assertThat(deliver("open barley", Map.of("tls", "require")))
                .isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
                    assertThat(rejected.storm()).isTrue();
                    assertThat(rejected.text()).contains("28P01", "shop").doesNotContain("barley");
                });
        assertThat(deliver("open sesame", Map.of("tls", "off")))
                .isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
                    assertThat(rejected.storm()).isTrue();
                    assertThat(rejected.text()).contains("28000", "no encryption");
                });
    }

    @Test
    void fullVerificationWantsTheServersName() throws Exception {
        try (PostgresServer named = PostgresServer.create(
                List.of("ssl=on", "ssl_cert_file=" + file("named.crt"), "ssl_key_file=" + file("named.key")))) {
            Map<String, Object> as = Map.of("port", named.port(), "user", "postgres", "ca_file", file("named.crt"));
            assertThat(deliver("", as)).isInstanceOf(Outcome.Retry.class);
            Map<String, Object> less = new HashMap<>(as);
            less.put("tls", "verify-ca");
            assertThat(deliver("", less))
                    .isInstanceOfSatisfying(
                            Outcome.Rejected.class, // there, and without a table
                            rejected -> assertThat(rejected.text()).contains("42P01"));
        }
    }
}

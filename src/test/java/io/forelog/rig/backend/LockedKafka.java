package io.forelog.rig.backend;

import io.forelog.rig.Certificates;
import io.forelog.rig.Ports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;

/**
 * A real Kafka of one node that lets {@value #USER} in by SCRAM over TLS, on a listener beside the rig's plain one. Used by one test
 * thread.
 */
public final class LockedKafka implements AutoCloseable {
    public static final String USER = "forelog";

    private final KafkaCluster cluster;
    private final Certificates certificates;
    private final int port;

    private LockedKafka(KafkaCluster cluster, Certificates certificates, int port) {
        this.cluster = cluster;
        this.certificates = certificates;
        this.port = port;
    }

    /** Ends when {@value #USER} may come in with {@code password}. */
    public static LockedKafka start(Path directory, String password) throws IOException {
        Certificates certificates = new Certificates(Files.createDirectories(directory.resolve("keys")), "ca")
                .issue("kafka", "ip:127.0.0.1");
        Path shown = directory.resolve("keys/kafka.pem");
        Files.writeString(
                shown,
                Files.readString(certificates.key("kafka")) + Files.readString(certificates.certificate("kafka")));
        int port = Ports.free();
        KafkaCluster cluster = KafkaCluster.start(1, directory.resolve("kafka"), settings(port, shown));
        try {
            ScramCredentialInfo info = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4_096);
            try (Admin admin = cluster.admin()) {
                admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(USER, info, password)))
                        .all()
                        .get(20, TimeUnit.SECONDS);
            }
            return new LockedKafka(cluster, certificates, port);
        } catch (ExecutionException | TimeoutException e) {
            cluster.close();
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static Map<String, String> settings(int port, Path shown) {
        return Map.of(
                "listeners",
                "PLAINTEXT://127.0.0.1:@port@,CONTROLLER://127.0.0.1:@controller-port@,LOCKED://127.0.0.1:" + port,
                "advertised.listeners",
                "PLAINTEXT://127.0.0.1:@port@,LOCKED://127.0.0.1:" + port,
                "listener.security.protocol.map",
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOCKED:SASL_SSL",
                "listener.name.locked.sasl.enabled.mechanisms",
                "SCRAM-SHA-512",
                "listener.name.locked.scram-sha-512.sasl.jaas.config",
                "org.apache.kafka.common.security.scram.ScramLoginModule required;",
                "listener.name.locked.ssl.keystore.type",
                "PEM",
                "listener.name.locked.ssl.keystore.location",
                shown.toString());
    }

    /** The rig's own way in, which asks for nothing. */
    public KafkaCluster plain() {
        return cluster;
    }

    /** What a client needs to come in by the locked one, but for its password. */
    public Map<String, String> client() {
        return Map.of(
                "security.protocol",
                "SASL_SSL",
                "sasl.mechanism",
                "SCRAM-SHA-512",
                "ssl.truststore.type",
                "PEM",
                "ssl.truststore.location",
                certificates.authority().toString());
    }

    public String address() {
        return "127.0.0.1:" + port;
    }

    /** The value of {@code sasl.jaas.config}. */
    public static String logIn(String password) {
        return "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + USER + "\" password=\""
                + password + "\";";
    }

    @Override
    public void close() {
        cluster.close();
    }
}

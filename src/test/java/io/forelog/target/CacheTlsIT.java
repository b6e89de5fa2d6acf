package io.forelog.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Outcome;
import io.forelog.rig.Certificates;
import io.forelog.rig.Ports;
import io.forelog.rig.backend.CacheServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Caches with TLS, beside a plain port that tells what they hold. */
@Timeout(120)
class CacheTlsIT {
    @TempDir
    Path data;

    private Certificates own;
    private Certificates other;

    @BeforeEach
    void certificates() {
        own = new Certificates(data, "own").issue("cache", "ip:127.0.0.1").issue("elsewhere", "dns:elsewhere.test");
        other = new Certificates(data, "other");
    }

    private CacheServer redis(int port, String certificate) throws IOException {
        return CacheServer.redis(
                Files.createTempDirectory(data, "redis"),
                "--tls-port",
                Integer.toString(port),
                "--tls-cert-file",
                own.certificate(certificate).toString(),
                "--tls-key-file",
                own.key(certificate).toString(),
                "--tls-ca-cert-file",
                own.authority().toString(),
                "--tls-auth-clients",
                "no");
    }

    private CacheServer memcached(int port, String certificate) throws IOException {
        return CacheServer.memcached(
                Files.createTempDirectory(data, "memcached"),
                "-Z",
                "-l",
                "127.0.0.1:" + port,
                "-o",
                "ssl_chain_cert=" + own.certificate(certificate) + ",ssl_key=" + own.key(certificate));
    }

    private Outcome deliver(String type, Map<String, Object> config, Path authority) throws IOException {
        Map<String, Object> all = new HashMap<>(config);
        all.put("tls", true);
        all.put("ca_file", authority.toString());
        try (WriterRig rig = new WriterRig(Files.createTempDirectory(data, "writer"))) {
            rig.deploy(type, all, new TargetSpec.Limit(2, 0, Duration.ofSeconds(5), 0));
            return rig.deliver(Deliveries.of(0, "k", "over TLS"));
        }
    }

    /** The line of that number, from 1, by the plain port. */
    private static String line(int number, CacheServer server, String command) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
            BufferedReader reader =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            String line = "";
            for (int read = 0; read < number; read++) {
                line = reader.readLine();
            }
            return line;
        }
    }

    /** Applied with the authority that signed it; nothing is sent to one that another signed, or that is another's. */
    private void onlyWhomTheAuthorityNames(
            String type, Map<String, Object> config, Map<String, Object> ofElsewhere, CacheServer server)
            throws IOException {
        assertThat(deliver(type, config, own.authority())).isEqualTo(Outcome.applied());
        assertThat(line(2, server, "get k")).isEqualTo("over TLS");
        assertThat(deliver(type, config, other.authority())).isInstanceOf(Outcome.Retry.class);
        assertThat(deliver(type, ofElsewhere, own.authority())).isInstanceOf(Outcome.Retry.class);
    }

    @Test
    void redisIsWrittenOverTls() throws Exception {
        Assumptions.assumeTrue(CacheServer.isInstalled("redis-server"));
        List<Integer> ports = Ports.free(2);
        try (CacheServer server = redis(ports.get(0), "cache");
                CacheServer stranger = redis(ports.get(1), "elsewhere")) {
            onlyWhomTheAuthorityNames(
                    "redis",
                    Map.of("address", "127.0.0.1:" + ports.get(0)),
                    Map.of("address", "127.0.0.1:" + ports.get(1)),
                    server);
            assertThat(line(1, stranger, "get k"))
                    .as("nothing, in Redis's words")
                    .isEqualTo("$-1");
        }
    }

    @Test
    void memcachedAndTheGroupsOfEvcacheAreWrittenOverTls() throws Exception {
        Assumptions.assumeTrue(CacheServer.isInstalled("memcached"));
        List<Integer> ports = Ports.free(2);
        String right = "127.0.0.1:" + ports.get(0);
        String wrong = "127.0.0.1:" + ports.get(1);
        try (CacheServer server = memcached(ports.get(0), "cache");
                CacheServer stranger = memcached(ports.get(1), "elsewhere")) {
            onlyWhomTheAuthorityNames(
                    "memcached", Map.of("nodes", List.of(right)), Map.of("nodes", List.of(wrong)), server);
            onlyWhomTheAuthorityNames(
                    "evcache", Map.of("groups", Map.of("a", right)), Map.of("groups", Map.of("a", wrong)), server);
            assertThat(line(1, stranger, "get k")).as("nothing").isEqualTo("END");
        }
    }
}

package io.forelog.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.rig.Certificates;
import io.forelog.rig.Ports;
import io.forelog.rig.backend.CacheServer;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Caches and an HTTP server with TLS; the caches have a plain port beside it, that tells what they hold. */
@Timeout(120)
class TargetTlsIT {
    @TempDir
    static Path data;

    private static Certificates own;
    private static Certificates other;

    @BeforeAll
    static void certificates() {
        own = new Certificates(data, "own")
                .issue("here", "ip:127.0.0.1")
                .issue("elsewhere", "dns:elsewhere.test")
                .issue("ended", "ip:127.0.0.1", -2);
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
            String type, Map<String, Object> with, Map<String, Object> withElsewhere, CacheServer server)
            throws IOException {
        Map<String, Object> config = new HashMap<>(with);
        config.put("tls", true);
        Map<String, Object> ofElsewhere = new HashMap<>(withElsewhere);
        ofElsewhere.put("tls", true);
        assertThat(deliver(type, config, own.authority())).isEqualTo(Outcome.applied());
        assertThat(line(2, server, "get k")).isEqualTo("over TLS");
        assertRefused(deliver(type, config, other.authority()), "valid certification path");
        assertRefused(deliver(type, ofElsewhere, own.authority()), "127.0.0.1");
    }

    @Test
    void redisIsWrittenOverTls() throws Exception {
        Assumptions.assumeTrue(CacheServer.isInstalled("redis-server"));
        List<Integer> ports = Ports.free(2);
        try (CacheServer server = redis(ports.get(0), "here");
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
        try (CacheServer server = memcached(ports.get(0), "here");
                CacheServer stranger = memcached(ports.get(1), "elsewhere")) {
            onlyWhomTheAuthorityNames(
                    "memcached", Map.of("nodes", List.of(right)), Map.of("nodes", List.of(wrong)), server);
            onlyWhomTheAuthorityNames(
                    "evcache", Map.of("groups", Map.of("a", right)), Map.of("groups", Map.of("a", wrong)), server);
            assertThat(line(1, stranger, "get k")).as("nothing").isEqualTo("END");
        }
    }

    /** The authority of {@code ca_file} alone is believed, for whom it names and as long as it says; nothing is sent to others. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anHttpServerIsBelievedByItsAuthorityItsNameAndItsTime(boolean http2) throws Exception {
        Vertx vertx = Vertx.vertx();
        List<String> bodies = Collections.synchronizedList(new ArrayList<>());
        try {
            String here = https(vertx, "here", bodies);
            assertThat(http(here, own.authority(), http2)).isEqualTo(Outcome.applied());
            assertThat(bodies).containsExactly("over TLS");
            assertRefused(http(here, other.authority(), http2), "valid certification path");
            assertRefused(http(https(vertx, "elsewhere", bodies), own.authority(), http2), "127.0.0.1");
            assertRefused(http(https(vertx, "ended", bodies), own.authority(), http2), "NotAfter");
            assertThat(bodies).hasSize(1);
        } finally {
            WriterRig.await(vertx.close());
        }
    }

    private static void assertRefused(Outcome outcome, String why) {
        assertThat(outcome).isInstanceOfSatisfying(Outcome.Retry.class, retry -> {
            assertThat(retry.code()).isEqualTo(ErrorCode.TARGET_UNAVAILABLE);
            assertThat(retry.text()).contains("SSL", why);
        });
    }

    private Outcome http(String url, Path authority, boolean http2) throws IOException {
        return deliver("http", Map.of("url", url, "http2", http2), authority);
    }

    /** Answers where it listens. */
    private static String https(Vertx vertx, String certificate, List<String> bodies) {
        HttpServer server = vertx.createHttpServer(new HttpServerOptions()
                        .setSsl(true)
                        .setUseAlpn(true)
                        .setKeyCertOptions(new PemKeyCertOptions()
                                .setCertPath(own.certificate(certificate).toString())
                                .setKeyPath(own.key(certificate).toString())))
                .requestHandler(request -> request.body().onSuccess(body -> {
                    bodies.add(body.toString());
                    request.response().end();
                }));
        return "https://127.0.0.1:"
                + WriterRig.await(server.listen(0, "127.0.0.1")).actualPort() + "/";
    }
}

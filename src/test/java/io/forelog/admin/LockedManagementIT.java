package io.forelog.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.access.Identity;
import io.forelog.access.Locks;
import io.forelog.access.NamespaceRights;
import io.forelog.config.LocksConfig.ConnectionsConfig;
import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import io.forelog.observe.MetricNames;
import io.forelog.observe.Metrics;
import io.forelog.queue.InMemoryQueue;
import io.forelog.queue.MediumHealth;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the management port does for callers whom it does not know, or who have no right. An API key is its own principal here. */
@Timeout(60)
class LockedManagementIT {
    @TempDir
    private Path data;

    private final Vertx vertx = Vertx.vertx();
    private final Ticker ticker = Ticker.anchored();
    private final FakeNode node = new FakeNode();
    private final Metrics metrics = new Metrics(true);
    private int port;

    @BeforeEach
    void listen() throws Exception {
        node.serve("ns", new InMemoryQueue(InMemoryQueue.spec("ns", 1), ticker), List.of("team"), 1);
        node.serve("other", new InMemoryQueue(InMemoryQueue.spec("other", 1), ticker), List.of("others"), 1);
        Locks locks = new Locks(
                (headers, connection) -> {
                    String key = headers.get("X-Api-Key");
                    if (key == null) {
                        throw new WalException(ErrorCode.UNAUTHENTICATED, "no credential");
                    }
                    return new Identity(key);
                },
                NamespaceRights.proved(List.of("root"), List.of("scraper")),
                null,
                new ConnectionsConfig(1_000, 1_000, Duration.ofSeconds(1)));
        AdminServer server = new AdminServer(
                "127.0.0.1",
                0,
                node,
                metrics,
                new AuditLog(vertx, data, ticker),
                Rights.of(locks, node),
                locks,
                ticker);
        vertx.deployVerticle(server).await();
        port = server.port().await();
    }

    @AfterEach
    void close() {
        vertx.close().await();
        metrics.close();
    }

    private Socket send(String request) throws IOException {
        Socket socket = new Socket("127.0.0.1", port);
        socket.setSoTimeout(10_000);
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private static String request(String line, String key) {
        return line + " HTTP/1.1\r\nHost: x\r\n" + (key.isEmpty() ? "" : "X-Api-Key: " + key + "\r\n");
    }

    /** The whole answer. */
    private String get(String uri, String key) throws IOException {
        try (Socket socket = send(request("GET " + uri, key) + "Connection: close\r\n\r\n")) {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private JsonObject json(String uri, String key) throws IOException {
        String answer = get(uri, key);
        assertThat(answer).as(uri).startsWith("HTTP/1.1 200");
        return new JsonObject(answer.substring(answer.indexOf("\r\n\r\n") + 4));
    }

    @Test
    void aRequestThatNamesAHostIsSentToNobody() throws IOException {
        node.homes.put("ns", new NodeServices.Home("node-2", "127.0.0.1:1"));
        try (ServerSocket elsewhere = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            elsewhere.setSoTimeout(500);
            String host = "127.0.0.1:" + elsewhere.getLocalPort();
            for (String uri : List.of(
                    "@" + host + "/?at=://x/admin/v1/namespaces/ns/audit",
                    "http://" + host + "/admin/v1/namespaces/ns/audit",
                    "//" + host + "/admin/v1/namespaces/ns/audit")) {
                Socket asking = send(request("GET " + uri, "root") + "Connection: close\r\n\r\n");
                assertThat(isReached(elsewhere)).as(uri).isFalse();
                assertThat(new String(asking.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                        .as(uri)
                        .startsWith("HTTP/1.1 400");
                asking.close();
            }
        }
    }

    private static boolean isReached(ServerSocket server) throws IOException {
        try (Socket caller = server.accept()) {
            return caller.isConnected();
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    @Test
    void metricsNameNoNamespaceThatTheirReaderMayNotLookAt() throws IOException {
        for (String namespace : List.of("ns", "other", "gone")) {
            metrics.registry()
                    .counter(MetricNames.WRITES, MetricNames.NAMESPACE, namespace, MetricNames.OUTCOME, "true")
                    .increment();
        }
        assertThat(get("/metrics", "")).startsWith("HTTP/1.1 401");
        assertThat(get("/metrics", "team"))
                .startsWith("HTTP/1.1 200")
                .contains("namespace=\"ns\"", "jvm_")
                .doesNotContain("other", "gone");
        assertThat(get("/metrics", "stranger"))
                .startsWith("HTTP/1.1 200")
                .contains("jvm_")
                .doesNotContain("namespace=");
        for (String reader : List.of("root", "scraper")) {
            assertThat(get("/metrics", reader))
                    .contains("namespace=\"ns\"", "namespace=\"other\"", "namespace=\"gone\"");
        }
        assertThat(get("/admin/v1/namespaces/ns/dead-letters", "scraper")).startsWith("HTTP/1.1 403");
        assertThat(get("/admin/v1/namespaces", "scraper")).doesNotContain("other");
    }

    @Test
    void whoIsNobodyTakesNoPlaceAndNoMemory() throws IOException {
        List<Socket> flood = new ArrayList<>();
        for (int n = 0; n < 100; n++) {
            flood.add(send(request("PUT /admin/v1/namespaces/ns", "") + "Content-Length: 4000000\r\n\r\nx"));
        }
        for (Socket each : flood) {
            assertThat(new String(each.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 401");
            each.close();
        }
        assertThat(json("/admin/v1/cluster", "root").getJsonArray("nodes")).hasSize(1);
    }

    @Test
    void aBodyThatDoesNotComeToAnEndIsGivenUpWithItsConnection() throws IOException {
        List<Socket> slow = new ArrayList<>();
        for (int n = 0; n < 64; n++) {
            slow.add(send(request("PUT /admin/v1/namespaces/ns", "team") + "Content-Length: 4000000\r\n\r\nx"));
        }
        for (Socket each : slow) {
            each.setSoTimeout(5_000);
            assertThat(each.getInputStream().readAllBytes()).isNotNull();
            each.close();
        }
        assertThat(json("/admin/v1/cluster", "root").getJsonArray("nodes")).hasSize(1);
    }

    @Test
    void namespacesAreShownToThoseWhoMayLook() throws IOException {
        node.load = new NodeLoad(
                1,
                NodeLoad.NONE.machine(),
                0,
                NodeLoad.NONE.producing(),
                new NodeLoad.Consuming(1, 2, 3, 4, "other", "t1"));
        for (String path : List.of("/admin/v1/namespaces", "/admin/v1/cluster", "/admin/v1/signals", "/health/ready")) {
            assertThat(json(path, "team").encode()).as(path).doesNotContain("\"other\"");
            assertThat(json(path, "root").encode()).as(path).contains("\"other\"");
        }
        node.health = List.of(
                new MediumHealth("shared", MediumHealth.State.SERVING, "", List.of("ns"), 1),
                new MediumHealth("own/other", MediumHealth.State.CORRUPT, "gone", List.of("other"), 1));
        assertThat(json("/health/ready", "root").encode()).contains("own/other is CORRUPT");
        assertThat(json("/health/ready", "team").encode())
                .doesNotContain("other")
                .contains("DEGRADED");
        assertThat(json("/admin/v1/namespaces", "team").encode()).contains("\"ns\"");
        assertThat(json("/admin/v1/namespaces", "stranger").getJsonArray("namespaces"))
                .isEmpty();
    }

    @Test
    void nobodyIsToldMoreThanWhetherTheNodeIsReady() throws IOException {
        assertThat(json("/health/ready", "").fieldNames()).containsExactlyInAnyOrder("status", "phase");
        assertThat(json("/health/ready", "team").fieldNames()).contains("reasons", "databases", "namespaces");
        assertThat(json("/health/ready", "").getString("status"))
                .isEqualTo(json("/health/ready", "root").getString("status"));
    }
}

package io.forelog.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.access.ApiKeys;
import io.forelog.rig.AdminClient;
import io.forelog.rig.AdminClient.Credential;
import io.forelog.rig.Await;
import io.forelog.rig.Certificates;
import io.forelog.rig.Fleet;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.ScriptedReceiver;
import io.forelog.rig.backend.PostgresServer;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes that talk by mutual TLS alone, to their callers and to each other. */
@Timeout(240)
class LockedFleetIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String WRITER = "spiffe://test/writer";
    private static final String NS = "/admin/v1/namespaces/ns";
    private static final String OPS = "spiffe://test/ops";
    private static final String NODE = "ip:127.0.0.1,uri:spiffe://test/node";

    @TempDir
    Path directory;

    private Certificates ours;
    private ApiKeys.Made root;
    private Credential writer;
    private Credential ops;
    private Credential nobody;

    @BeforeEach
    void issue() throws IOException {
        ours = new Certificates(directory, "ours")
                .issue("node", NODE)
                .issue("writer", "uri:" + WRITER)
                .issue("ops", "uri:" + OPS)
                .issue("lead", "uri:spiffe://test/lead")
                .issue("nobody", "uri:spiffe://test/nobody");
        root = ApiKeys.make("root", "root", "");
        Files.writeString(directory.resolve("keys.json"), "[" + root.line() + "]");
        writer = Credential.of(ours.context("writer"), Map.of());
        ops = Credential.of(ours.context("ops"), Map.of());
        nobody = Credential.of(ours.context("nobody"), Map.of());
    }

    private String settings() {
        return "tls: {certificate: '" + ours.certificate("node") + "', key: '" + ours.key("node") + "', client_ca: '"
                + ours.authority() + "', client_auth: request}\n"
                + "identities: {api_keys: '" + directory.resolve("keys.json")
                + "', certificates: true, admins: [root, '" + OPS + "'], nodes: ['spiffe://test/node']}\n";
    }

    private static String document(String url) {
        return "targets: [{name: hook, type: http, default: true, config: {url: '" + url + "'}}]\n"
                + "access: {write: ['" + WRITER + "'], read: [root], admin: ['spiffe://test/lead']}\n";
    }

    private static String owner(ForelogProcess node) {
        return node.admin().get("/admin/v1/cluster").json().getJsonArray("nodes").stream()
                .map(JsonObject.class::cast)
                .filter(each -> each.getJsonArray("namespaces").contains("ns"))
                .map(each -> each.getString("name"))
                .findFirst()
                .orElse("");
    }

    private static AdminClient.Reply write(ForelogProcess node, Credential as, String text) {
        return new AdminClient(() -> node.ports().http(), as)
                .send("POST", "/v1/namespaces/ns/entries", text, "text/plain");
    }

    private static void allAreTrue(ForelogProcess through, Credential as, String prefix) {
        for (int n = 0; n < 50; n++) {
            String text = prefix + n;
            Await.until(text + " is TRUE", LIMIT, () -> write(through, as, text).status() == 201, through::logTail);
        }
    }

    /** The serial number of the certificate that is shown on a port; empty where no connection comes about. */
    private static Optional<BigInteger> opens(int port, SSLContext context) {
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
            socket.setSoTimeout(1_500);
            socket.startHandshake();
            BigInteger shown = ((X509Certificate) socket.getSession().getPeerCertificates()[0]).getSerialNumber();
            // With TLS 1.3 the server says only now what it thinks of the client's certificate: an alert, which fails.
            awaitAnswer(socket);
            return Optional.of(shown);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static void awaitAnswer(Socket socket) throws IOException {
        try {
            socket.getInputStream().read();
        } catch (java.net.SocketTimeoutException e) {
            // it waits for more
        }
    }

    private static boolean answersPlainText(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 2_000);
            socket.setSoTimeout(2_000);
            socket.getOutputStream()
                    .write("GET /admin/v1/cluster HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII)
                    .startsWith("HTTP/1.1 2");
        } catch (IOException e) {
            return false;
        }
    }

    private void rotate() throws IOException {
        ours.issue("next", NODE);
        for (Map.Entry<Path, Path> each : Map.of(
                        ours.certificate("next"), ours.certificate("node"), ours.key("next"), ours.key("node"))
                .entrySet()) {
            Files.copy(each.getKey(), each.getValue(), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    @Test
    void nodesAndCallersProveWhoTheyAreOnEveryPortAndCertificatesAreRenewedInPlace() throws IOException {
        try (ScriptedReceiver receiver = new ScriptedReceiver();
                PostgresServer server = PostgresServer.create();
                Fleet fleet = new Fleet(
                        directory,
                        server.uri(),
                        2,
                        settings(),
                        Credential.of(ours.context("nobody"), Map.of("X-Api-Key", root.secret())))) {
            fleet.start("a");
            fleet.start("b");
            fleet.apply("ns", document(receiver.url()));
            Await.until("it has an owner", LIMIT, () -> !owner(fleet.get("a")).isEmpty());
            String owner = owner(fleet.get("a"));
            ForelogProcess other = fleet.get(owner.equals("a") ? "b" : "a");
            allAreTrue(other, writer, "first ");
            assertThat(write(other, nobody, "x").status()).isEqualTo(403);

            theManagementPortKnowsWhoAsks(other);
            secretsOfTheNodeAreItsAdministratorsToName(other, document(receiver.url()));
            strangersOpenNoInnerPort(fleet);

            BigInteger before =
                    opens(fleet.innerPorts().get(1), ours.context("node")).orElseThrow();
            rotate();
            for (int port : fleet.innerPorts()) {
                Await.until(
                        "the new certificate is shown on " + port,
                        LIMIT,
                        () -> opens(port, ours.context("node"))
                                .filter(shown -> !shown.equals(before))
                                .isPresent());
            }
            other.killAndRestart();
            allAreTrue(other, writer, "second ");
            Await.until("all came", LIMIT, () -> receiver.entryIds().size() >= 100, fleet::logTails);
        }
    }

    private void theManagementPortKnowsWhoAsks(ForelogProcess node) {
        assertThat(node.admin(nobody).get("/health/ready").status()).isEqualTo(200);
        Credential anonymous = new Credential(
                "https",
                java.net.http.HttpClient.newBuilder()
                        .sslContext(ours.trusting())
                        .build(),
                Map.of());
        for (String path : List.of("/metrics", "/admin/v1/cluster", "/admin/v1/namespaces")) {
            assertThat(node.admin(anonymous).get(path).status()).as(path).isEqualTo(401);
        }
        assertThat(node.admin(writer)
                        .post("/admin/v1/namespaces/ns:pause", new JsonObject())
                        .status())
                .isEqualTo(403);
        // Answered by the node where the entries lie, which is told for whom.
        Await.until(
                "it is answered",
                LIMIT,
                () -> node.admin(ops).get("/admin/v1/namespaces/ns/audit").status() == 200,
                () -> String.valueOf(node.admin(ops).get("/admin/v1/namespaces/ns/audit")));
        assertThat(node.admin(writer).get("/admin/v1/namespaces/ns/audit").status())
                .isEqualTo(403);
        Credential liar = Credential.of(ours.context("writer"), Map.of("Forelog-On-Behalf-Of", OPS));
        assertThat(node.admin(liar).get("/admin/v1/namespaces/ns/audit").status())
                .isEqualTo(401);
        assertThat(answersPlainText(node.ports().management())).isFalse();
    }

    private void secretsOfTheNodeAreItsAdministratorsToName(ForelogProcess node, String document) {
        String refers = document.replace("config: {", "config: {authorization: 'file:" + ours.key("node") + "', ");
        Credential lead = Credential.of(ours.context("lead"), Map.of());
        AdminClient.Reply refused = node.admin(lead).send("PUT", NS, refers, "application/yaml");
        assertThat(refused.status()).as(refused.body()).isEqualTo(403);
        assertThat(refused.body()).contains("may not refer to");
        for (String text : List.of(refers, document)) {
            assertThat(node.admin(ops).send("PUT", NS, text, "application/yaml").status())
                    .isEqualTo(200);
            assertThat(node.admin(lead)
                            .send("PUT", NS, text, "application/yaml")
                            .status())
                    .isEqualTo(200);
        }
        assertThat(node.admin(lead)
                        .post(NS + ":rollback", new JsonObject().put("to", 2))
                        .status())
                .isEqualTo(403);
    }

    private void strangersOpenNoInnerPort(Fleet fleet) {
        Certificates stranger = new Certificates(directory, "theirs").issue("stranger", NODE);
        for (int port : fleet.innerPorts()) {
            assertThat(opens(port, ours.context("node")))
                    .as("a node, on " + port)
                    .isPresent();
            assertThat(opens(port, ours.trusting())).as("nobody, on " + port).isEmpty();
            assertThat(opens(port, ours.showing(stranger, "stranger")))
                    .as("a stranger, on " + port)
                    .isEmpty();
            assertThat(opens(port, ours.context("writer")))
                    .as("a caller of the same authority, on " + port)
                    .isEmpty();
            assertThat(answersPlainText(port)).isFalse();
        }
    }
}

package io.forelog.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import io.forelog.access.Admission;
import io.forelog.access.ApiKeys;
import io.forelog.access.Credentials;
import io.forelog.access.Locks;
import io.forelog.access.NamespaceRights;
import io.forelog.access.TlsFiles;
import io.forelog.config.LocksConfig.ConnectionsConfig;
import io.forelog.config.LocksConfig.IdentitiesConfig;
import io.forelog.config.LocksConfig.JwtConfig;
import io.forelog.config.LocksConfig.TlsConfig;
import io.forelog.config.Namespace;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.model.Pem;
import io.forelog.model.Ticker;
import io.forelog.rig.Certificates;
import io.forelog.wire.v1.WriteAheadLogGrpcClient;
import io.forelog.wire.v1.WriteToLogRequest;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who gets in on a locked edge, and who does not. */
@Timeout(120)
class LockedEdgeIT {
    private static final String WRITER = "spiffe://test/writer";

    @TempDir
    Path directory;

    private Certificates ours;
    private ApiKeys.Made billing;
    private ApiKeys.Made root;
    private TlsFiles tls;
    private RSAKey signing;
    private Path jwks;
    private JwtConfig jwt;
    private EdgeFixture fixture;

    @BeforeEach
    void lock() throws IOException, JOSEException {
        ours = new Certificates(directory, "ours")
                .issue("node", "ip:127.0.0.1")
                .issue("writer", "uri:" + WRITER)
                .issue("other", "uri:spiffe://test/other")
                .issue("gone", "uri:" + WRITER, -3);
        billing = ApiKeys.make("billing", "billing", "");
        root = ApiKeys.make("root", "root", "");
        Path keys = Files.writeString(directory.resolve("keys.json"), "[" + billing.line() + "," + root.line() + "]");
        signing = new RSAKeyGenerator(2048).keyID("one").generate();
        jwks = Files.writeString(
                directory.resolve("jwks.json"),
                new JWKSet(signing).toPublicJWKSet().toString());
        jwt = new JwtConfig(jwks.toString(), "https://login.test", "forelog", "sub");
        start("request", keys);
    }

    private void start(String clientAuth, Path keys) {
        tls = new TlsFiles(
                new TlsConfig(ours.certificate("node"), ours.key("node"), ours.authority(), clientAuth), List.of());
        tls.load();
        Credentials credentials = new Credentials(
                new IdentitiesConfig(keys, jwt, true, List.of("root"), List.of(), List.of()), Ticker.anchored());
        credentials.load();
        fixture = new EdgeFixture(
                EdgeLimits.DEFAULT,
                Admission.OPEN,
                EntryDesk.NONE,
                Duration.ofMillis(300),
                new Locks(
                        credentials,
                        NamespaceRights.proved(List.of("root"), List.of()),
                        tls,
                        ConnectionsConfig.DEFAULT));
        fixture.durable("ns");
        fixture.namespaces.put(
                Samples.namespace("ns", Namespace.State.ACTIVE, Order.NONE, "EMBEDDED", List.of(WRITER)));
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private HttpClientOptions options(String... certificate) {
        HttpClientOptions options = new HttpClientOptions()
                .setSsl(true)
                .setVerifyHost(false)
                .setConnectTimeout(5_000)
                .setTrustOptions(
                        new PemTrustOptions().addCertPath(ours.authority().toString()));
        for (String name : certificate) {
            options.setKeyCertOptions(new PemKeyCertOptions()
                    .addCertPath(directory.resolve(name + ".crt").toString())
                    .addKeyPath(directory.resolve(name + ".key").toString()));
        }
        return options;
    }

    private record Answer(int status, String body) {}

    private Answer write(HttpClientOptions options, Map<String, String> headers) {
        HttpClient client = fixture.vertx.createHttpClient(options);
        return EdgeFixture.wait(client.request(
                        HttpMethod.POST, fixture.edge.httpPort(), "127.0.0.1", "/v1/namespaces/ns/entries")
                .compose(request -> {
                    headers.forEach(request::putHeader);
                    return request.putHeader("content-type", "application/octet-stream")
                            .send(Buffer.buffer("x"))
                            .compose(response ->
                                    response.body().map(body -> new Answer(response.statusCode(), body.toString())));
                })
                .eventually(client::close));
    }

    private GrpcStatus call(HttpClientOptions options, Map<String, String> headers) {
        GrpcClient client = GrpcClient.client(
                fixture.vertx,
                new GrpcClientOptions(),
                options.setProtocolVersion(HttpVersion.HTTP_2).setUseAlpn(true));
        SocketAddress server = SocketAddress.inetSocketAddress(fixture.edge.grpcPort(), "127.0.0.1");
        return EdgeFixture.wait(client.request(server, WriteAheadLogGrpcClient.WriteToLog)
                .compose(request -> {
                    headers.forEach((name, value) -> request.headers().set(name, value));
                    return request.send(WriteToLogRequest.newBuilder()
                                    .setNamespace("ns")
                                    .build())
                            .compose(response -> response.end().otherwiseEmpty().map(end -> response.status()));
                })
                .eventually(client::close));
    }

    @Test
    void aCertificateAnApiKeyAndAnAdministratorGetIn() {
        assertThat(write(options("writer"), Map.of()).status()).isEqualTo(201);
        assertThat(write(options(), Map.of("X-Api-Key", root.secret())).status())
                .isEqualTo(201);
        assertThat(call(options("writer"), Map.of())).isEqualTo(GrpcStatus.OK);
        assertThat(call(options(), Map.of("x-api-key", root.secret()))).isEqualTo(GrpcStatus.OK);
    }

    /** {@code certificate}: of the one it is bound to; empty = none. */
    private Map<String, String> token(RSAKey by, String principal, String certificate) throws JOSEException {
        JWTClaimsSet.Builder claims = new JWTClaimsSet.Builder()
                .issuer("https://login.test")
                .audience("forelog")
                .subject(principal)
                .expirationTime(Date.from(Instant.now().plusSeconds(300)));
        if (!certificate.isEmpty()) {
            claims.claim("cnf", Map.of("x5t#S256", print(certificate)));
        }
        SignedJWT token = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("one").build(), claims.build());
        token.sign(new RSASSASigner(by));
        return Map.of("authorization", "Bearer " + token.serialize());
    }

    private String print(String certificate) {
        try {
            byte[] encoded = Pem.certificates(Files.readAllBytes(ours.certificate(certificate)))
                    .iterator()
                    .next()
                    .getEncoded();
            return Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString(MessageDigest.getInstance("SHA-256").digest(encoded));
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private void tokensAreBelievedAndForgedOnesAreNot() throws JOSEException {
        assertThat(write(options(), token(signing, "root", "")).status()).isEqualTo(201);
        assertThat(call(options(), token(signing, WRITER, ""))).isEqualTo(GrpcStatus.OK);
        assertThat(write(options(), token(signing, "billing", "")).status()).isEqualTo(403);
        RSAKey another = new RSAKeyGenerator(2048).keyID("one").generate();
        assertThat(write(options(), token(another, "root", "")).status()).isEqualTo(401);
        assertThat(call(options(), token(another, "root", ""))).isEqualTo(GrpcStatus.UNAUTHENTICATED);
    }

    @Test
    void tokensOfAFileOfKeysGetIn() throws JOSEException {
        tokensAreBelievedAndForgedOnesAreNot();
    }

    @Test
    void tokensOfAServerOfKeysGetIn() throws IOException, JOSEException {
        byte[] keys = Files.readAllBytes(jwks);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 10);
        server.createContext("/jwks.json", exchange -> {
            exchange.sendResponseHeaders(200, keys.length);
            exchange.getResponseBody().write(keys);
            exchange.close();
        });
        server.start();
        try {
            fixture.close();
            jwt = new JwtConfig(
                    "http://127.0.0.1:" + server.getAddress().getPort() + "/jwks.json",
                    "https://login.test",
                    "forelog",
                    "sub");
            start("request", directory.resolve("keys.json"));
            tokensAreBelievedAndForgedOnesAreNot();
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aBoundTokenGetsInWithItsCertificateAlone() throws JOSEException {
        Map<String, String> bound = token(signing, WRITER, "writer");
        assertThat(write(options("writer"), bound).status()).isEqualTo(201);
        assertThat(call(options("writer"), bound)).isEqualTo(GrpcStatus.OK);
        assertThat(write(options("other"), bound).status()).isEqualTo(401);
        assertThat(call(options("other"), bound)).isEqualTo(GrpcStatus.UNAUTHENTICATED);
        assertThat(write(options(), bound).status()).isEqualTo(401);
        assertThat(fixture.entries()).hasSize(2);
    }

    @Test
    void whoIsNobodyIsToldSoAndWhoHasNoRightToo() {
        Answer nobody = write(options(), Map.of());
        assertThat(nobody.status()).isEqualTo(401);
        assertThat(nobody.body()).contains("no credential");
        assertThat(write(options(), Map.of("X-Api-Key", "flk_wrong")).status()).isEqualTo(401);
        assertThat(write(options("writer"), Map.of("X-Api-Key", "flk_wrong")).status())
                .as("what is there and wrong is not taken for missing")
                .isEqualTo(401);
        Answer other = write(options(), Map.of("X-Api-Key", billing.secret()));
        assertThat(other.status()).isEqualTo(403);
        assertThat(other.body()).contains("billing may not write");
        assertThat(call(options(), Map.of())).isEqualTo(GrpcStatus.UNAUTHENTICATED);
        assertThat(call(options(), Map.of("x-api-key", billing.secret()))).isEqualTo(GrpcStatus.PERMISSION_DENIED);
        assertThat(fixture.entries()).isEmpty();
    }

    @Test
    void readingIsARightOfItsOwn() {
        HttpClient client = fixture.vertx.createHttpClient(options("writer"));
        HttpClientResponse answer = EdgeFixture.wait(client.request(
                        HttpMethod.GET,
                        fixture.edge.httpPort(),
                        "127.0.0.1",
                        "/v1/namespaces/ns/entries/01a209ca-9658-707b-9f4a-d15ffb7c2a65")
                .compose(request -> request.send()));
        assertThat(answer.statusCode()).isEqualTo(403);
    }

    @Test
    void certificatesOfStrangersAndThoseThatAreOverOpenNoConnection() {
        new Certificates(directory, "theirs").issue("stranger", "uri:" + WRITER);
        for (String name : List.of("stranger", "gone")) {
            assertThat(isShutOut(() -> write(options(name), Map.of()).status() == 401))
                    .as(name)
                    .isTrue();
            assertThat(isShutOut(() -> call(options(name), Map.of()) == GrpcStatus.UNAUTHENTICATED))
                    .as(name)
                    .isTrue();
        }
        assertThat(fixture.entries()).isEmpty();
    }

    /** The handshake fails, or the client, told whose certificates are believed, does not show its own. */
    private static boolean isShutOut(BooleanSupplier refused) {
        try {
            return refused.getAsBoolean();
        } catch (AssertionError e) {
            return true;
        }
    }

    @Test
    void olderTlsAndPlainTextOpenNoConnection() throws IOException {
        HttpClientOptions old = options("writer").setEnabledSecureTransportProtocols(Set.of("TLSv1.1"));
        assertThatThrownBy(() -> write(old, Map.of())).isInstanceOf(AssertionError.class);
        for (int port : List.of(fixture.edge.httpPort(), fixture.edge.grpcPort())) {
            try (Socket socket = new Socket("127.0.0.1", port)) {
                socket.setSoTimeout(5_000);
                socket.getOutputStream()
                        .write("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
                assertThat(answer).doesNotContain("HTTP/1.1 200");
            }
        }
        assertThat(write(options("writer"), Map.of()).status()).isEqualTo(201);
    }

    @Test
    void whereACertificateIsRequiredNoOtherCredentialOpensAConnection() {
        fixture.close();
        start("required", directory.resolve("keys.json"));
        assertThatThrownBy(() -> write(options(), Map.of("X-Api-Key", root.secret())))
                .isInstanceOf(AssertionError.class);
        assertThat(write(options("writer"), Map.of()).status()).isEqualTo(201);
    }

    private String shown() {
        HttpClient client = fixture.vertx.createHttpClient(options("writer"));
        return EdgeFixture.wait(client.request(HttpMethod.GET, fixture.edge.httpPort(), "127.0.0.1", "/openapi.json")
                .compose(request -> request.send())
                .map(response -> {
                    try {
                        return ((X509Certificate) response.request()
                                        .connection()
                                        .sslSession()
                                        .getPeerCertificates()[0])
                                .getSubjectX500Principal()
                                .getName();
                    } catch (javax.net.ssl.SSLPeerUnverifiedException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .eventually(client::close));
    }

    @Test
    void aRotatedCertificateIsShownWithoutARestartAndABrokenOneIsNot() throws IOException {
        assertThat(shown()).isEqualTo("CN=node");
        ours.issue("next", "ip:127.0.0.1");
        Files.copy(ours.certificate("next"), ours.certificate("node"), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(ours.key("next"), ours.key("node"), StandardCopyOption.REPLACE_EXISTING);
        assertThat(tls.load()).isTrue();
        EdgeFixture.wait(fixture.edge.renewCertificate());
        assertThat(shown()).isEqualTo("CN=next");
        Files.writeString(ours.certificate("node"), "no certificate");
        assertThatThrownBy(tls::load).hasMessageContaining("tls.certificate");
        assertThat(shown()).isEqualTo("CN=next");
    }
}

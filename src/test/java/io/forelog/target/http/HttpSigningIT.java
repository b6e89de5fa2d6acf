package io.forelog.target.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.Delivery;
import io.forelog.model.Operation;
import io.forelog.model.Outcome;
import io.forelog.rig.Await;
import io.forelog.target.Deliveries;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A receiver that lets in what is signed as Standard Webhooks has it, with the secret that it knows. */
@Timeout(90)
class HttpSigningIT {
    private static final String FIRST = secret(1);
    private static final String SECOND = secret(2);

    @TempDir
    Path data;

    private final List<Map<String, String>> seen = Collections.synchronizedList(new ArrayList<>());
    private volatile String known = FIRST;
    private volatile boolean busy;
    private Vertx serverVertx;
    private HttpServer server;
    private WriterRig rig;
    private Path file;

    @BeforeEach
    void start() {
        serverVertx = Vertx.vertx();
        server = serverVertx
                .createHttpServer()
                .requestHandler(request -> request.body().onSuccess(body -> answer(request, body)));
        WriterRig.await(server.listen(0, "127.0.0.1"));
        rig = new WriterRig(data);
        file = data.resolve("secrets");
        write(FIRST);
    }

    @AfterEach
    void stop() {
        rig.close();
        WriterRig.await(serverVertx.close());
    }

    private static String secret(int seed) {
        byte[] key = new byte[32];
        new java.util.Random(seed).nextBytes(key);
        return "whsec_" + Base64.getEncoder().encodeToString(key);
    }

    /** As who rotates a mounted secret does: at once, by renaming. */
    private void write(String content) {
        try {
            Path next = Files.writeString(data.resolve("secrets.next"), content + "\n");
            Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void answer(HttpServerRequest request, Buffer body) {
        Map<String, String> headers = new HashMap<>();
        request.headers().forEach(headers::put);
        seen.add(headers);
        int status = !verified(request, body, known) ? 401 : busy ? 503 : 204;
        request.response().setStatusCode(status).end();
    }

    private static boolean verified(HttpServerRequest request, Buffer body, String secret) {
        long seconds = Long.parseLong(request.getHeader("webhook-timestamp"));
        if (Math.abs(System.currentTimeMillis() / 1_000L - seconds) > 300) {
            return false;
        }
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.substring(6)), "HmacSHA256"));
            mac.update((request.getHeader("webhook-id") + "." + seconds + ".").getBytes(UTF_8));
            byte[] expected = mac.doFinal(body.getBytes());
            for (String signature : request.getHeader("webhook-signature").split(" ")) {
                String[] parts = signature.split(",");
                if (parts[0].equals("v1")
                        && MessageDigest.isEqual(expected, Base64.getDecoder().decode(parts[1]))) {
                    return true;
                }
            }
            return false;
        } catch (java.security.GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private void open(Map<String, Object> more) {
        Map<String, Object> config = new HashMap<>(Map.of(
                "url",
                "http://127.0.0.1:" + server.actualPort() + "/hook",
                "signing_secrets",
                List.of("file:" + file)));
        config.putAll(more);
        rig.deploy("http", config, new TargetSpec.Limit(8, 0, Duration.ofSeconds(10), 1));
    }

    private int signatures() {
        assertThat(rig.deliver(Deliveries.of(0, "k", "v"))).isEqualTo(Outcome.applied());
        return seen.get(seen.size() - 1).get("webhook-signature").split(" ").length;
    }

    @Test
    void everyRequestIsLetInOverARotationWithoutARestart() {
        open(Map.of());
        Set<String> ids = new HashSet<>();
        for (Delivery delivery : Deliveries.many(50)) {
            assertThat(rig.deliver(delivery)).isEqualTo(Outcome.applied());
            ids.add(delivery.entry().id().toString());
        }
        assertThat(seen).extracting(headers -> headers.get("webhook-id")).containsExactlyInAnyOrderElementsOf(ids);

        write(SECOND + "\n" + FIRST);
        Await.until("both secrets sign", Duration.ofSeconds(20), () -> signatures() == 2);
        known = SECOND;
        assertThat(rig.deliver(Deliveries.many(50))).containsOnly(Outcome.applied());

        write("what is no secret");
        Await.pause(Duration.ofMillis(SigningSecrets.AGAIN_MILLIS + 500));
        assertThat(signatures()).as("the old ones stay").isEqualTo(2);

        write(SECOND);
        Await.until("the new secret alone signs", Duration.ofSeconds(20), () -> signatures() == 1);
        known = FIRST;
        assertThat(rig.deliver(Deliveries.of(0, "k", "v"))).isInstanceOf(Outcome.Rejected.class);
    }

    @Test
    void aRepetitionHasTheSameIdAndASignatureOfItsOwn() {
        open(Map.of());
        busy = true;
        Delivery delivery = Deliveries.of(
                0,
                Deliveries.entry(
                        Buffer.buffer("k"),
                        Operation.DELETE,
                        Map.of(),
                        Map.of("webhook-id", "forged", "webhook-signature", "v1,forged", "webhook-timestamp", "1"),
                        Buffer.buffer()));
        assertThat(rig.deliver(delivery)).isInstanceOf(Outcome.Retry.class);
        busy = false;
        Await.until(
                "it is applied",
                Duration.ofSeconds(20),
                () -> rig.deliver(delivery).equals(Outcome.applied()));
        assertThat(seen).hasSizeGreaterThanOrEqualTo(2);
        assertThat(seen)
                .extracting(headers -> headers.get("webhook-id"))
                .containsOnly(delivery.entry().id().toString());
    }

    @Test
    void badSecretsAreToldWhenTheTargetIsLoadedAndNeverShown() {
        write("whsec_dG9vIHNob3J0");
        assertThatThrownBy(() -> open(Map.of()))
                .hasStackTraceContaining("signing_secrets: file:" + file)
                .hasStackTraceContaining("whsec_ and the base64 of 24 to 64 bytes")
                .extracting(thrown -> thrown.getCause().getMessage())
                .asString()
                .doesNotContain("dG9vIHNob3J0");
        assertThatThrownBy(() -> open(Map.of("signing_secrets", List.of(FIRST))))
                .hasMessageContaining("file:PATH or env:NAME, never the secret")
                .extracting(Throwable::getMessage)
                .asString()
                .doesNotContain(FIRST);
        assertThatThrownBy(() -> open(Map.of("signing_secrets", List.of("file:" + data.resolve("missing")))))
                .hasStackTraceContaining("expected: a readable file");
        write(FIRST);
        assertThatThrownBy(() -> open(Map.of("headers", Map.of("Webhook-Id", "mine"))))
                .hasStackTraceContaining("headers.Webhook-Id: with signing_secrets");
    }
}

package io.forelog.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.model.Outcome;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretsTest {
    private static final String SECRET = "tok-5f1c0c7a9e";

    @TempDir
    Path data;

    private final Vertx vertx = Vertx.vertx();

    @AfterEach
    void close() {
        WriterRig.await(vertx.close());
    }

    @Test
    void whiteSpaceAroundASecretIsNotPartOfItWhereverItIsRead() throws IOException {
        Path file = Files.writeString(data.resolve("secret"), SECRET + "\r\n");
        Map<String, String> environment = Map.of("TOKEN", " " + SECRET + "\n");
        assertThat(WriterRig.await(Secrets.resolve(vertx, "file:" + file, environment::get)))
                .isEqualTo(SECRET);
        assertThat(WriterRig.await(Secrets.resolve(vertx, "env:TOKEN", environment::get)))
                .isEqualTo(SECRET);
        assertThat(WriterRig.await(Secrets.resolveForHeader(vertx, "env:TOKEN", environment::get)))
                .isEqualTo(SECRET);
    }

    @ParameterizedTest
    @ValueSource(strings = {SECRET + "\nsecond", SECRET + "\u0000", SECRET + "é"})
    void whatNoHeaderCanHoldIsRefusedByItsReferenceOnly(String secret) {
        Future<String> refused = Secrets.resolveForHeader(vertx, "env:TOKEN", Map.of("TOKEN", secret)::get);
        assertThat(refused.cause()).hasMessageStartingWith("env:TOKEN: ").hasMessageNotContaining(SECRET);
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "forelog", "opensearch", "grpc"})
    void aTargetWhoseSecretNoHeaderCanHoldDoesNotOpen(String type) throws IOException {
        Path file = Files.writeString(data.resolve("secret"), "Bearer " + SECRET + "\nsecond line");
        String reference = "file:" + file;
        Map<String, Object> config = new HashMap<>(
                switch (type) {
                    case "http" -> Map.of("url", "http://127.0.0.1:1/", "authorization", reference);
                    case "forelog" -> Map.of("address", "127.0.0.1:1", "authorization", reference);
                    case "grpc" ->
                        Map.of("address", "127.0.0.1:1", "metadata_secrets", Map.of("authorization", reference));
                    default -> Map.of("urls", List.of("http://127.0.0.1:1"), "index", "i", "api_key", reference);
                });
        try (WriterRig rig = new WriterRig(data)) {
            assertThatThrownBy(() -> rig.deploy(type, config, new TargetSpec.Limit(1, 0, Duration.ofSeconds(1), 0)))
                    .hasMessageContaining(reference)
                    .hasMessageNotContaining(SECRET);
        }
    }

    /** As Vert.x says it of a header. */
    @Test
    void anOutcomeDoesNotRepeatWhatAClientSaysOfAHeaderThatItRefuses() {
        Throwable refusal = new IllegalArgumentException("a header value contains a prohibited character: " + SECRET);
        assertThat(HttpAnswer.unreached(refusal))
                .isInstanceOf(Outcome.Retry.class)
                .asString()
                .doesNotContain(SECRET)
                .contains("refused");
    }
}

package io.forelog.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.queue.QueueProvider;
import io.forelog.rig.Await;
import io.forelog.rig.ForelogProcess;
import io.forelog.rig.Soak;
import io.forelog.rig.backend.ElasticMq;
import io.forelog.rig.backend.KafkaCluster;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every directory of conf/examples serves as it stands, but for the ports of the brokers, which are the rig's; that of
 * bulk-delete in {@code BulkDeleteIT}.
 */
@Timeout(240)
class ExamplesIT {
    private static final Path EXAMPLES = Path.of("conf", "examples");
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"kafka", "sqs", "kafka-retry-on-sqs", "kafka-retry-embedded", "personas"})
    void takesAWriteAtOnceAndADelayedOneAndDeliversBoth(String example) throws Exception {
        if (example.contains("kafka") || example.equals("personas")) {
            boolean there = ServiceLoader.load(QueueProvider.class).stream()
                    .anyMatch(provider -> provider.type().getSimpleName().startsWith("Kafka"));
            if (!there) {
                Soak.skipping("conf/examples/" + example, "no queue type KAFKA in this build");
            }
            Assumptions.assumeTrue(there);
        }
        List<String> namespaces = new ArrayList<>();
        Path documents = Files.createDirectories(directory.resolve("conf/namespaces"));
        try (Stream<Path> files = Files.list(EXAMPLES.resolve(example).resolve("namespaces"))) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString();
                Files.writeString(documents.resolve(name), local(file));
                namespaces.add(name.substring(0, name.lastIndexOf('.')));
            }
        }
        assertThat(namespaces).isNotEmpty();
        try (ForelogProcess service = ForelogProcess.in(directory)
                .settings(local(EXAMPLES.resolve(example).resolve("forelog.yaml")))
                .start()) {
            for (String namespace : namespaces) {
                for (String delay : List.of("PT0S", "PT2S")) {
                    String payload = namespace + " in " + delay;
                    Await.until(
                            payload + " is TRUE",
                            Duration.ofSeconds(60),
                            () -> isDurable(service, namespace, payload, delay),
                            service::logTail);
                    Await.until(
                            payload + " is delivered",
                            Duration.ofSeconds(60),
                            () -> service.log().contains(payload),
                            service::logTail);
                }
            }
        }
    }

    /** The text of an example, on the rig's brokers. */
    private static String local(Path file) throws IOException {
        String text = Files.readString(file);
        if (text.contains("127.0.0.1:9092")) {
            text = text.replace("127.0.0.1:9092", KafkaCluster.shared(1).bootstrap());
        }
        if (text.contains("http://127.0.0.1:9324")) {
            text = text.replace(
                    "http://127.0.0.1:9324", ElasticMq.shared().endpoint().toString());
        }
        return text;
    }

    private static boolean isDurable(ForelogProcess service, String namespace, String payload, String delay) {
        JsonObject write =
                new JsonObject().put("payload_text", payload).put("lifecycle", new JsonObject().put("delay", delay));
        HttpRequest request = HttpRequest.newBuilder(URI.create(
                        "http://127.0.0.1:" + service.ports().http() + "/v1/namespaces/" + namespace + "/entries"))
                .timeout(Duration.ofSeconds(10))
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(write.encode()))
                .build();
        try {
            HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).as(response.body()).isNotIn(400, 404, 422);
            return response.statusCode() == 201;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}

package io.forelog.rig.backend;

import io.forelog.rig.Await;
import io.forelog.rig.Ports;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A real OpenSearch 2.19, one node, as a child JVM on a fixed port of loopback, its indices on disk and synced with each
 * request, so that they outlive a kill; no plain request may be over 4 MB. {@link #shared} is one for the whole test run: take
 * indices of one's own in it; whoever breaks it brings it back. Used by one test thread at a time.
 */
public final class OpenSearchServer implements AutoCloseable {
    private static final Duration READY_LIMIT = Duration.ofSeconds(90);
    private static final HttpClient HTTP =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
    private static OpenSearchServer shared;

    private final int port;
    private final ChildProcess server;

    private OpenSearchServer(int port, ChildProcess server) {
        this.port = port;
        this.server = server;
    }

    /** One for all tests of this JVM, started at the first call; ends with the JVM. */
    public static synchronized OpenSearchServer shared() {
        if (shared == null) {
            Path directory = RunDirectory.create("opensearch");
            shared = start(directory);
            RunDirectory.atExit(shared, directory);
        }
        return shared;
    }

    public static OpenSearchServer start(Path directory) {
        List<Integer> ports = Ports.free(2);
        try {
            Path home = Files.createDirectories(directory.resolve("home"));
            Path file = directory.resolve("opensearch.yml");
            Map<String, String> values = Map.of(
                    "home", home.toString(),
                    "port", ports.get(0).toString(),
                    "transport-port", ports.get(1).toString(),
                    "content-max", "4mb");
            Path folder = BackendClasspath.folder("opensearch");
            Files.writeString(file, Template.fill(folder.resolve("opensearch.yml"), values));
            List<String> flags = List.of("-Dlog4j2.level=WARN", "-Djava.io.tmpdir=" + directory);
            List<String> command = ChildProcess.java(
                    "opensearch", "384m", flags, folder.resolve("Start.java").toString(), List.of(file.toString()));
            OpenSearchServer server =
                    new OpenSearchServer(ports.get(0), new ChildProcess("opensearch", directory, command));
            try {
                server.start();
            } catch (RuntimeException | Error e) {
                server.close();
                throw e;
            }
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String url() {
        return "http://127.0.0.1:" + port;
    }

    public int port() {
        return port;
    }

    /** SIGKILL. */
    public void kill() {
        server.kill();
    }

    /** Up again on the same files and port, with every index's primary shards. */
    public void start() {
        server.start();
        Await.until(
                "OpenSearch answers",
                READY_LIMIT,
                () -> {
                    if (!server.isAlive()) {
                        throw new IllegalStateException("it ended\n" + server.logTail());
                    }
                    return answers();
                },
                server::logTail);
    }

    public void killAndRestart() {
        kill();
        start();
    }

    public void freeze() {
        server.freeze();
    }

    public void thaw() {
        server.thaw();
    }

    public boolean isAlive() {
        return server.isAlive();
    }

    /** What it answers, whatever the status, which is its {@code status} where it is an error. */
    public JsonObject ask(String method, String path, String body) {
        try {
            return new JsonObject(send(method, path, body, 30).body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public JsonObject get(String path) {
        return ask("GET", path, "");
    }

    /** Documents that can be found now. */
    public long count(String index) {
        ask("POST", "/" + index + "/_refresh", "");
        return get("/" + index + "/_count").getLong("count");
    }

    @Override
    public void close() {
        server.close();
    }

    private boolean answers() {
        try {
            return send("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s", "", 3)
                            .statusCode()
                    == 200;
        } catch (IOException e) {
            return false;
        }
    }

    private HttpResponse<String> send(String method, String path, String body, int seconds) throws IOException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url() + path))
                .timeout(Duration.ofSeconds(seconds))
                .header("Content-Type", "application/json")
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}

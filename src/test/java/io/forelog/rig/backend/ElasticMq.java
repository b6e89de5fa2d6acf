package io.forelog.rig.backend;

import io.forelog.rig.Await;
import io.forelog.rig.Ports;
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
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A real SQS server (ElasticMQ, with SQS's own limits) as a child JVM on a fixed port, its queues and messages on disk, so that
 * they outlive a kill. Any region, access key and secret will do. {@link #shared} is one for the whole test run: whoever breaks
 * it brings it back. Used by one test thread at a time.
 */
public final class ElasticMq implements AutoCloseable {
    private static final Duration READY_LIMIT = Duration.ofSeconds(60);
    private static final HttpClient HTTP =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
    private static final Pattern QUEUE_URL = Pattern.compile("<QueueUrl>[^<]*");
    private static ElasticMq shared;

    private final int port;
    private final ChildProcess server;
    private Set<String> queuesAtKill = Set.of();

    private ElasticMq(int port, ChildProcess server) {
        this.port = port;
        this.server = server;
    }

    /** One for all tests of this JVM, started at the first call; ends with the JVM. */
    public static synchronized ElasticMq shared() {
        if (shared == null) {
            Path directory = RunDirectory.create("elasticmq");
            shared = start(directory);
            RunDirectory.atExit(shared, directory);
        }
        return shared;
    }

    public static ElasticMq start(Path directory) {
        int port = Ports.free();
        try {
            Path data = Files.createDirectories(directory.resolve("data"));
            Path file = directory.resolve("elasticmq.conf");
            Files.writeString(
                    file,
                    Template.fill(
                            BackendClasspath.folder("elasticmq").resolve("elasticmq.conf"),
                            Map.of("port", Integer.toString(port), "data", data.toString())));
            List<String> flags = List.of("-Dconfig.file=" + file, "-Dpekko.loglevel=WARNING");
            List<String> command =
                    ChildProcess.java("elasticmq", "256m", flags, "org.elasticmq.server.Main", List.of());
            ElasticMq server = new ElasticMq(port, new ChildProcess("elasticmq", directory, command));
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

    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + port);
    }

    public int port() {
        return port;
    }

    /** SIGKILL. */
    public void kill() {
        queuesAtKill = queues().orElse(Set.of());
        server.kill();
    }

    /** Up again on the same files and port. It listens before it knows its queues again, so they are waited for. */
    public void start() {
        server.start();
        Await.until(
                "ElasticMQ answers",
                READY_LIMIT,
                () -> {
                    if (!server.isAlive()) {
                        throw new IllegalStateException("it ended\n" + server.logTail());
                    }
                    return queues().filter(found -> found.containsAll(queuesAtKill))
                            .isPresent();
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

    @Override
    public void close() {
        server.close();
    }

    private Optional<Set<String>> queues() {
        try {
            HttpRequest request = HttpRequest.newBuilder(endpoint().resolve("/?Action=ListQueues"))
                    .timeout(Duration.ofSeconds(2))
                    .build();
            HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
            return response.statusCode() == 200
                    ? Optional.of(QUEUE_URL
                            .matcher(response.body())
                            .results()
                            .map(MatchResult::group)
                            .collect(Collectors.toSet()))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}

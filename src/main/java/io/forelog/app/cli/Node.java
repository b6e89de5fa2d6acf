package io.forelog.app.cli;

import io.forelog.client.ManagementClient;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say which node a command is for, and how it is found when they are left out. One command's. */
final class Node {
    @Option(
            names = "--url",
            paramLabel = "URL",
            description =
                    "The node's management port; for write, its HTTP or gRPC port. Default: $FORELOG_URL (but for write),"
                            + " else the port in <data>/ports.json, else 8081, 8080 or 9090 on 127.0.0.1.")
    private @Nullable String url;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "The data directory of a node on this machine. Default: $FORELOG_DATA, ./data, or the working"
                    + " directory, wherever a ports.json lies.")
    private @Nullable Path data;

    ManagementClient client() {
        String address = url(System.getenv());
        if (!address.startsWith("http://") && !address.startsWith("https://")) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT, "url: '" + address + "' (expected: e.g. http://127.0.0.1:8081)");
        }
        return new ManagementClient(address);
    }

    /** What {@code --url} says. */
    Optional<String> url() {
        return Optional.ofNullable(url);
    }

    String url(Map<String, String> environment) {
        String fromEnvironment = environment.get("FORELOG_URL");
        if (url != null) {
            return url.contains("://") ? url : "http://" + url;
        }
        if (data == null && fromEnvironment != null && !fromEnvironment.isEmpty()) {
            return fromEnvironment;
        }
        return scheme(environment) + "127.0.0.1:" + port("management", 8081, environment);
    }

    /** As the node on this machine says; {@code http://} where there is none. */
    String scheme(Map<String, String> environment) {
        boolean tls = places(environment).stream()
                .map(place -> place.resolve("ports.json"))
                .filter(Files::exists)
                .findFirst()
                .map(Node::isLocked)
                .orElse(false);
        return tls ? "https://" : "http://";
    }

    private static boolean isLocked(Path file) {
        try {
            return new JsonObject(Files.readString(file)).getBoolean("tls", false);
        } catch (IOException | DecodeException | ClassCastException e) {
            return false;
        }
    }

    /** The port of that name that the node on this machine chose, else {@code otherwise}. */
    int port(String name, int otherwise, Map<String, String> environment) {
        return places(environment).stream()
                .map(place -> read(place.resolve("ports.json"), name))
                .flatMap(Optional::stream)
                .findFirst()
                .orElse(otherwise);
    }

    private List<Path> places(Map<String, String> environment) {
        String fromEnvironment = environment.get("FORELOG_DATA");
        if (data != null) {
            return List.of(data);
        }
        return fromEnvironment != null && !fromEnvironment.isEmpty()
                ? List.of(Path.of(fromEnvironment))
                : List.of(Path.of("data"), Path.of(""));
    }

    private static Optional<Integer> read(Path file, String name) {
        try {
            return Optional.ofNullable(new JsonObject(Files.readString(file)).getInteger(name));
        } catch (IOException | DecodeException | ClassCastException e) {
            return Optional.empty();
        }
    }
}

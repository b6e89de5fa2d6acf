package io.forelog.rig;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where a service listens, as its {@code ports.json} says; 0 = it does not. Immutable. */
public record Ports(int http, int grpc, int management) {
    static final String FILE = "ports.json";

    /** Empty while the file is missing or half written. */
    static Optional<Ports> read(Path data) {
        try {
            JsonObject json = new JsonObject(Files.readString(data.resolve(FILE)));
            return Optional.of(
                    new Ports(json.getInteger("http", 0), json.getInteger("grpc", 0), json.getInteger("management")));
        } catch (IOException | RuntimeException e) {
            return Optional.empty();
        }
    }

    /** A port that was free a moment ago: for what must be known before it is listened on. */
    public static int free() {
        return free(1).get(0);
    }

    /** As many different ones. */
    public static List<Integer> free(int count) {
        List<ServerSocket> sockets = new ArrayList<>();
        try {
            for (int taken = 0; taken < count; taken++) {
                sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            return sockets.stream().map(ServerSocket::getLocalPort).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            sockets.forEach(Ports::close);
        }
    }

    private static void close(ServerSocket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

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
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

/** Where a service listens, as its {@code ports.json} says; 0 = it does not. Immutable. */
public record Ports(int http, int grpc, int management) {
    static final String FILE = "ports.json";
    /** Below those that the system gives to whoever asks for any. */
    private static final int LOWEST = 12_000;

    private static final int HIGHEST = 32_000;

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

    /**
     * Ports that nobody is given by the system, each with {@code room} free ones behind it: for servers that are restarted, and take
     * ports next to their own.
     */
    public static List<Integer> apart(int count, int room) {
        for (int attempt = 0; attempt < 100; attempt++) {
            int base = ThreadLocalRandom.current().nextInt(LOWEST, HIGHEST - count * (room + 1));
            if (IntStream.range(base, base + count * (room + 1)).allMatch(Ports::isFree)) {
                return IntStream.range(0, count)
                        .mapToObj(index -> base + index * (room + 1))
                        .toList();
            }
        }
        throw new IllegalStateException("no " + count + " free ports, each with " + room + " behind it");
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException e) {
            return false;
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

package io.forelog.rig.backend;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.forelog.rig.Await;
import io.forelog.rig.Ports;
import io.forelog.rig.Soak;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A real Redis or memcached of the machine's own packages, as a child process on a fixed port. Redis syncs each write and so
 * outlives a kill with all it has confirmed; memcached comes back empty. Used by one test thread at a time.
 */
public final class CacheServer implements AutoCloseable {
    private static final Duration READY_LIMIT = Duration.ofSeconds(30);

    private final int port;
    private final String question;
    private final ChildProcess server;

    private CacheServer(String name, int port, String question, Path directory, List<String> command) {
        this.port = port;
        this.question = question;
        this.server = new ChildProcess(name, directory, command);
    }

    /** Tells loudly where {@code command} is missing: skip then. */
    public static boolean isInstalled(String command) {
        boolean found = Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, command)));
        if (!found) {
            Soak.skipping("tests with " + command, "it is not on the PATH");
        }
        return found;
    }

    public static CacheServer redis(Path directory, String... more) {
        int port = Ports.free();
        List<String> command = new ArrayList<>(List.of("redis-server", "--bind", "127.0.0.1"));
        command.addAll(List.of("--port", Integer.toString(port), "--dir", directory.toString(), "--save", ""));
        command.addAll(List.of("--appendonly", "yes", "--appendfsync", "always"));
        command.addAll(List.of(more));
        return started(new CacheServer("redis", port, "PING\r\n", directory, command));
    }

    public static CacheServer memcached(Path directory, String... more) {
        int port = Ports.free();
        String plain = List.of(more).contains("-Z") ? "notls:127.0.0.1:" + port : "127.0.0.1";
        List<String> command = new ArrayList<>(List.of("memcached", "-l", plain, "-U", "0"));
        command.addAll(List.of("-p", Integer.toString(port), "-u", System.getProperty("user.name")));
        command.addAll(List.of(more));
        return started(new CacheServer("memcached", port, "version\r\n", directory, command));
    }

    private static CacheServer started(CacheServer server) {
        try {
            server.start();
        } catch (RuntimeException | Error e) {
            server.close();
            throw e;
        }
        return server;
    }

    public int port() {
        return port;
    }

    public String address() {
        return "127.0.0.1:" + port;
    }

    /** SIGKILL. */
    public void kill() {
        server.kill();
    }

    /** Up again on the same port. */
    public void start() {
        server.start();
        Await.until("the server answers", READY_LIMIT, this::answers, server::logTail);
    }

    public void freeze() {
        server.freeze();
    }

    public void thaw() {
        server.thaw();
    }

    @Override
    public void close() {
        server.close();
    }

    private boolean answers() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1_000);
            socket.setSoTimeout(1_000);
            socket.getOutputStream().write(question.getBytes(US_ASCII));
            byte[] answer = new byte[8];
            int length = socket.getInputStream().read(answer);
            return length > 0 && !new String(answer, 0, length, US_ASCII).startsWith("-LOADING".substring(0, length));
        } catch (IOException e) {
            return false;
        }
    }
}

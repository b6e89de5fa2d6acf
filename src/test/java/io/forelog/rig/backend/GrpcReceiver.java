package io.forelog.rig.backend;

import io.forelog.rig.Await;
import io.forelog.rig.Ports;
import io.forelog.wire.v1.DeliverRequest;
import io.forelog.wire.v1.DeliverResponse;
import io.forelog.wire.v1.LogReceiverGrpcService;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;

/**
 * A user's {@code LogReceiver} as a child process on a fixed port, to be killed and frozen. It writes down each delivery, ATTEMPT ID KEY a line, before
 * it answers OK. A process ends by itself after ten minutes. Used by one test thread at a time.
 */
public final class GrpcReceiver implements AutoCloseable {
    private static final String FILE = "deliveries";
    private static final Duration LIFE = Duration.ofMinutes(10);

    private final int port = Ports.free();
    private final Path directory;
    private final ChildProcess server;

    public GrpcReceiver(Path directory) {
        this.directory = directory;
        String tests = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        this.server = new ChildProcess(
                "grpc-receiver",
                directory,
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx128m",
                        "-cp",
                        tests,
                        GrpcReceiver.class.getName(),
                        Integer.toString(port)));
        start();
    }

    public int port() {
        return port;
    }

    /** Up, or up again, on the same port and file. */
    public void start() {
        server.start();
        Await.until("the receiver listens", Duration.ofSeconds(30), this::listens, server::logTail);
    }

    /** SIGKILL. */
    public void kill() {
        server.kill();
    }

    public void freeze() {
        server.freeze();
    }

    public void thaw() {
        server.thaw();
    }

    /** What was written down, in the order in which it came. */
    public List<String> deliveries() {
        try {
            Path file = directory.resolve(FILE);
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        server.close();
    }

    private boolean listens() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1_000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** The child: its argument is the port. */
    public static void main(String[] arguments) {
        Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
        GrpcServer server = GrpcServer.server(vertx, new GrpcServerOptions().setMaxMessageSize(8L << 20));
        server.callHandler(
                LogReceiverGrpcService.Deliver,
                call -> call.handler(request -> {
                    write(request);
                    call.response().end(DeliverResponse.getDefaultInstance());
                }));
        vertx.createHttpServer()
                .requestHandler(server)
                .listen(Integer.parseInt(arguments[0]), "127.0.0.1")
                .onFailure(failure -> Runtime.getRuntime().halt(1));
        vertx.setTimer(LIFE.toMillis(), end -> Runtime.getRuntime().halt(0));
    }

    private static void write(DeliverRequest request) {
        try {
            Files.writeString(
                    Path.of(FILE),
                    request.getAttempt() + " " + request.getEntryId() + " "
                            + request.getKey().toStringUtf8() + "\n",
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

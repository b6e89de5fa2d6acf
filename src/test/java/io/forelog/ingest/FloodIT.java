package io.forelog.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.access.Admission;
import io.forelog.access.Identities;
import io.forelog.access.Locks;
import io.forelog.access.NamespaceRights;
import io.forelog.config.LocksConfig.ConnectionsConfig;
import io.forelog.rig.Await;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientConnection;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpConnectOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Callers who take more than their share of connections and time: they lose theirs, the others are served. */
@Timeout(60)
class FloodIT {
    private static final int PER_ADDRESS = 5;
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private EdgeFixture fixture;

    @BeforeEach
    void start() {
        fixture = new EdgeFixture(
                EdgeLimits.DEFAULT,
                Admission.OPEN,
                EntryDesk.NONE,
                Duration.ofMillis(300),
                new Locks(
                        Identities.OPEN,
                        NamespaceRights.open(),
                        null,
                        new ConnectionsConfig(100, PER_ADDRESS, Duration.ofSeconds(1))));
        fixture.durable("ns");
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket("127.0.0.1", fixture.edge.httpPort());
        socket.setSoTimeout(5_000);
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** The first line of the answer; empty where the connection was closed without one. */
    private static String answer(Socket socket) {
        try {
            return new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            return "";
        }
    }

    private static String write() {
        return "POST /v1/namespaces/ns/entries HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx";
    }

    private boolean isServed() {
        try (Socket socket = connect()) {
            send(socket, write());
            return answer(socket).equals("HTTP/1.1 201");
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void oneConnectionMoreThanAnAddressMayHaveIsClosedAndAPlaceThatIsLeftIsFree() throws IOException {
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < PER_ADDRESS; i++) {
            Socket socket = connect();
            send(socket, write());
            assertThat(answer(socket)).isEqualTo("HTTP/1.1 201");
            sockets.add(socket);
        }
        assertThat(isServed()).isFalse();
        assertThat(fixture.registry
                        .get("forelog.connections.refused")
                        .functionCounter()
                        .count())
                .isPositive();
        sockets.remove(0).close();
        Await.until("a place is free", LIMIT, this::isServed);
        for (Socket socket : sockets) {
            socket.close();
        }
        Await.until(
                "all are counted out",
                LIMIT,
                () -> fixture.registry.get("forelog.connections").gauge().value() == 0);
    }

    /** A byte now and then: never idle, never done. */
    private boolean endsUnanswered(String begin) throws IOException {
        try (Socket socket = connect()) {
            socket.setSoTimeout(100);
            send(socket, begin);
            for (int i = 0; i < 100; i++) {
                try {
                    send(socket, "a");
                    return socket.getInputStream().read() < 0;
                } catch (SocketTimeoutException e) {
                    // it is still listened to
                } catch (IOException e) {
                    return true;
                }
            }
            return false;
        }
    }

    @Test
    void aRequestThatDoesNotComeToAnEndIsGivenUp() throws IOException {
        assertThat(endsUnanswered("POST /v1/namespaces/ns/entries HTTP/1.1\r\nHost: x\r\nX-Slow: "))
                .as("in its headers")
                .isTrue();
        assertThat(
                        endsUnanswered(
                                "POST /v1/namespaces/ns/entries HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 500\r\n\r\n"))
                .as("in its body")
                .isTrue();
        // Who waits between whole requests is not slow.
        try (Socket socket = connect()) {
            for (int i = 0; i < 3; i++) {
                send(socket, write());
                assertThat(wholeAnswer(socket)).startsWith("HTTP/1.1 201");
                Await.pause(Duration.ofMillis(1_500));
            }
        }
    }

    private static String wholeAnswer(Socket socket) throws IOException {
        StringBuilder all = new StringBuilder();
        while (all.indexOf("}") < 0) {
            int next = socket.getInputStream().read();
            if (next < 0) {
                break;
            }
            all.append((char) next);
        }
        return all.toString();
    }

    @Test
    void aFloodOfStreamsThatAreResetEndsItsConnectionAlone() {
        HttpClientAgent client = fixture.vertx.createHttpClient(
                new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2).setHttp2ClearTextUpgrade(false));
        HttpClientConnection connection = EdgeFixture.wait(
                client.connect(new HttpConnectOptions().setHost("127.0.0.1").setPort(fixture.edge.grpcPort())));
        AtomicBoolean closed = new AtomicBoolean();
        connection.closeHandler(done -> closed.set(true));
        Await.until("the flood is cut off", LIMIT, () -> {
            for (int i = 0; i < 500 && !closed.get(); i++) {
                connection
                        .request(new RequestOptions()
                                .setMethod(HttpMethod.POST)
                                .setURI("/forelog.v1.WriteAheadLog/WriteToLog"))
                        .onSuccess(request -> {
                            request.setChunked(true).sendHead();
                            request.reset(8);
                        });
            }
            Await.pause(Duration.ofMillis(50));
            return closed.get();
        });
        assertThat(isServed()).isTrue();
    }
}

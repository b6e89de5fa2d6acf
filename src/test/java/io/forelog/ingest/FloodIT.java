package io.forelog.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.access.Admission;
import io.forelog.access.Identities;
import io.forelog.access.Locks;
import io.forelog.access.NamespaceRights;
import io.forelog.config.LocksConfig.ConnectionsConfig;
import io.forelog.rig.Await;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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

    private static void frame(ByteArrayOutputStream out, int type, int flags, int stream, int... payload) {
        for (int each :
                new int[] {0, 0, payload.length, type, flags, stream >>> 24, stream >>> 16, stream >>> 8, stream}) {
            out.write(each);
        }
        for (int each : payload) {
            out.write(each);
        }
    }

    /** HEADERS of a POST and RST_STREAM behind it (RFC 9113, 6.2 and 6.4), as fast as the connection takes them. */
    @Test
    void aFloodOfStreamsThatAreResetEndsItsConnectionAlone() throws IOException {
        try (Socket socket = new Socket("127.0.0.1", fixture.edge.grpcPort())) {
            socket.setSoTimeout(10_000);
            ByteArrayOutputStream flood = new ByteArrayOutputStream();
            flood.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            frame(flood, 4, 0, 0);
            for (int stream = 1; stream < 20_000; stream += 2) {
                frame(flood, 1, 4, stream, 0x83, 0x86, 0x84);
                frame(flood, 3, 0, stream, 0, 0, 0, 8);
            }
            assertThat(isCutOff(socket, flood.toByteArray())).isTrue();
        }
        assertThat(isServed()).isTrue();
    }

    private static boolean isCutOff(Socket socket, byte[] flood) {
        try {
            socket.getOutputStream().write(flood);
            byte[] answers = new byte[64 << 10];
            int count = 0;
            while (count >= 0) {
                count = socket.getInputStream().read(answers);
            }
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }
}

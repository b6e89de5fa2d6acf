package io.forelog.rig;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * A TCP relay to a server on loopback that can be made to misbehave: refuse, cut, reset, stall, strand, delay, close one half. Two daemon
 * threads a connection, so for hundreds of connections at most; its switches may be turned by any thread.
 */
public final class TcpProxy implements AutoCloseable {
    private static final int CHUNK = 16 * 1024;

    private final ServerSocket listener;
    private final int upstreamPort;
    private final Set<Pair> pairs = ConcurrentHashMap.newKeySet();
    private volatile boolean refusing;
    private volatile long delayMillis;

    private volatile Consumer<String> tap = text -> {};

    private final Object gate = new Object();
    private boolean stalled;

    /** Listens on a free port of loopback. */
    public TcpProxy(int upstreamPort) {
        this(InetAddress.getLoopbackAddress(), 0, upstreamPort);
    }

    /** Listens on another address of this machine; on any free port where {@code port} is 0. */
    public TcpProxy(InetAddress address, int port, int upstreamPort) {
        this.upstreamPort = upstreamPort;
        try {
            this.listener = new ServerSocket(port, 256, address);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        daemon("proxy-accept", this::accept);
    }

    /** {@code listener} gets what clients send from now on, in pieces, each byte a character. */
    public void tap(Consumer<String> listener) {
        tap = listener;
    }

    public int port() {
        return listener.getLocalPort();
    }

    public int connections() {
        return pairs.size();
    }

    /** From now on, until {@link #heal}: a connection made is reset at once. Those that exist live on. */
    public void refuse() {
        refusing = true;
    }

    /** Closes every connection in good order. */
    public void cut() {
        pairs.forEach(Pair::close);
    }

    /** Ends every connection by RST. */
    public void reset() {
        pairs.forEach(Pair::reset);
    }

    /** From now on, until {@link #heal}: connections stay up and carry nothing, either way. */
    public void stall() {
        synchronized (gate) {
            stalled = true;
        }
    }

    /** The connections that exist stay up and carry nothing more, for ever, as over a path that is gone; new ones do. */
    public void strand() {
        pairs.forEach(pair -> pair.stranded = true);
    }

    /** Each chunk waits this long. Zero = at once. */
    public void delay(Duration time) {
        delayMillis = time.toMillis();
    }

    /** The upstream sees the end of what clients send; what it answers still goes through. */
    public void halfClose() {
        pairs.forEach(Pair::halfClose);
    }

    public void heal() {
        refusing = false;
        delayMillis = 0;
        synchronized (gate) {
            stalled = false;
            gate.notifyAll();
        }
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            // closed is what it should be
        }
        cut();
        heal();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                if (refusing) {
                    client.setSoLinger(true, 0);
                    client.close();
                } else {
                    open(client);
                }
            } catch (IOException e) {
                // closed, or a client that left: the loop's condition tells which
            }
        }
    }

    private void open(Socket client) throws IOException {
        Socket server = new Socket();
        try {
            server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), upstreamPort), 2_000);
        } catch (IOException e) {
            server.close();
            client.setSoLinger(true, 0);
            client.close();
            return;
        }
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        Pair pair = new Pair(client, server);
        pairs.add(pair);
        daemon("proxy-up", () -> pump(pair, client, server));
        daemon("proxy-down", () -> pump(pair, server, client));
    }

    private void pump(Pair pair, Socket from, Socket to) {
        byte[] chunk = new byte[CHUNK];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                if (from == pair.client) {
                    tap.accept(new String(chunk, 0, read, StandardCharsets.ISO_8859_1));
                }
                hold();
                if (pair.stranded) {
                    continue;
                }
                out.write(chunk, 0, read);
                out.flush();
            }
            to.shutdownOutput();
            if (from.isOutputShutdown()) {
                pair.close();
            }
        } catch (IOException e) {
            pair.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void hold() throws InterruptedException {
        if (delayMillis > 0) {
            Thread.sleep(delayMillis);
        }
        synchronized (gate) {
            while (stalled) {
                gate.wait();
            }
        }
    }

    private static void daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** A client's connection and its counterpart. */
    private final class Pair {
        private final Socket client;
        private final Socket server;
        private volatile boolean stranded;

        Pair(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        void close() {
            pairs.remove(this);
            quietly(client::close);
            quietly(server::close);
        }

        void reset() {
            quietly(() -> client.setSoLinger(true, 0));
            quietly(() -> server.setSoLinger(true, 0));
            close();
        }

        void halfClose() {
            quietly(server::shutdownOutput);
        }
    }

    private interface Closing {
        void run() throws IOException;
    }

    private static void quietly(Closing closing) {
        try {
            closing.run();
        } catch (IOException e) {
            // it was closed already
        }
    }
}

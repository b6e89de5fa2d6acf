package io.forelog.target.memcached;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.forelog.model.Ticker;
import io.forelog.target.Pipeline;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import org.jspecify.annotations.Nullable;

/** The replies of memcached's text protocol to commands that have one line of answer. Stateless, any thread. */
public final class MemcachedProtocol implements Pipeline.Protocol {
    /** As many as a writer may have out at its highest adaptive limit. */
    private static final int WAITING_MAX = 200 * MemcachedTargetAdapter.BATCH_MAX;

    private static final long REST_MICROS = 1_000_000L;
    private static final String STORED = "STORED";

    private MemcachedProtocol() {}

    /** {@code login}: a command that opens each connection; null = none. */
    public static Pipeline node(
            Vertx vertx,
            NetClient client,
            NodeAddress address,
            @Nullable Buffer login,
            long timeoutMillis,
            Ticker ticker) {
        return new Pipeline(
                vertx,
                client,
                new Pipeline.Server(
                        address.host(),
                        address.port(),
                        address.name(),
                        login == null ? null : new Pipeline.Login(login, 1)),
                new MemcachedProtocol(),
                new Pipeline.Limits(WAITING_MAX, timeoutMillis, REST_MICROS),
                ticker);
    }

    @Override
    public int end(Buffer data, int from) {
        for (int i = from; i < data.length(); i++) {
            if (data.getByte(i) == '\n') {
                return i + 1;
            }
        }
        return -1;
    }

    @Override
    public String reply(Buffer data, int from, int end) {
        int last = end - from > 1 && data.getByte(end - 2) == '\r' ? end - 2 : end - 1;
        return last - from == 6 && data.getByte(from) == 'S' && data.getByte(from + 5) == 'D'
                ? STORED
                : data.getString(from, last, UTF_8.name());
    }

    @Override
    public boolean inStep(String line) {
        return MemcachedOutcomes.inStep(line);
    }

    @Override
    public boolean welcomes(String line) {
        return line.equals(STORED);
    }
}

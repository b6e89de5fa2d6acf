package io.forelog.access;

import io.forelog.config.LocksConfig.ConnectionsConfig;
import io.forelog.observe.LogKeys;
import io.forelog.observe.MetricNames;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who may connect: so many to a port, so many of them from one address, and none who asks for nothing. Stands before TLS and HTTP, of
 * which the caller may never say a word. Bounded by the limits; any thread.
 */
public final class Doors {
    private static final Logger LOG = LoggerFactory.getLogger(Doors.class);
    private static final String NAME = "door";
    private static final long TELL_NANOS = 10_000_000_000L;

    private final ConnectionsConfig limits;
    private final Map<String, Integer> inside = new ConcurrentHashMap<>();
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicLong refused = new AtomicLong();
    private final AtomicLong told = new AtomicLong(System.nanoTime() - TELL_NANOS);

    public Doors(ConnectionsConfig limits) {
        this.limits = limits;
    }

    public void measure(MeterRegistry metrics) {
        Gauge.builder(MetricNames.CONNECTIONS, open, AtomicInteger::get).register(metrics);
        FunctionCounter.builder(MetricNames.CONNECTIONS_REFUSED, refused, AtomicLong::get)
                .register(metrics);
    }

    /** A whole request has come, or an HTTP/2 connection stands: from now on others watch it. On its event loop. */
    public static void arrived(Channel channel) {
        if (channel.pipeline().get(NAME) != null) {
            channel.pipeline().remove(NAME);
        }
    }

    /** For a listener: sees the connections that it has accepted. */
    Keeper keeper() {
        return new Keeper();
    }

    private boolean enters(Channel connection) {
        String port = "port " + port(connection);
        String address = address(connection) + ", " + port;
        int all = inside.merge(port, 1, Integer::sum);
        int here = inside.merge(address, 1, Integer::sum);
        if (all <= limits.max() && here <= limits.perAddress()) {
            open.incrementAndGet();
            connection.closeFuture().addListener(closed -> {
                open.decrementAndGet();
                leave(port);
                leave(address);
            });
            return true;
        }
        leave(port);
        leave(address);
        if (all > limits.max()) {
            refuse(port, "connections.max: " + limits.max());
        } else {
            refuse(address, "connections.per_address: " + limits.perAddress());
        }
        return false;
    }

    private void leave(String key) {
        inside.computeIfPresent(key, (same, count) -> count == 1 ? null : count - 1);
    }

    private void refuse(String who, String limit) {
        refused.incrementAndGet();
        long now = System.nanoTime();
        long last = told.get();
        if (now - last >= TELL_NANOS && told.compareAndSet(last, now)) {
            LOG.atWarn()
                    .addKeyValue(LogKeys.REASON, limit)
                    .addKeyValue(LogKeys.CLIENT, who)
                    .log("Connections are refused");
        }
    }

    private static String address(Channel connection) {
        return connection.remoteAddress() instanceof InetSocketAddress remote && remote.getAddress() != null
                ? remote.getAddress().getHostAddress()
                : "";
    }

    private static int port(Channel connection) {
        return connection.localAddress() instanceof InetSocketAddress local ? local.getPort() : 0;
    }

    /** On the listener. */
    final class Keeper extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext listener, Object accepted) {
            Channel connection = (Channel) accepted;
            if (enters(connection)) {
                connection.pipeline().addFirst(NAME, new Patience());
                listener.fireChannelRead(accepted);
            } else {
                connection.unsafe().closeForcibly();
            }
        }
    }

    /** On a connection, until it has {@link #arrived}. */
    private final class Patience extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext connection) {
            long millis = limits.requestLimit().toMillis();
            var ending = connection.executor().schedule(() -> late(connection), millis, TimeUnit.MILLISECONDS);
            connection.channel().closeFuture().addListener(closed -> ending.cancel(false));
            connection.fireChannelActive();
        }

        private void late(ChannelHandlerContext connection) {
            if (!connection.isRemoved()) {
                connection.close();
            }
        }
    }
}

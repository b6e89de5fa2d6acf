package io.forelog.ingest;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Ends a connection of HTTP/1 whose request does not come to an end, the first one's head aside, of which the door takes care: who
 * sends a byte now and then is never idle. Looks a few times within the limit, so that a read costs no look at the clock. Owned by the connection's event loop.
 */
final class SlowRequests {
    private static final String HTTP_1 = "httpDecoder";
    private static final int LOOKS = 4;

    private final ChannelHandlerContext connection;
    private final ScheduledFuture<?> timer;
    private boolean underWay;
    private boolean inside;
    private int looks;

    private SlowRequests(ChannelHandlerContext connection, Duration limit) {
        this.connection = connection;
        long period = limit.toMillis() / LOOKS;
        this.timer = connection.executor().scheduleWithFixedDelay(this::look, period, period, TimeUnit.MILLISECONDS);
    }

    /** Null where it is not HTTP/1. */
    static @Nullable SlowRequests watch(ChannelHandlerContext connection, Duration limit) {
        ChannelPipeline pipeline = connection.pipeline();
        if (pipeline.get(HTTP_1) == null) {
            return null;
        } else {
            SlowRequests watch = new SlowRequests(connection, limit);
            pipeline.addBefore(HTTP_1, "requestBegins", watch.new Begins());
            pipeline.addAfter(HTTP_1, "requestEnds", watch.new Ends());
            return watch;
        }
    }

    /** A request has begun to come, head or body, and its end has not. */
    boolean inside() {
        return inside;
    }

    private void look() {
        if (!underWay) {
            looks = 0;
        } else if (++looks > LOOKS) {
            connection.close();
        }
    }

    private final class Begins extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            underWay = true;
            ctx.fireChannelRead(message);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            timer.cancel(false);
            ctx.fireChannelInactive();
        }
    }

    private final class Ends extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            inside = !(message instanceof LastHttpContent); // the first head has passed before this looked
            if (!inside) {
                underWay = false;
                looks = 0;
            }
            ctx.fireChannelRead(message);
        }
    }
}

package io.forelog.ingest;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.vertx.core.http.impl.HttpServerConnection;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1 client that closes its own side behind a whole request ({@code nc -N}) still gets its answer. The connection
 * ends behind it, or at once where nothing is asked or the request is not whole. Owned by the connection's event loop; no work for a message.
 */
final class HalfClose extends ChannelInboundHandlerAdapter {
    private static final String HTTP_1 = "httpDecoder";

    private final HttpServerConnection connection;

    private final SlowRequests requests;

    private HalfClose(HttpServerConnection connection, SlowRequests requests) {
        this.requests = requests;
        this.connection = connection;
    }

    /** {@code requests}: null where it is not HTTP/1. */
    static void allow(HttpServerConnection connection, @Nullable SlowRequests requests) {
        ChannelPipeline pipeline = connection.channelHandlerContext().pipeline();
        if (requests != null) {
            pipeline.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
            pipeline.addFirst(new HalfClose(connection, requests));
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        ctx.fireUserEventTriggered(event);
        if (event == ChannelInputShutdownEvent.INSTANCE) {
            // It became HTTP/2, or what it asks will never be whole.
            if (ctx.pipeline().get(HTTP_1) == null || requests.inside()) {
                ctx.close();
            } else {
                connection.shutdown(EdgeVerticle.IDLE_SECONDS, TimeUnit.SECONDS);
            }
        }
    }
}

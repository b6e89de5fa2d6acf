package io.forelog.ingest;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.vertx.core.http.impl.HttpServerConnection;
import java.util.concurrent.TimeUnit;

/**
 * An HTTP/1 client that closes its own side behind a whole request ({@code nc -N}) still gets its answer. The connection
 * ends behind it, or at once where nothing is asked. Owned by the connection's event loop; no work for a message.
 */
final class HalfClose extends ChannelInboundHandlerAdapter {
    private static final String HTTP_1 = "httpDecoder";

    private final HttpServerConnection connection;

    private HalfClose(HttpServerConnection connection) {
        this.connection = connection;
    }

    static void allow(HttpServerConnection connection) {
        ChannelPipeline pipeline = connection.channelHandlerContext().pipeline();
        if (pipeline.get(HTTP_1) != null) {
            pipeline.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
            pipeline.addFirst(new HalfClose(connection));
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        ctx.fireUserEventTriggered(event);
        if (event == ChannelInputShutdownEvent.INSTANCE) {
            if (ctx.pipeline().get(HTTP_1) == null) { // it became HTTP/2
                ctx.close();
            } else {
                connection.shutdown(EdgeVerticle.IDLE_SECONDS, TimeUnit.SECONDS);
            }
        }
    }
}

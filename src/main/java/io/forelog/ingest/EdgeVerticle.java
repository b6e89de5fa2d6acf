package io.forelog.ingest;

import io.forelog.access.Doors;
import io.forelog.access.TlsFiles;
import io.forelog.bus.Address;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.flush.FlushConsolidationHandler;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.impl.HttpServerConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The edge on one event loop: its servers, its intake, its coalescer. Owned by that loop; {@link #drain} may be called
 * from any thread. All instances share their ports.
 */
final class EdgeVerticle extends VerticleBase {
    private static final int FLUSHES_MAX = 256;
    private static final int STREAMS_MAX = 1_000;
    private static final int STREAM_WINDOW_BYTES = 1 << 20;
    private static final int CONNECTION_WINDOW_BYTES = 4 << 20;
    private static final int RESETS_MAX = 2_000;
    private static final int HEADER_BYTES_MAX = 32 << 10;
    /** Nothing read for so long: a clock that is asked at every write, too, costs a listener and a look at the time each. */
    static final int IDLE_SECONDS = 75;

    private static final long DRAIN_STEP_MILLIS = 10;
    private static final long CLOSE_SECONDS = 5;
    private static final long LEAVE_MILLIS = 1_000;

    private final Edge edge;
    private final int index;
    private AppendCoalescer coalescer;
    private HttpServer http;
    private HttpServer grpc;
    private final Set<Channel> listeners = new HashSet<>();
    private final Set<HttpConnection> multiplexed = new HashSet<>();

    @SuppressWarnings("NullAway.Init")
    EdgeVerticle(Edge edge, int index) {
        this.edge = edge;
        this.index = index;
    }

    @Override
    public Future<?> start() {
        coalescer = new AppendCoalescer(
                (batch, limit, patience) ->
                        edge.bus().request(Address.APPEND, batch.namespace(), batch, limit, patience),
                edge.ticker(),
                edge.limits(),
                edge.admission(),
                new VertxLoop(context));
        Intake intake = new Intake(
                edge.namespaces(),
                edge.admission(),
                edge.locks(),
                edge.ticker(),
                edge.limits(),
                edge.registry(),
                coalescer,
                edge::draining);
        GrpcEdge grpcEdge = new GrpcEdge(
                vertx, intake, () -> !edge.draining(), edge.settings().bench());
        HttpEdge httpEdge = new HttpEdge(
                intake,
                new HttpEntryCall(edge.desk(), edge.ticker(), intake.bodies()),
                edge.pages(),
                edge.settings().bench());
        measureLag();
        http = server(request -> {
            if (isGrpc(request)) {
                grpcEdge.handle(request);
            } else {
                httpEdge.handle(request);
            }
        });
        grpc = server(grpcEdge);
        return listen("http", http, edge.settings().httpPort(), -1)
                .compose(listening -> listen("grpc", grpc, edge.settings().grpcPort(), -2))
                .onSuccess(listening -> edge.listening(http.actualPort(), grpc.actualPort()));
    }

    private static boolean isGrpc(HttpServerRequest request) {
        if (request.version() != HttpVersion.HTTP_2) {
            return false;
        }
        String type = request.getHeader(HttpHeaders.CONTENT_TYPE);
        return type != null && type.startsWith("application/grpc");
    }

    private HttpServer server(Handler<HttpServerRequest> handler) {
        HttpServerOptions options = new HttpServerOptions()
                .setHost(edge.settings().host())
                .setMaxHeaderSize(HEADER_BYTES_MAX)
                .setReadIdleTimeout(IDLE_SECONDS)
                .setHttp2ConnectionWindowSize(CONNECTION_WINDOW_BYTES)
                .setHttp2RstFloodMaxRstFramePerWindow(RESETS_MAX)
                .setHttp2RstFloodWindowDuration(1)
                .setHttp2RstFloodWindowDurationTimeUnit(TimeUnit.SECONDS)
                .setInitialSettings(new Http2Settings()
                        .setMaxConcurrentStreams(STREAMS_MAX)
                        .setMaxHeaderListSize(HEADER_BYTES_MAX)
                        .setInitialWindowSize(STREAM_WINDOW_BYTES));
        TlsFiles tls = edge.locks().tls();
        if (tls != null) {
            tls.lock(options);
            options.setUseAlpn(true);
        }
        return vertx.createHttpServer(options)
                .connectionHandler(this::equip)
                .invalidRequestHandler(HttpAnswers::invalid)
                .requestHandler(handler);
    }

    /**
     * The answers of one batch leave with one system call a connection, not one (HTTP/2: two) an answer. A flush runs from
     * the end of the pipeline to its front: with HTTP/2 it is held back before it makes the codec look at every stream.
     */
    private void equip(HttpConnection connection) {
        if (connection instanceof HttpServerConnection server) {
            ChannelPipeline pipeline = server.channelHandlerContext().pipeline();
            Doors.arrived(pipeline.channel());
            listeners.add(pipeline.channel().parent());
            ChannelHandler consolidation = new FlushConsolidationHandler(FLUSHES_MAX, true);
            if (pipeline.get(Http2ConnectionHandler.class) != null) {
                pipeline.addLast(consolidation);
                multiplexed.add(connection);
                connection.closeHandler(closed -> multiplexed.remove(connection));
            } else {
                pipeline.addFirst(consolidation);
            }
            HalfClose.allow(
                    server,
                    SlowRequests.watch(
                            server.channelHandlerContext(),
                            edge.locks().connections().requestLimit()));
        }
    }

    /** Servers of one deployment that ask for the same negative port share one that is free. */
    private Future<HttpServer> listen(String name, HttpServer server, int port, int anyPort) {
        return server.listen(port == 0 ? anyPort : port)
                .recover(failure -> Future.failedFuture(new WalException(
                        ErrorCode.UNAVAILABLE,
                        "ports." + name + ": " + edge.settings().host() + ":" + port + ": " + failure.getMessage()
                                + " (expected: an address of this machine and a free port; 0 = any)",
                        failure)));
    }

    private void measureLag() {
        long periodMicros = LoopLag.PERIOD_MILLIS * 1_000;
        long[] last = {edge.ticker().micros()};
        vertx.setPeriodic(LoopLag.PERIOD_MILLIS, id -> {
            long now = edge.ticker().micros();
            edge.lag().record(index, now - last[0] - periodMicros);
            last[0] = now;
        });
    }

    /** Connections made from now on see the certificate as it is now. */
    Future<Void> renewCertificate() {
        TlsFiles tls = edge.locks().tls();
        return tls == null
                ? Future.succeededFuture()
                : Future.join(http.updateSSLOptions(tls.renewed()), grpc.updateSSLOptions(tls.renewed()))
                        .mapEmpty();
    }

    /** Ends when every caller is answered; UNKNOWN at the latest when the drain time is over. Any thread. */
    Future<Void> drain() {
        Promise<Void> drained = Promise.promise();
        long until = edge.ticker().millis() + edge.settings().drain().toMillis();
        context.runOnContext(start -> drainUntil(until, drained));
        return drained.future();
    }

    private void drainUntil(long untilMillis, Promise<Void> drained) {
        if (coalescer.unanswered() > 0 && edge.ticker().millis() >= untilMillis) {
            coalescer.giveUp("the node went down before the queue answered");
        }
        if (coalescer.unanswered() == 0) {
            drained.complete();
        } else {
            vertx.setTimer(DRAIN_STEP_MILLIS, id -> drainUntil(untilMillis, drained));
        }
    }

    /**
     * Who writes as its connection is closed knows nothing of the write. So nobody connects any more; then those who are there are told
     * to go elsewhere, and heard out until they are gone. HTTP/1.1 knows no such word.
     */
    @Override
    public Future<?> stop() {
        List<Future<Void>> closed = new ArrayList<>();
        for (Channel listener : listeners) {
            Promise<Void> promise = Promise.promise();
            listener.close().addListener(done -> context.runOnContext(back -> promise.complete()));
            closed.add(promise.future());
        }
        return Future.join(closed)
                .timeout(CLOSE_SECONDS, TimeUnit.SECONDS)
                .otherwiseEmpty()
                .compose(unbound -> {
                    multiplexed.forEach(connection -> connection.goAway(0, Integer.MAX_VALUE));
                    return heardOut(edge.ticker().millis() + LEAVE_MILLIS);
                })
                .compose(left -> shut());
    }

    private Future<Void> heardOut(long untilMillis) {
        return multiplexed.isEmpty() || edge.ticker().millis() >= untilMillis
                ? Future.succeededFuture()
                : vertx.timer(DRAIN_STEP_MILLIS).compose(waited -> heardOut(untilMillis));
    }

    private Future<?> shut() {
        // Instances that stop together race for the shared sockets: one that never hears back must not hold the node.
        return Future.join(http.shutdown(1, TimeUnit.SECONDS), grpc.shutdown(1, TimeUnit.SECONDS))
                .timeout(CLOSE_SECONDS, TimeUnit.SECONDS)
                .otherwiseEmpty();
    }

    /** Comes back on the verticle's own context. */
    private record VertxLoop(Context context) implements AppendCoalescer.Loop {
        @Override
        public void soon(Runnable task) {
            context.runOnContext(ignored -> task.run());
        }

        @Override
        public void after(Duration delay, Runnable task) {
            context.owner().setTimer(delay.toMillis(), ignored -> task.run());
        }
    }
}

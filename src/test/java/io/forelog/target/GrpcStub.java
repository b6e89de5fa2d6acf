package io.forelog.target;

import com.google.protobuf.Any;
import com.google.rpc.RetryInfo;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerOptions;
import io.vertx.grpc.server.GrpcServerResponse;
import java.util.Base64;
import java.util.function.Consumer;

/** A gRPC server of a test, on a Vert.x of its own and a free port of loopback; one test thread. */
public final class GrpcStub implements AutoCloseable {
    public final Vertx vertx = Vertx.vertx();
    private HttpServer server;

    /** In place of the one that listened before. {@code handlers}: what it answers. */
    public GrpcStub listen(HttpServerOptions options, Consumer<GrpcServer> handlers) {
        stop();
        GrpcServer grpc = GrpcServer.server(vertx, new GrpcServerOptions().setMaxMessageSize(16L << 20));
        handlers.accept(grpc);
        server = WriterRig.await(
                vertx.createHttpServer(options).requestHandler(grpc).listen(0, "127.0.0.1"));
        return this;
    }

    public int port() {
        return server.actualPort();
    }

    /** Nobody listens any more. */
    public void stop() {
        if (server != null) {
            WriterRig.await(server.close());
        }
    }

    /** The status that follows says when to come again. */
    public static void retryInfo(GrpcServerResponse<?, ?> response, long seconds) {
        com.google.rpc.Status details = com.google.rpc.Status.newBuilder()
                .addDetails(Any.pack(RetryInfo.newBuilder()
                        .setRetryDelay(com.google.protobuf.Duration.newBuilder().setSeconds(seconds))
                        .build()))
                .build();
        response.trailers()
                .set(
                        "grpc-status-details-bin",
                        Base64.getEncoder().withoutPadding().encodeToString(details.toByteArray()));
    }

    @Override
    public void close() {
        WriterRig.await(vertx.close());
    }
}

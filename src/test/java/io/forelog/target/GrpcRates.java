package io.forelog.target;

import com.google.protobuf.ByteString;
import io.forelog.wire.v1.DeliverRequest;
import io.forelog.wire.v1.DeliverResponse;
import io.forelog.wire.v1.LogReceiverGrpcClient;
import io.forelog.wire.v1.LogReceiverGrpcService;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.server.GrpcServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Measures delivery through the writer to a local gRPC service, 1 KiB a payload, beside a bare Vert.x client that calls the same service with as many
 * calls in flight and a deadline on each. A main, not a test: figures are ratios of one run.
 */
public final class GrpcRates {
    private static final int IN_FLIGHT = 64;

    private GrpcRates() {}

    public static void main(String[] args) throws Exception {
        Path data = Files.createTempDirectory("rates");
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
        Vertx vertx = Vertx.vertx();
        GrpcServer grpc = GrpcServer.server(vertx);
        grpc.callHandler(
                LogReceiverGrpcService.Deliver,
                call -> call.handler(request -> call.response().end(DeliverResponse.getDefaultInstance())));
        HttpServer server = vertx.createHttpServer().requestHandler(grpc);
        WriterRig.await(server.listen(0, "127.0.0.1"));
        try (WriterRig rig = new WriterRig(data)) {
            rig.deploy(
                    "grpc",
                    Map.of("address", "127.0.0.1:" + server.actualPort()),
                    new TargetSpec.Limit(IN_FLIGHT, 0, Duration.ofSeconds(10), 1));
            for (int run = 0; run < 3; run++) {
                double bare = bare(rig.vertx, server.actualPort(), seconds);
                double target = DeliveryRates.loop(seconds, 4, IN_FLIGHT, rig::send);
                System.out.printf(
                        "grpc, 64 in flight           %,.0f/s; bare client %,.0f/s; ratio %.2f%n",
                        target, bare, target / bare);
            }
        }
        WriterRig.await(vertx.close());
    }

    private static double bare(Vertx vertx, int port, int seconds) {
        GrpcClient client = GrpcClient.client(vertx);
        DeliverRequest request = DeliverRequest.newBuilder()
                .setNamespace("shop")
                .setEntryId("018f0000-0000-7000-8000-000000000000")
                .setPayload(ByteString.copyFrom(new byte[1024]))
                .build();
        SocketAddress server = SocketAddress.inetSocketAddress(port, "127.0.0.1");
        long until = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        Context context = vertx.getOrCreateContext();
        AtomicInteger done = new AtomicInteger();
        List<Future<Void>> loops = new ArrayList<>();
        for (int i = 0; i < IN_FLIGHT; i++) {
            Promise<Void> end = Promise.promise();
            loops.add(end.future());
            context.runOnContext(go -> call(client, server, request, until, done, end));
        }
        WriterRig.await(Future.join(loops));
        WriterRig.await(client.close());
        return done.get() / (double) seconds;
    }

    private static void call(
            GrpcClient client,
            SocketAddress server,
            DeliverRequest message,
            long until,
            AtomicInteger done,
            Promise<Void> end) {
        if (System.nanoTime() > until) {
            end.complete();
            return;
        }
        client.request(server, LogReceiverGrpcClient.Deliver)
                .compose(request ->
                        request.timeout(10, TimeUnit.SECONDS).send(message).compose(response -> response.last()))
                .onComplete(answer -> {
                    done.addAndGet(answer.succeeded() ? 1 : 0);
                    call(client, server, message, until, done, end);
                });
    }
}

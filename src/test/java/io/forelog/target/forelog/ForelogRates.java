package io.forelog.target.forelog;

import com.google.protobuf.ByteString;
import io.forelog.rig.ForelogProcess;
import io.forelog.target.DeliveryRates;
import io.forelog.target.Rates;
import io.forelog.target.TargetSpec;
import io.forelog.target.WriterRig;
import io.forelog.wire.v1.IdempotencyToken;
import io.forelog.wire.v1.Target;
import io.forelog.wire.v1.Trilean;
import io.forelog.wire.v1.WriteAheadLogGrpcClient;
import io.forelog.wire.v1.WriteBatchRequest;
import io.forelog.wire.v1.WriteToLogRequest;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Measures the forelog target beside a tight loop of the same gRPC client that writes to the same instance: WriteBatch of 256 entries of 1 KiB, each with a
 * token, four at once. The other instance syncs each batch and delivers it to its kv tables meanwhile. A main, not a test: figures are ratios of
 * one run.
 */
public final class ForelogRates {
    private static final int AT_ONCE = 4;
    private static final int BATCH = 256;
    private static final int KEYS = 100_000;
    private static final ByteString PAYLOAD = ByteString.copyFrom(new byte[1024]);

    private ForelogRates() {}

    public static void main(String[] args) throws Exception {
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
        try (ForelogProcess other = ForelogProcess.in(Files.createTempDirectory("rates-forelog"))
                        .forMeasuring()
                        .heap("768m")
                        .namespace("shop", "targets: [{name: here, type: kv, default: true}]")
                        .start();
                WriterRig rig = new WriterRig(Files.createTempDirectory("rates"))) {
            rig.deploy(
                    "forelog",
                    Map.of("address", "127.0.0.1:" + other.ports().grpc()),
                    new TargetSpec.Limit(AT_ONCE, 0, Duration.ofSeconds(20), BATCH));
            Rates.compare(
                    "forelog, 4 x 256",
                    seconds,
                    () -> settled(other, bare(rig.vertx, other.grpc(), seconds)),
                    () -> settled(other, DeliveryRates.loop(seconds, 2 * AT_ONCE, BATCH, rig::send)));
        }
        System.exit(0);
    }

    /** What one run leaves behind is not the next one's. */
    private static double settled(ForelogProcess other, double rate) {
        other.audit("shop").awaitSettled(Duration.ofMinutes(2));
        return rate;
    }

    private static double bare(Vertx vertx, SocketAddress server, int seconds) {
        GrpcClient client = GrpcClient.client(
                vertx,
                new GrpcClientOptions().setMaxMessageSize(16L << 20),
                new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2).setHttp2ClearTextUpgrade(false));
        long until = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        Context context = vertx.getOrCreateContext();
        AtomicInteger applied = new AtomicInteger();
        List<Future<Void>> loops = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
            Promise<Void> end = Promise.promise();
            loops.add(end.future());
            context.runOnContext(go -> write(client, server, until, applied, end));
        }
        WriterRig.await(Future.join(loops));
        WriterRig.await(client.close());
        return applied.get() / (double) seconds;
    }

    private static void write(
            GrpcClient client, SocketAddress server, long until, AtomicInteger applied, Promise<Void> end) {
        if (System.nanoTime() > until) {
            end.complete();
            return;
        }
        WriteBatchRequest message = batch(applied.get());
        client.request(server, WriteAheadLogGrpcClient.WriteBatch)
                .compose(request ->
                        request.timeout(20, TimeUnit.SECONDS).send(message).compose(response -> response.last()))
                .onComplete(answer -> {
                    if (answer.succeeded()) {
                        applied.addAndGet((int) answer.result().getOutcomesList().stream()
                                .filter(outcome -> outcome.getDurable() == Trilean.TRILEAN_TRUE)
                                .count());
                    }
                    write(client, server, until, applied, end);
                });
    }

    private static WriteBatchRequest batch(int from) {
        WriteBatchRequest.Builder batch = WriteBatchRequest.newBuilder();
        for (int i = 0; i < BATCH; i++) {
            batch.addEntries(WriteToLogRequest.newBuilder()
                    .setNamespace("shop")
                    .setPayload(PAYLOAD)
                    .setTarget(Target.newBuilder().setKey(ByteString.copyFromUtf8("key-" + (from + i) % KEYS)))
                    .setIdempotencyToken(IdempotencyToken.newBuilder()
                            .setToken(UUID.randomUUID().toString())));
        }
        return batch.build();
    }
}

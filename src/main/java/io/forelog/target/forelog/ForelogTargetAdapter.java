package io.forelog.target.forelog;

import io.forelog.model.Delivery;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.target.TargetAdapter;
import io.forelog.wire.v1.WriteAheadLogGrpcClient;
import io.forelog.wire.v1.WriteBatchRequest;
import io.forelog.wire.v1.WriteBatchResponse;
import io.forelog.wire.v1.WriteToLogRequest;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.GrpcStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A WriteBatch a batch, cut where it would grow too large for one message. Used on the context it was opened on; bounded by
 * the writer's requests in flight, all on one HTTP/2 connection.
 */
final class ForelogTargetAdapter implements TargetAdapter {
    static final int BATCH_MAX = 1_000;
    private static final int MESSAGE_BYTES = 4 << 20;
    private static final String DETAILS = "grpc-status-details-bin";

    private final GrpcClient client;
    private final NetClient prober;
    private final SocketAddress server;
    private final RemoteWrites writes;
    private final String authorization;
    private final long timeoutMillis;
    private final Ticker ticker;

    ForelogTargetAdapter(
            GrpcClient client,
            NetClient prober,
            SocketAddress server,
            RemoteWrites writes,
            String authorization,
            Duration timeout,
            Ticker ticker) {
        this.client = client;
        this.prober = prober;
        this.server = server;
        this.writes = writes;
        this.authorization = authorization;
        this.timeoutMillis = Math.max(1L, timeout.toMillis());
        this.ticker = ticker;
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        List<Future<List<Outcome>>> calls = new ArrayList<>(1);
        long now = ticker.micros();
        WriteBatchRequest.Builder message = WriteBatchRequest.newBuilder();
        int bytes = 0;
        for (Delivery delivery : batch) {
            WriteToLogRequest write = writes.of(delivery.entry(), now);
            int size = write.getSerializedSize();
            if (bytes > 0 && bytes + size > MESSAGE_BYTES) {
                calls.add(send(message.build()));
                message = WriteBatchRequest.newBuilder();
                bytes = 0;
            }
            message.addEntries(write);
            bytes += size;
        }
        calls.add(send(message.build()));
        return calls.size() == 1 ? calls.get(0) : joined(calls, batch.size());
    }

    private static Future<List<Outcome>> joined(List<Future<List<Outcome>>> calls, int count) {
        return Future.all(calls).map(all -> {
            List<Outcome> outcomes = new ArrayList<>(count);
            calls.forEach(call -> outcomes.addAll(call.result()));
            return outcomes;
        });
    }

    /** Never fails. */
    private Future<List<Outcome>> send(WriteBatchRequest message) {
        return client.request(server, WriteAheadLogGrpcClient.WriteBatch)
                .compose(request -> call(request, message))
                .recover(failure -> Future.succeededFuture(all(message, RemoteAnswers.unreached(failure))));
    }

    private Future<List<Outcome>> call(
            GrpcClientRequest<WriteBatchRequest, WriteBatchResponse> request, WriteBatchRequest message) {
        request.timeout(timeoutMillis, TimeUnit.MILLISECONDS);
        if (!authorization.isEmpty()) {
            request.headers().set("authorization", authorization);
        }
        return request.send(message).compose(response -> read(response, message));
    }

    private Future<List<Outcome>> read(
            GrpcClientResponse<WriteBatchRequest, WriteBatchResponse> response, WriteBatchRequest message) {
        Promise<List<Outcome>> promise = Promise.promise();
        response.last().onComplete(reply -> judge(response, reply, message).onComplete(promise), failure -> {
            if (response.status() == null || response.status() == GrpcStatus.OK) {
                promise.complete(all(message, RemoteAnswers.unreached(failure)));
            } else {
                judge(response, WriteBatchResponse.getDefaultInstance(), message)
                        .onComplete(promise);
            }
        });
        return promise.future();
    }

    private Future<List<Outcome>> judge(
            GrpcClientResponse<WriteBatchRequest, WriteBatchResponse> response,
            WriteBatchResponse reply,
            WriteBatchRequest message) {
        GrpcStatus status = response.status() == null ? GrpcStatus.OK : response.status();
        if (status == GrpcStatus.INVALID_ARGUMENT && message.getEntriesCount() > 1) {
            return oneByOne(message);
        }
        if (status != GrpcStatus.OK) {
            String details = response.headers().get(DETAILS);
            return Future.succeededFuture(all(
                    message,
                    RemoteAnswers.outcome(
                            status,
                            response.statusMessage(),
                            details != null ? details : response.trailers().get(DETAILS))));
        }
        if (reply == null || reply.getOutcomesCount() != message.getEntriesCount()) {
            return Future.succeededFuture(
                    all(message, RemoteAnswers.unreached(new IllegalStateException("no outcome for each entry"))));
        }
        return Future.succeededFuture(
                reply.getOutcomesList().stream().map(RemoteAnswers::outcome).toList());
    }

    /** One wrong entry must not take those beside it along. */
    private Future<List<Outcome>> oneByOne(WriteBatchRequest message) {
        List<Future<List<Outcome>>> calls = message.getEntriesList().stream()
                .map(write ->
                        send(WriteBatchRequest.newBuilder().addEntries(write).build()))
                .toList();
        return joined(calls, calls.size());
    }

    private static List<Outcome> all(WriteBatchRequest message, Outcome outcome) {
        return Collections.nCopies(message.getEntriesCount(), outcome);
    }

    @Override
    public Future<Void> probe() {
        return prober.connect(server).compose(socket -> socket.close());
    }

    @Override
    public Future<Void> close() {
        return Future.join(client.close(), prober.close()).mapEmpty();
    }
}

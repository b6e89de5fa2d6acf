package io.forelog.target.forelog;

import io.forelog.model.Delivery;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.forelog.target.GrpcTransport;
import io.forelog.target.Http2Link;
import io.forelog.target.TargetAdapter;
import io.forelog.wire.v1.WriteAheadLogGrpcClient;
import io.forelog.wire.v1.WriteBatchRequest;
import io.forelog.wire.v1.WriteBatchResponse;
import io.forelog.wire.v1.WriteToLogRequest;
import io.vertx.core.Future;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.GrpcStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A WriteBatch a batch, several one after the other where it would grow too large for one message, or is refused for one of its
 * entries. Used on the context it was opened on; bounded by the writer's requests in flight, all on one HTTP/2 connection.
 */
final class ForelogTargetAdapter implements TargetAdapter {
    static final int BATCH_MAX = 1_000;
    /** What was answered must be told before the writer gives the whole batch up. */
    private static final int MARGIN_SHARE = 10;

    private static final String DETAILS = "grpc-status-details-bin";

    private final Http2Link<GrpcTransport.Opened, GrpcClientRequest<WriteBatchRequest, WriteBatchResponse>> link;
    private final NetClient prober;
    private final SocketAddress server;
    private final RemoteWrites writes;
    private final String authorization;
    private final long timeoutMicros;
    private final Ticker ticker;

    ForelogTargetAdapter(
            Http2Link<GrpcTransport.Opened, GrpcClientRequest<WriteBatchRequest, WriteBatchResponse>> link,
            NetClient prober,
            SocketAddress server,
            RemoteWrites writes,
            String authorization,
            Duration timeout,
            Ticker ticker) {
        this.link = link;
        this.prober = prober;
        this.server = server;
        this.writes = writes;
        this.authorization = authorization;
        long micros = Math.max(1_000L, timeout.toNanos() / 1_000L);
        this.timeoutMicros = micros - micros / MARGIN_SHARE;
        this.ticker = ticker;
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        long now = ticker.micros();
        List<WriteToLogRequest> translated = new ArrayList<>(batch.size());
        for (Delivery delivery : batch) {
            translated.add(writes.of(delivery.entry(), now));
        }
        return new Submission(new Calls(now + timeoutMicros), translated).run();
    }

    /** The calls of one batch, which have one time limit together. */
    private final class Calls implements Submission.Sender {
        private final long deadlineMicros;

        private Calls(long deadlineMicros) {
            this.deadlineMicros = deadlineMicros;
        }

        @Override
        public boolean outOfTime() {
            return leftMillis() <= 0;
        }

        private long leftMillis() {
            return (deadlineMicros - ticker.micros()) / 1_000L;
        }

        @Override
        public Future<Submission.Answer> send(WriteBatchRequest message) {
            long timeoutMillis = Math.max(1L, leftMillis());
            return link.call(
                            timeoutMillis,
                            opened -> opened.client().request(server, WriteAheadLogGrpcClient.WriteBatch),
                            request -> call(request, message, timeoutMillis))
                    .otherwise(failure -> Submission.Answer.of(RemoteAnswers.unreached(failure)));
        }
    }

    private Future<Submission.Answer> call(
            GrpcClientRequest<WriteBatchRequest, WriteBatchResponse> request,
            WriteBatchRequest message,
            long timeoutMillis) {
        request.timeout(timeoutMillis, TimeUnit.MILLISECONDS);
        if (!authorization.isEmpty()) {
            request.headers().set("authorization", authorization);
        }
        return request.send(message).compose(response -> read(response, message.getEntriesCount()));
    }

    private static Future<Submission.Answer> read(
            GrpcClientResponse<WriteBatchRequest, WriteBatchResponse> response, int count) {
        return response.last().transform(last -> {
            GrpcStatus status = response.status() == null ? GrpcStatus.OK : response.status();
            if (status != GrpcStatus.OK) {
                String details = response.headers().get(DETAILS);
                return Future.succeededFuture(Submission.Answer.of(RemoteAnswers.outcome(
                        status,
                        response.statusMessage(),
                        details != null ? details : response.trailers().get(DETAILS))));
            }
            if (last.failed()) {
                return Future.failedFuture(last.cause());
            }
            WriteBatchResponse reply = last.result();
            return reply != null && reply.getOutcomesCount() == count
                    ? Future.succeededFuture(new Submission.Answer(
                            null,
                            reply.getOutcomesList().stream()
                                    .map(RemoteAnswers::outcome)
                                    .toList()))
                    : Future.failedFuture(new IllegalStateException("no outcome for each entry"));
        });
    }

    @Override
    public Future<Void> probe() {
        return prober.connect(server).compose(socket -> socket.close());
    }

    @Override
    public Future<Void> close() {
        return Future.join(link.close(), prober.close()).mapEmpty();
    }
}

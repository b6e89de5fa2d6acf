package io.forelog.target.grpc;

import io.forelog.model.Delivery;
import io.forelog.model.Outcome;
import io.forelog.target.GrpcTransport;
import io.forelog.target.Http2Link;
import io.forelog.target.HttpAnswer;
import io.forelog.target.TargetAdapter;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.GrpcStatus;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A unary call a delivery, all on one HTTP/2 connection, each with the attempt's time-out as its deadline. Used on the context it was
 * opened on; bounded by the writer's requests in flight.
 */
final class GrpcTargetAdapter implements TargetAdapter {
    private static final String DETAILS = "grpc-status-details-bin";

    private final Http2Link<GrpcTransport.Opened, GrpcClientRequest<Buffer, Buffer>> link;
    private final NetClient prober;
    private final SocketAddress server;
    private final CallForm form;
    private final Map<String, String> configured;
    private final long timeoutMillis;

    /** {@code configured}: metadata of every call; it has the last word. */
    GrpcTargetAdapter(
            Http2Link<GrpcTransport.Opened, GrpcClientRequest<Buffer, Buffer>> link,
            NetClient prober,
            SocketAddress server,
            CallForm form,
            Map<String, String> configured,
            long timeoutMillis) {
        this.link = link;
        this.prober = prober;
        this.server = server;
        this.form = form;
        this.configured = configured;
        this.timeoutMillis = timeoutMillis;
    }

    @Override
    public int batchMax() {
        return 1;
    }

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        return link.call(
                        timeoutMillis,
                        opened -> opened.client().request(server, form.method()),
                        request -> call(request, batch.get(0)))
                .otherwise(HttpAnswer::unreached)
                .map(List::of);
    }

    private Future<Outcome> call(GrpcClientRequest<Buffer, Buffer> request, Delivery delivery) {
        request.timeout(timeoutMillis, TimeUnit.MILLISECONDS);
        form.metadata(delivery, request.headers());
        configured.forEach(request.headers()::set);
        return request.send(form.message(delivery)).compose(GrpcTargetAdapter::read);
    }

    private static Future<Outcome> read(GrpcClientResponse<Buffer, Buffer> response) {
        Promise<Outcome> promise = Promise.promise();
        response.handler(message -> {});
        response.end().onComplete(end -> promise.complete(outcome(response)), failure -> {
            if (response.status() == null || response.status() == GrpcStatus.OK) {
                promise.fail(failure);
            } else {
                promise.complete(outcome(response));
            }
        });
        return promise.future();
    }

    private static Outcome outcome(GrpcClientResponse<Buffer, Buffer> response) {
        GrpcStatus status = response.status() == null ? GrpcStatus.UNKNOWN : response.status();
        String details = response.trailers().get(DETAILS);
        return GrpcOutcomes.of(
                status,
                response.statusMessage(),
                details != null ? details : response.headers().get(DETAILS));
    }

    /** Whether a connection can be made: a call could have an effect. */
    @Override
    public Future<Void> probe() {
        return prober.connect(server).compose(socket -> socket.close());
    }

    @Override
    public Future<Void> close() {
        return Future.join(link.close(), prober.close()).mapEmpty();
    }
}

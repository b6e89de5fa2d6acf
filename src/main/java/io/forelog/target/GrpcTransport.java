package io.forelog.target;

import io.vertx.core.Future;
import io.vertx.core.http.HttpConnection;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientRequest;
import java.util.function.Supplier;

/**
 * Calls of gRPC for {@link Http2Link}. Immutable; used on the link's context.
 *
 * @param <Q> a request's message
 * @param <A> an answer's
 * @param opening makes a client
 */
public record GrpcTransport<Q, A>(Supplier<Opened> opening)
        implements Http2Link.Transport<GrpcTransport.Opened, GrpcClientRequest<Q, A>> {
    /** @param closing ends its connections: a client that was given an HTTP client leaves that open */
    public record Opened(GrpcClient client, Supplier<Future<Void>> closing) {}

    @Override
    public Opened open() {
        return opening.get();
    }

    @Override
    public Future<Void> close(Opened opened) {
        return opened.closing.get();
    }

    @Override
    public HttpConnection connection(GrpcClientRequest<Q, A> request) {
        return request.connection();
    }

    @Override
    public void cancel(GrpcClientRequest<Q, A> request) {
        request.cancel();
    }
}

package io.forelog.client.bench;

import io.forelog.wire.v1.WriteBatchRequest;
import io.forelog.wire.v1.WriteToLogRequest;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Unary calls ({@code WriteToLog}, {@code WriteBatch}) as HTTP/2 requests with bodies made beforehand: a gRPC client's
 * machinery would cost more than the server does. Owned by one event loop.
 */
final class GrpcCaller implements Caller {
    private final Connections connections;
    private final RequestOptions options;
    private final List<Buffer> bodies;
    private final int entries;
    private final boolean batch;
    private int next;

    GrpcCaller(Vertx vertx, String host, int port, int connections, Workload work, boolean batch) {
        this.connections = Connections.http2(vertx, connections);
        this.batch = batch;
        this.entries = work.entriesPerCall();
        this.bodies = work.calls().stream().map(call -> body(call, batch)).toList();
        this.options = new RequestOptions()
                .setHost(host)
                .setPort(port)
                .setMethod(HttpMethod.POST)
                .setURI("/forelog.v1.WriteAheadLog/" + (batch ? "WriteBatch" : "WriteToLog"))
                .putHeader("content-type", "application/grpc")
                .putHeader("te", "trailers");
    }

    @Override
    public int entriesPerCall() {
        return entries;
    }

    @Override
    public Future<Answers> call() {
        Buffer body = bodies.get(next);
        next = next + 1 == bodies.size() ? 0 : next + 1;
        HttpClient client = connections.next();
        return client.request(options)
                .compose(request -> request.send(body))
                .compose(response -> response.body().map(answer -> read(response, answer)))
                .otherwise(failure -> Answers.unknown(entries));
    }

    @Override
    public Future<Void> close() {
        return connections.close();
    }

    private Answers read(HttpClientResponse response, Buffer answer) {
        String status = response.getTrailer("grpc-status");
        if (status == null) {
            status = response.getHeader("grpc-status");
        }
        if (!"0".equals(status) || answer.length() < Frames.PREFIX) {
            return refused(status) ? Answers.refused(entries) : Answers.unknown(entries);
        }
        byte[] message = answer.getBytes(Frames.PREFIX, answer.length());
        try {
            return batch ? Frames.many(message, 1) : Frames.one(message);
        } catch (IOException e) {
            return Answers.unknown(entries);
        }
    }

    /** CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL and none at all decide nothing. */
    private static boolean refused(@Nullable String status) {
        return status != null
                && !status.equals("0")
                && !status.equals("1")
                && !status.equals("2")
                && !status.equals("4")
                && !status.equals("13");
    }

    private static Buffer body(List<WriteToLogRequest> entries, boolean batch) {
        return Frames.frame(
                batch
                        ? WriteBatchRequest.newBuilder()
                                .addAllEntries(entries)
                                .build()
                                .toByteArray()
                        : entries.get(0).toByteArray());
    }
}

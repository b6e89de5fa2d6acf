package io.forelog.client.bench;

import com.google.protobuf.CodedOutputStream;
import io.forelog.wire.v1.WriteStreamRequest;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code WriteStream}: one stream a connection, messages made beforehand but for their correlation. A stream that ends
 * makes what it owed UNKNOWN, and the next call opens another. Owned by one event loop.
 */
final class StreamCaller implements Caller {
    private final Connections connections;
    private final RequestOptions options;
    private final List<byte[]> messages;
    private final List<Stream> streams = new ArrayList<>();
    private final int entries;
    private int next;
    private long correlation;

    StreamCaller(Vertx vertx, String host, int port, int connections, Workload work) {
        this.connections = Connections.http2(vertx, connections);
        this.entries = work.entriesPerCall();
        this.messages = work.calls().stream()
                .map(call -> WriteStreamRequest.newBuilder()
                        .addAllEntries(call)
                        .build()
                        .toByteArray())
                .toList();
        this.options = new RequestOptions()
                .setHost(host)
                .setPort(port)
                .setMethod(HttpMethod.POST)
                .setURI("/forelog.v1.WriteAheadLog/WriteStream")
                .putHeader("content-type", "application/grpc")
                .putHeader("te", "trailers");
        for (int i = 0; i < connections; i++) {
            streams.add(new Stream());
        }
    }

    @Override
    public int entriesPerCall() {
        return entries;
    }

    @Override
    public Future<Answers> call() {
        byte[] message = messages.get((int) (correlation % messages.size()));
        Stream stream = streams.get(next);
        next = next + 1 == streams.size() ? 0 : next + 1;
        return stream.send(++correlation, message);
    }

    @Override
    public Future<Void> close() {
        return connections.close();
    }

    private static Buffer frame(long correlation, byte[] message) {
        int length = CodedOutputStream.computeUInt64Size(1, correlation) + message.length;
        byte[] head = new byte[length - message.length];
        try {
            CodedOutputStream.newInstance(head).writeUInt64(1, correlation);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return Buffer.buffer(Frames.PREFIX + length)
                .appendByte((byte) 0)
                .appendInt(length)
                .appendBytes(head)
                .appendBytes(message);
    }

    /** One call, open as long as its connection. */
    private final class Stream {
        private final Map<Long, Promise<Answers>> owed = new HashMap<>();
        private Future<HttpClientRequest> opened = Future.failedFuture("not opened");
        private Buffer input = Buffer.buffer();

        Future<Answers> send(long id, byte[] message) {
            if (opened.failed()) {
                open();
            }
            Promise<Answers> promise = Promise.promise();
            owed.put(id, promise);
            opened.onComplete(request -> request.write(frame(id, message)).onFailure(this::ended), this::ended);
            return promise.future();
        }

        private void open() {
            input = Buffer.buffer();
            opened = connections.next().request(options).map(request -> {
                request.setChunked(true);
                request.exceptionHandler(this::ended);
                request.response().onComplete(this::listen, this::ended);
                return request;
            });
        }

        private void listen(HttpClientResponse response) {
            response.exceptionHandler(this::ended);
            response.endHandler(end -> ended(new IOException("the stream ended")));
            response.handler(this::received);
        }

        private void received(Buffer chunk) {
            input = input.length() == 0 ? chunk : input.appendBuffer(chunk);
            int at = 0;
            while (input.length() - at >= Frames.PREFIX
                    && input.length() - at >= Frames.PREFIX + input.getInt(at + 1)) {
                int end = at + Frames.PREFIX + input.getInt(at + 1);
                answered(input.getBytes(at + Frames.PREFIX, end));
                at = end;
            }
            input = at == input.length() ? Buffer.buffer() : Buffer.buffer(input.getBytes(at, input.length()));
        }

        private void answered(byte[] message) {
            try {
                Promise<Answers> promise = owed.remove(Frames.correlation(message));
                if (promise != null) {
                    promise.complete(Frames.many(message, 2));
                }
            } catch (IOException e) {
                ended(e);
            }
        }

        private void ended(Throwable why) {
            opened = Future.failedFuture(why);
            List<Promise<Answers>> lost = List.copyOf(owed.values());
            owed.clear();
            lost.forEach(promise -> promise.tryComplete(Answers.unknown(entries)));
        }
    }
}

package io.forelog.ingest;

import io.forelog.model.ErrorCode;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.internal.http.HttpServerRequestInternal;
import io.vertx.core.internal.http.HttpServerRequestWrapper;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What has come of one call on Vert.x's gRPC server and was not taken yet: messages in pieces, and whole ones behind a pause. The
 * server keeps those bytes; here they are counted, among the loop's {@link Bodies}. Each message has its own time to come. Owned by
 * the event loop of its connection.
 */
final class GrpcInflow extends HttpServerRequestWrapper implements Handler<Buffer> {
    private final Bodies bodies;
    private Consumer<Refusal> refused = refusal -> {};
    private @Nullable Handler<Buffer> server;
    private Bodies.@Nullable Part part;
    private int held;
    private boolean handing;
    private boolean progressed;
    private boolean closed;
    private boolean stoppedByServer;
    private boolean stoppedByCall;

    GrpcInflow(HttpServerRequest request, Bodies bodies) {
        super((HttpServerRequestInternal) request);
        this.bodies = bodies;
        request.response().endHandler(ended -> close());
    }

    /** {@code refused} is told once where there is no room for it: it is closed then. */
    void whenRefused(Consumer<Refusal> refused) {
        this.refused = refused;
    }

    @Override
    public HttpServerRequest handler(@Nullable Handler<Buffer> handler) {
        server = handler;
        super.handler(handler == null ? null : this);
        return this;
    }

    @Override
    public HttpServerRequest pause() {
        stoppedByServer = true;
        super.pause();
        return this;
    }

    @Override
    public HttpServerRequest resume() {
        stoppedByServer = false;
        flow();
        return this;
    }

    /** Nothing is read, so that nothing gathers behind the call's own pause. */
    void stop() {
        stoppedByCall = true;
        super.pause();
    }

    void go() {
        stoppedByCall = false;
        flow();
    }

    private void flow() {
        if (!stoppedByCall && !stoppedByServer && !isEnded()) {
            super.resume();
        }
    }

    @Override
    public void handle(Buffer chunk) {
        Handler<Buffer> next = server;
        if (closed || next == null) {
            return;
        }
        held += chunk.length();
        handing = true;
        try {
            next.handle(chunk);
        } catch (RuntimeException e) {
            // The server says so of a compressed message where no encoding is told, and would wait for ever.
            refuse(
                    Refusal.of(
                            ErrorCode.INVALID_ARGUMENT,
                            "request: a frame that can't be read (expected: messages compressed as grpc-encoding says, or not at all)"));
        } finally {
            handing = false;
        }
        count();
    }

    /** The call has a message of so many bytes on the wire. */
    void taken(int bytes) {
        held -= bytes;
        progressed = true;
        if (!handing) {
            count();
        }
    }

    private void count() {
        if (closed) {
            return;
        }
        if (progressed && part != null) {
            part.end();
            part = null;
        }
        progressed = false;
        if (held == 0) {
            return;
        }
        Bodies.Part counted = part;
        if (counted == null) {
            counted = bodies.count(() -> refuse(bodies.late()));
            part = counted;
        }
        if (!counted.take(held - counted.bytes())) {
            refuse(bodies.full());
        }
    }

    private void refuse(Refusal why) {
        close();
        refused.accept(why);
    }

    /** What comes from now on is dropped. Once or again. */
    void close() {
        closed = true;
        server = null;
        if (stoppedByCall || stoppedByServer) {
            stoppedByServer = false;
            go(); // to be dropped
        }
        if (part != null) {
            part.end();
            part = null;
        }
    }
}

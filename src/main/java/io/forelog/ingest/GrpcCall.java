package io.forelog.ingest;

import io.forelog.access.Identity;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.wire.Bytes;
import io.vertx.core.buffer.Buffer;
import io.vertx.grpc.common.GrpcMessage;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.common.WireFormat;
import io.vertx.grpc.server.GrpcServerRequest;
import io.vertx.grpc.server.GrpcServerResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.zip.GZIPInputStream;

/**
 * One call on Vert.x's gRPC server: knows whether the client is still there and ends the call once. Owned by the event
 * loop of its connection. Bounded by the server's largest message, after decompression as well.
 */
abstract class GrpcCall {
    static final String TIMEOUT = "grpc-timeout";

    private static final String IDENTITY = "identity";
    private static final int PREFIX_BYTES = 5;

    private final GrpcInflow inflow;
    private final GrpcServerRequest<Buffer, Buffer> request;
    private final GrpcServerResponse<Buffer, Buffer> response;
    private final int messageBytesMax;
    private final Identity caller;
    private final Intake intake;
    private final long openedMicros;
    private final long timeoutMicros;
    private boolean over;
    private boolean gone;

    GrpcCall(GrpcServerRequest<Buffer, Buffer> request, GrpcInflow inflow, Intake intake, int messageBytesMax) {
        this.request = request;
        this.inflow = inflow;
        this.intake = intake;
        this.openedMicros = intake.micros();
        // Not the server's own figure, in which less than a millisecond is no deadline.
        this.timeoutMicros = LeanUnaryCall.timeoutMicros(request.headers().get(TIMEOUT));
        this.caller = intake.identify(request.headers(), request.connection());
        this.response = request.response();
        this.messageBytesMax = messageBytesMax;
        request.errorHandler(error -> left());
        request.exceptionHandler(failure -> left());
        response.exceptionHandler(failure -> left());
        request.messageHandler(message -> {
            inflow.taken(PREFIX_BYTES + message.payload().length());
            take(message);
        });
        inflow.whenRefused(this::starve);
        request.invalidMessageHandler(invalid -> fail(Refusal.of(
                ErrorCode.PAYLOAD_TOO_LARGE,
                "request: " + invalid.getMessage() + " (expected: at most " + messageBytesMax + " bytes)")));
    }

    abstract void take(GrpcMessage message);

    /** Nothing more comes: there is no room for it. */
    void starve(Refusal why) {
        fail(why);
    }

    GrpcInflow inflow() {
        return inflow;
    }

    private void left() {
        gone = true;
        inflow.close();
    }

    public Identity caller() {
        return caller;
    }

    /** The client left before the end. */
    boolean gone() {
        return gone;
    }

    /** Nothing can be sent any more: it is answered, by us or at its deadline by Vert.x, or its client left. */
    boolean over() {
        return over || gone || inflow.response().ended();
    }

    /** What its caller still waits, as {@link Intake#write} takes it. */
    long leftMicros() {
        return intake.leftMicros(timeoutMicros, openedMicros);
    }

    GrpcServerRequest<Buffer, Buffer> request() {
        return request;
    }

    GrpcServerResponse<Buffer, Buffer> response() {
        return response;
    }

    /** The bytes of a message, decompressed. INVALID_ARGUMENT or NOT_SUPPORTED where that can't be. */
    Buffer payload(GrpcMessage message) {
        if (message.format() != WireFormat.PROTOBUF) {
            throw new WalException(
                    ErrorCode.NOT_SUPPORTED, "content-type: " + message.format() + " (expected: application/grpc)");
        }
        return switch (message.encoding()) {
            case IDENTITY -> message.payload();
            case "gzip" -> gunzip(message.payload());
            default ->
                throw new WalException(
                        ErrorCode.NOT_SUPPORTED,
                        "grpc-encoding: " + message.encoding() + " (expected: identity or gzip)");
        };
    }

    private Buffer gunzip(Buffer compressed) {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(compressed.getBytes()))) {
            byte[] bytes = in.readNBytes(messageBytesMax + 1);
            if (bytes.length > messageBytesMax) {
                throw new WalException(
                        ErrorCode.PAYLOAD_TOO_LARGE,
                        "request: more than " + messageBytesMax + " bytes decompressed (expected: at most that)");
            }
            return Bytes.view(bytes);
        } catch (IOException e) {
            throw new WalException(ErrorCode.INVALID_ARGUMENT, "request: " + e.getMessage() + " (expected: gzip)");
        }
    }

    /** In the headers, which go with the first message: of a stream's writes, those before it. */
    void tellUndeduped() {
        response.headers().set(HttpAnswers.DEDUPE, HttpAnswers.DEDUPE_NONE);
    }

    void write(byte[] message) {
        if (!over()) {
            response.writeMessage(GrpcMessage.message(IDENTITY, Bytes.view(message)));
        }
    }

    /** The answer and status OK. */
    void end(byte[] message) {
        if (!over()) {
            over = true;
            response.endMessage(GrpcMessage.message(IDENTITY, Bytes.view(message)));
        }
    }

    /** Status OK. */
    void end() {
        if (!over()) {
            over = true;
            response.end();
        }
    }

    void fail(Refusal refusal) {
        if (over()) {
            return;
        }
        over = true;
        GrpcStatus status = GrpcStatus.valueOf(GrpcStatusDetails.status(refusal.code()));
        response.status(status == null ? GrpcStatus.UNKNOWN : status);
        response.statusMessage(refusal.message());
        response.trailers().set(GrpcStatusDetails.TRAILER, GrpcStatusDetails.encode(refusal));
        response.end();
    }

    void fail(RuntimeException failure) {
        fail(Refusal.of(WalException.of(failure)));
    }
}

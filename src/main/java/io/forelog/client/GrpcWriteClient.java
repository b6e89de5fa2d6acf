package io.forelog.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.forelog.model.Durable;
import io.forelog.wire.v1.IdempotencyToken;
import io.forelog.wire.v1.Lifecycle;
import io.forelog.wire.v1.Operation;
import io.forelog.wire.v1.Priority;
import io.forelog.wire.v1.Target;
import io.forelog.wire.v1.Trilean;
import io.forelog.wire.v1.WriteAheadLogGrpcClient;
import io.forelog.wire.v1.WriteBatchRequest;
import io.forelog.wire.v1.WriteBatchResponse;
import io.forelog.wire.v1.WriteToLogRequest;
import io.forelog.wire.v1.WriteToLogResponse;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.common.ServiceMethod;
import java.net.ConnectException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Writes over gRPC on one HTTP/2 connection an event loop. Any thread; the Vert.x instance is the caller's, who closes
 * it after this.
 */
public final class GrpcWriteClient implements WriteClient {
    private static final int MESSAGE_MAX = 16 << 20;

    /** The codes with which a server says UNAVAILABLE on purpose: nothing was admitted. */
    private static final List<String> SHED = List.of("OVERLOADED:", "DRAINING:", "UNAVAILABLE:");

    private final GrpcClient grpc;
    private final SocketAddress server;
    private final Duration limit;
    private final Map<String, String> headers;

    /** An answer later than {@code limit}, which the server is told, is UNKNOWN. */
    public GrpcWriteClient(Vertx vertx, String host, int port, boolean tls, Duration limit) {
        ClientLocks locks = ClientLocks.of(System.getenv());
        HttpClientOptions http = new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2);
        http.setHttp2ClearTextUpgrade(false);
        if (tls) {
            locks.lock(http);
        }
        this.headers = locks.headers();
        this.grpc = GrpcClient.client(
                vertx,
                new GrpcClientOptions().setScheduleDeadlineAutomatically(true).setMaxMessageSize(MESSAGE_MAX),
                http);
        this.server = SocketAddress.inetSocketAddress(port, host);
        this.limit = limit;
    }

    @Override
    public CompletionStage<WriteAnswer> write(Write write) {
        return send(request(write)).toCompletionStage();
    }

    /** As {@link #write}, for who has a Vert.x context and a request of their own. */
    public Future<WriteAnswer> send(WriteToLogRequest request) {
        return call(WriteAheadLogGrpcClient.WriteToLog, request)
                .map(GrpcWriteClient::answer)
                .recover(this::lost);
    }

    @Override
    public CompletionStage<List<WriteAnswer>> writeBatch(List<Write> writes) {
        WriteBatchRequest.Builder batch = WriteBatchRequest.newBuilder();
        writes.forEach(write -> batch.addEntries(request(write)));
        Future<List<WriteAnswer>> answers = call(WriteAheadLogGrpcClient.WriteBatch, batch.build())
                .map(WriteBatchResponse::getOutcomesList)
                .map(outcomes -> outcomes.stream().map(GrpcWriteClient::answer).toList());
        return answers.recover(failure -> lost(failure).map(answer -> Collections.nCopies(writes.size(), answer)))
                .toCompletionStage();
    }

    @Override
    public void close() {
        grpc.close();
    }

    private <Q, A> Future<A> call(ServiceMethod<A, Q> method, Q message) {
        return grpc.request(server, method).compose(request -> sent(request, message));
    }

    private <Q, A> Future<A> sent(GrpcClientRequest<Q, A> request, Q message) {
        headers.forEach((name, value) -> request.headers().set(name, value));
        request.timeout(limit.toMillis(), TimeUnit.MILLISECONDS);
        return request.send(message)
                .compose(response -> response.last()
                        .recover(failure -> refused(response.status(), response.statusMessage(), failure))
                        .compose(reply -> reply == null
                                ? refused(
                                        response.status(),
                                        response.statusMessage(),
                                        new IllegalStateException("the call ended without an answer"))
                                : Future.succeededFuture(reply)));
    }

    /** A status that decides says so in the text; the reader of the answer tells refusals by it. */
    private static <A> Future<A> refused(@Nullable GrpcStatus status, @Nullable String text, Throwable failure) {
        return Future.failedFuture(status == null || status == GrpcStatus.OK ? failure : new Refused(status, text));
    }

    /** A status other than OK. */
    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final GrpcStatus status;

        Refused(GrpcStatus status, @Nullable String text) {
            super(text == null || text.isEmpty() ? status.name() : text, null, false, false);
            this.status = status;
        }

        /** Whether the call was wrong or not admitted, so that nothing of it is in a queue. */
        boolean decides() {
            return switch (status) {
                case INVALID_ARGUMENT,
                        NOT_FOUND,
                        ALREADY_EXISTS,
                        PERMISSION_DENIED,
                        UNAUTHENTICATED,
                        RESOURCE_EXHAUSTED,
                        FAILED_PRECONDITION,
                        UNIMPLEMENTED -> true;
                case UNAVAILABLE -> SHED.stream().anyMatch(String.valueOf(getMessage())::startsWith);
                default -> false;
            };
        }
    }

    private Future<WriteAnswer> lost(Throwable failure) {
        if (failure instanceof ConnectException) {
            return Future.failedFuture(new NotListening(server.host() + ":" + server.port()));
        }
        if (failure instanceof Refused refused) {
            Durable durable = refused.decides() ? Durable.FALSE : Durable.UNKNOWN;
            return Future.succeededFuture(
                    new WriteAnswer(durable, String.valueOf(refused.getMessage()), "", "", Duration.ZERO));
        }
        return Future.succeededFuture(
                WriteAnswer.unknown("UNKNOWN_DURABILITY: " + failure.getMessage() + " (no answer came)"));
    }

    static WriteAnswer answer(WriteToLogResponse response) {
        Durable durable = response.getDurable() == Trilean.TRILEAN_TRUE
                ? Durable.TRUE
                : response.getDurable() == Trilean.TRILEAN_FALSE ? Durable.FALSE : Durable.UNKNOWN;
        return new WriteAnswer(
                durable, response.getMessage(), response.getEntryId(), response.getReceipt(), Duration.ZERO);
    }

    /** The write as its protobuf message; the payload is not copied. */
    public static WriteToLogRequest request(Write write) {
        WriteToLogRequest.Builder request = WriteToLogRequest.newBuilder()
                .setNamespace(write.namespace())
                .setPayload(UnsafeByteOperations.unsafeWrap(write.payload()))
                .putAllHeaders(write.headers());
        if (!write.delay().isZero()
                || !write.jitter().isZero()
                || !write.timeToLive().isZero()) {
            request.setLifecycle(Lifecycle.newBuilder()
                    .setDelay(duration(write.delay()))
                    .setJitter(duration(write.jitter()))
                    .setTimeToLive(duration(write.timeToLive())));
        }
        request.setTarget(Target.newBuilder()
                .setName(write.target())
                .setDestination(write.destination())
                .setKey(ByteString.copyFromUtf8(write.key()))
                .setOperation(Operation.valueOf("OPERATION_" + write.operation().name()))
                .putAllAttributes(write.attributes()));
        if (!write.token().isEmpty()) {
            request.setIdempotencyToken(IdempotencyToken.newBuilder().setToken(write.token()));
        }
        if (write.priority() != null) {
            request.setPriority(Priority.valueOf("PRIORITY_" + write.priority().name()));
        }
        return request.build();
    }

    private static com.google.protobuf.Duration duration(Duration duration) {
        return com.google.protobuf.Duration.newBuilder()
                .setSeconds(duration.getSeconds())
                .setNanos(duration.getNano())
                .build();
    }
}

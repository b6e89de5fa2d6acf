package io.forelog.ingest;

import io.forelog.access.Identity;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.wire.v1.BenchGrpcService;
import io.forelog.wire.v1.BenchService;
import io.forelog.wire.v1.Trilean;
import io.forelog.wire.v1.WriteAheadLogGrpcService;
import io.forelog.wire.v1.WriteToLogRequest;
import io.forelog.wire.v1.WriteToLogResponse;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.grpc.common.GrpcMessageDecoder;
import io.vertx.grpc.common.GrpcMessageEncoder;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.health.HealthService;
import io.vertx.grpc.health.handler.GrpcHealthCheckV1Handler;
import io.vertx.grpc.health.v1.HealthCheckRequest;
import io.vertx.grpc.health.v1.HealthCheckResponse;
import io.vertx.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.vertx.grpc.reflection.ReflectionService;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerOptions;
import io.vertx.grpc.server.GrpcServerRequest;
import io.vertx.grpc.server.Service;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC edge of one event loop: the write API, health, reflection, and for measuring the echo. Owned by that loop.
 */
final class GrpcEdge implements Handler<HttpServerRequest> {
    /** Answered to everybody. */
    private static final String HEALTH = "/grpc.health.v1.Health/";

    /** Those that carry entries. */
    private static final String WRITES = "/" + WriteAheadLogGrpcService.SERVICE_NAME.fullyQualifiedName() + "/";

    private static final String ECHO = "/" + BenchGrpcService.SERVICE_NAME.fullyQualifiedName() + "/";

    /** Of a question of health or reflection. */
    private static final int QUESTION_BYTES_MAX = 4_096;

    private final Intake intake;
    private final GrpcServer writes;
    private final GrpcServer questions;
    private final boolean bench;
    /** The call that a server is being handed. */
    private @Nullable GrpcInflow opening;

    /** {@code serving}: what health answers. */
    GrpcEdge(Vertx vertx, Intake intake, BooleanSupplier serving, boolean bench) {
        this.intake = intake;
        this.writes = server(vertx, intake.limits().bodyBytesMax(), serving, bench);
        this.questions = server(vertx, QUESTION_BYTES_MAX, serving, false);
        this.bench = bench;
    }

    /** With all services, for reflection to list. */
    private GrpcServer server(Vertx vertx, int messageBytesMax, BooleanSupplier serving, boolean bench) {
        GrpcServer server = GrpcServer.server(
                vertx,
                new GrpcServerOptions().setMaxMessageSize(messageBytesMax).setScheduleDeadlineAutomatically(true));
        server.addService(Service.service(
                        WriteAheadLogGrpcService.SERVICE_NAME, WriteAheadLogGrpcService.SERVICE_DESCRIPTOR)
                .bind(raw(WriteAheadLogGrpcService.WriteToLog), call -> GrpcUnaryCall.one(call, opened(), intake))
                .bind(raw(WriteAheadLogGrpcService.WriteBatch), call -> GrpcUnaryCall.batch(call, opened(), intake))
                .bind(raw(WriteAheadLogGrpcService.WriteStream), call -> GrpcStreamCall.open(call, opened(), intake))
                .build());
        HealthService health = HealthService.create(vertx);
        health.register(WriteAheadLogGrpcService.SERVICE_NAME, () -> Future.succeededFuture(serving.getAsBoolean()));
        // Bound first, so that it answers: the library's says SERVING for the whole server whatever happens.
        server.callHandler(GrpcHealthCheckV1Handler.SERVICE_METHOD, call -> check(call, health, serving));
        server.addService(health);
        server.addService(ReflectionService.v1());
        if (bench) {
            server.addService(BenchGrpcService.of(new Echo()));
        }
        return server;
    }

    private GrpcInflow opened() {
        return Objects.requireNonNull(opening);
    }

    /** The method with messages as they are on the wire. */
    private static ServiceMethod<Buffer, Buffer> raw(ServiceMethod<?, ?> method) {
        return ServiceMethod.server(
                method.serviceName(), method.methodName(), GrpcMessageEncoder.IDENTITY, GrpcMessageDecoder.IDENTITY);
    }

    private static void check(
            GrpcServerRequest<HealthCheckRequest, HealthCheckResponse> call,
            HealthService health,
            BooleanSupplier serving) {
        call.handler(asked -> {
            Future<Boolean> status = asked.getService().isEmpty()
                    ? Future.succeededFuture(serving.getAsBoolean())
                    : health.checkStatus(asked.getService());
            status.onComplete(
                    up -> call.response()
                            .end(HealthCheckResponse.newBuilder()
                                    .setStatus(up ? ServingStatus.SERVING : ServingStatus.NOT_SERVING)
                                    .build()),
                    unknown -> call.response().status(GrpcStatus.NOT_FOUND).end());
        });
    }

    @Override
    public void handle(HttpServerRequest request) {
        String path = request.path();
        if (path != null && path.startsWith(HEALTH)) {
            questions.handle(request);
            return;
        }
        Identity caller;
        try {
            caller = intake.identify(request.headers(), request.connection());
        } catch (WalException e) {
            LeanUnaryCall.refuse(request.response(), Refusal.of(e));
            return;
        }
        String timeout = request.getHeader(GrpcCall.TIMEOUT);
        long timeoutMicros = LeanUnaryCall.timeoutMicros(timeout);
        if (timeoutMicros == Intake.OVER) {
            LeanUnaryCall.refuse(
                    request.response(),
                    Refusal.of(
                            ErrorCode.EXPIRED,
                            GrpcCall.TIMEOUT + ": '" + timeout
                                    + "' (expected: time that is left, or none told); nothing was begun"));
        } else if (!LeanUnaryCall.open(request, intake, caller, timeoutMicros)) {
            if (path != null && path.startsWith(WRITES)) {
                opening = new GrpcInflow(request, intake.bodies());
                writes.handle(opening);
                opening = null;
            } else if (bench && path != null && path.startsWith(ECHO)) {
                writes.handle(request);
            } else {
                questions.handle(request);
            }
        }
    }

    /** What generated glue costs with no work behind it. */
    private static final class Echo extends BenchService {
        private static final WriteToLogResponse ANSWER = WriteToLogResponse.newBuilder()
                .setDurable(Trilean.TRILEAN_TRUE)
                .setEntryId("00000000-0000-7000-8000-000000000000")
                .setReceipt("bench/0/0")
                .build();

        @Override
        public Future<WriteToLogResponse> echo(WriteToLogRequest request) {
            return Future.succeededFuture(ANSWER);
        }
    }
}

package io.forelog.ingest;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import io.forelog.model.Elsewhere;
import io.forelog.model.ErrorCode;
import java.util.Base64;

/**
 * A refusal as gRPC tells it: {@code google.rpc.Status} with ErrorInfo (reason = our code, that nothing is durable, where it belongs),
 * BadRequest where fields are to blame, RetryInfo where a later try may do. Stateless, any thread.
 */
final class GrpcStatusDetails {
    static final String TRAILER = "grpc-status-details-bin";

    private static final String DOMAIN = "forelog.io";

    private GrpcStatusDetails() {}

    /** The number of the status. A decided FALSE that has none of its own never comes here on a unary call. */
    static int status(ErrorCode code) {
        return code.grpcStatus() == 0 ? 14 : code.grpcStatus();
    }

    /** The value of {@link #TRAILER}. */
    static String encode(Refusal refusal) {
        ErrorInfo.Builder info = ErrorInfo.newBuilder()
                .setReason(refusal.code().name())
                .setDomain(DOMAIN)
                .putMetadata("durable", "FALSE");
        Elsewhere elsewhere = refusal.elsewhere();
        if (elsewhere != null) {
            tell(info, elsewhere);
        }
        Status.Builder status = Status.newBuilder()
                .setCode(status(refusal.code()))
                .setMessage(refusal.message())
                .addDetails(Any.pack(info.build()));
        if (!refusal.violations().isEmpty()) {
            BadRequest.Builder bad = BadRequest.newBuilder();
            refusal.violations()
                    .forEach(each -> bad.addFieldViolations(BadRequest.FieldViolation.newBuilder()
                            .setField(each.field())
                            .setDescription(each.text())));
            status.addDetails(Any.pack(bad.build()));
        }
        if (refusal.retryAfterMillis() > 0) {
            long millis = refusal.retryAfterMillis();
            status.addDetails(Any.pack(RetryInfo.newBuilder()
                    .setRetryDelay(Duration.newBuilder()
                            .setSeconds(millis / 1_000)
                            .setNanos((int) (millis % 1_000) * 1_000_000))
                    .build()));
        }
        return Base64.getEncoder()
                .withoutPadding()
                .encodeToString(status.build().toByteArray());
    }

    /** What is not known is not there. Addresses hold no comma. */
    private static void tell(ErrorInfo.Builder info, Elsewhere elsewhere) {
        if (!elsewhere.shard().isEmpty()) {
            info.putMetadata("shard", elsewhere.shard());
        }
        if (!elsewhere.node().isEmpty()) {
            info.putMetadata("node", elsewhere.node());
        }
        if (!elsewhere.addresses().isEmpty()) {
            info.putMetadata("addresses", String.join(",", elsewhere.addresses()));
        }
    }
}

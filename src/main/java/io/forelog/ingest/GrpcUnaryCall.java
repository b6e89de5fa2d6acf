package io.forelog.ingest;

import io.forelog.model.AppendOutcome;
import io.forelog.model.ErrorCode;
import io.vertx.core.buffer.Buffer;
import io.vertx.grpc.common.GrpcMessage;
import io.vertx.grpc.server.GrpcServerRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A {@code WriteToLog} or {@code WriteBatch} call: one message in, one out. Owned by the event loop of its connection.
 */
final class GrpcUnaryCall extends GrpcCall implements Reply {
    private final Intake intake;
    private final boolean batch;
    private ProtobufAnswers.Answer @Nullable [] answers;
    private int waiting;
    private boolean taken;

    private GrpcUnaryCall(GrpcServerRequest<Buffer, Buffer> request, GrpcInflow inflow, Intake intake, boolean batch) {
        super(
                request,
                inflow,
                intake,
                batch ? intake.limits().batchBodyBytesMax() : intake.limits().bodyBytesMax());
        this.intake = intake;
        this.batch = batch;
        request.endHandler(end -> {
            if (!taken) {
                fail(Refusal.of(ErrorCode.INVALID_ARGUMENT, "request: no message (expected: one)"));
            }
        });
    }

    static void one(GrpcServerRequest<Buffer, Buffer> request, GrpcInflow inflow, Intake intake) {
        new GrpcUnaryCall(request, inflow, intake, false);
    }

    static void batch(GrpcServerRequest<Buffer, Buffer> request, GrpcInflow inflow, Intake intake) {
        new GrpcUnaryCall(request, inflow, intake, true);
    }

    @Override
    void take(GrpcMessage message) {
        if (taken) {
            return;
        }
        taken = true;
        try {
            Buffer payload = payload(message);
            if (batch) {
                takeBatch(payload);
            } else {
                intake.write(ProtobufRequests.one(payload), leftMicros(), this, 0);
            }
        } catch (RuntimeException e) {
            fail(e);
        }
    }

    private void takeBatch(Buffer payload) {
        if (payload.length() > intake.limits().batchBodyBytesMax()) {
            fail(Refusal.of(
                    ErrorCode.PAYLOAD_TOO_LARGE,
                    "request: " + payload.length() + " bytes (expected: at most "
                            + intake.limits().batchBodyBytesMax() + ")"));
            return;
        }
        List<WriteRequest> requests =
                ProtobufRequests.batch(payload, intake.limits().batchRequestEntries());
        if (requests.isEmpty()) {
            end(new byte[0]);
            return;
        }
        answers = new ProtobufAnswers.Answer[requests.size()];
        waiting = requests.size();
        long left = leftMicros();
        for (int i = 0; i < requests.size(); i++) {
            intake.write(requests.get(i), left, this, i);
        }
    }

    @Override
    public void decided(int index, AppendOutcome outcome) {
        if (batch) {
            answered(index, ProtobufAnswers.Answer.of(outcome));
        } else if (Refusal.isStatus(outcome)) {
            fail(Refusal.of(outcome));
        } else {
            end(ProtobufAnswers.one(outcome, 0));
        }
    }

    @Override
    public void refused(int index, Refusal refusal) {
        if (batch) {
            answered(index, ProtobufAnswers.Answer.of(refusal));
        } else {
            fail(refusal);
        }
    }

    private void answered(int index, ProtobufAnswers.Answer answer) {
        ProtobufAnswers.Answer[] all = answers;
        if (all == null) {
            return;
        }
        all[index] = answer;
        if (--waiting == 0) {
            end(ProtobufAnswers.batch(all));
        }
    }

    @Override
    public void undeduped() {
        tellUndeduped();
    }

    @Override
    public boolean abandoned() {
        return gone();
    }
}

package io.forelog.ingest;

import io.forelog.access.Identity;
import io.forelog.model.AppendOutcome;
import io.forelog.model.WalException;
import io.vertx.core.buffer.Buffer;
import io.vertx.grpc.common.GrpcMessage;
import io.vertx.grpc.server.GrpcServerRequest;
import org.jspecify.annotations.Nullable;

/**
 * A {@code WriteStream} call: messages in, answers in any order, correlated. Owned by the event loop of its connection.
 * Bounded: with as many messages unanswered as the limits allow, or answers that the client does not read, nothing more
 * is read from the client.
 *
 * <pre>
 *   OPEN ──half close──► ENDING ──last answer──► over
 *     └──── a message that can't be read, or finds no room ──► REFUSED ──last answer──► over, with its status
 * </pre>
 */
final class GrpcStreamCall extends GrpcCall {
    private final Intake intake;
    private int waiting;
    private boolean paused;
    private boolean ending;
    private @Nullable Refusal refusal;

    private GrpcStreamCall(GrpcServerRequest<Buffer, Buffer> request, GrpcInflow inflow, Intake intake) {
        super(request, inflow, intake, intake.limits().batchBodyBytesMax());
        this.intake = intake;
        request.endHandler(end -> {
            ending = true;
            endIfDone();
        });
        response().drainHandler(drained -> resumeIfRoom());
    }

    static void open(GrpcServerRequest<Buffer, Buffer> request, GrpcInflow inflow, Intake intake) {
        new GrpcStreamCall(request, inflow, intake);
    }

    @Override
    void take(GrpcMessage message) {
        if (refusal != null || over()) {
            return;
        }
        ProtobufRequests.StreamMessage read;
        try {
            read = ProtobufRequests.streamMessage(
                    payload(message), intake.limits().batchRequestEntries());
        } catch (RuntimeException e) {
            starve(Refusal.of(WalException.of(e)));
            return;
        }
        waiting++;
        new Message(read).write();
        if (waiting >= intake.limits().streamMessages() || response().writeQueueFull()) {
            paused = true;
            request().pause();
            inflow().stop();
        }
    }

    @Override
    void starve(Refusal why) {
        if (refusal == null) {
            refusal = why;
            inflow().close();
            endIfDone();
        }
    }

    private void answered(byte[] answer) {
        waiting--;
        write(answer);
        resumeIfRoom();
        endIfDone();
    }

    private void resumeIfRoom() {
        if (paused
                && !over()
                && waiting <= intake.limits().streamMessages() / 2
                && !response().writeQueueFull()) {
            paused = false;
            request().resume(); // what waits may pause it again
            if (!paused) {
                inflow().go();
            }
        }
    }

    private void endIfDone() {
        if (waiting > 0 || over()) {
            return;
        }
        Refusal why = refusal;
        if (why != null) {
            fail(why);
        } else if (ending) {
            end();
        }
    }

    /** One message of the stream and the answers to its entries. */
    private final class Message implements Reply {
        private final ProtobufRequests.StreamMessage message;
        private final ProtobufAnswers.Answer[] answers;
        private int unanswered;

        Message(ProtobufRequests.StreamMessage message) {
            this.message = message;
            this.answers = new ProtobufAnswers.Answer[message.entries().size()];
            this.unanswered = answers.length;
        }

        void write() {
            if (answers.length == 0) {
                finish();
                return;
            }
            for (int i = 0; i < answers.length; i++) {
                intake.write(message.entries().get(i), 0, this, i);
            }
        }

        @Override
        public Identity caller() {
            return GrpcStreamCall.this.caller();
        }

        @Override
        public void decided(int index, AppendOutcome outcome) {
            answer(index, ProtobufAnswers.Answer.of(outcome));
        }

        @Override
        public void refused(int index, Refusal why) {
            answer(index, ProtobufAnswers.Answer.of(why));
        }

        private void answer(int index, ProtobufAnswers.Answer answer) {
            answers[index] = answer;
            if (--unanswered == 0) {
                finish();
            }
        }

        private void finish() {
            answered(ProtobufAnswers.streamMessage(answers, message.correlationId()));
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
}

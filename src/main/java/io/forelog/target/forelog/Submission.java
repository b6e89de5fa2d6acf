package io.forelog.target.forelog;

import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.wire.v1.WriteBatchRequest;
import io.forelog.wire.v1.WriteToLogRequest;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One batch on its way: calls of bounded size, one after the other, so that one batch has one call out whatever becomes of it. What is
 * refused as a whole goes again in halves, down to the one at fault. Used on the adapter's context.
 *
 * <pre>
 * the next writes -> call -> an outcome each -> the next writes -> … -> the end
 *          ^          | refused, of several
 *          └ two halves
 * out of time, no answer, or a pause is wanted -> retry for what has no outcome
 * </pre>
 */
final class Submission {
    static final int MESSAGE_BYTES = 4 << 20;

    /** Some calls were answered: the other instance is well, the batch takes too many of them. */
    private static final Outcome TOO_MUCH =
            Outcome.retry(ErrorCode.RATE_LIMITED, "no time left for all calls of the batch", Duration.ZERO);

    /** Calls the other instance. */
    interface Sender {
        /** Never fails. */
        Future<Answer> send(WriteBatchRequest message);

        boolean outOfTime();
    }

    /** Either an outcome for each, or one for {@code all}. */
    record Answer(@Nullable Outcome all, List<Outcome> each) {
        static Answer of(Outcome all) {
            return new Answer(all, List.of());
        }
    }

    private record Part(int from, int to) {}

    private final Sender sender;
    private final List<WriteToLogRequest> writes;
    private final @Nullable Outcome[] outcomes;
    private final Promise<List<Outcome>> promise = Promise.promise();
    private final ArrayDeque<Part> halves = new ArrayDeque<>();
    private int next;
    /** At least once. */
    private boolean answered;

    Submission(Sender sender, List<WriteToLogRequest> writes) {
        this.sender = sender;
        this.writes = writes;
        this.outcomes = new @Nullable Outcome[writes.size()];
    }

    /** An outcome each. Never fails. */
    Future<List<Outcome>> run() {
        step();
        return promise.future();
    }

    private void step() {
        Part part = halves.isEmpty() ? nextPart() : halves.poll();
        if (part == null) {
            promise.complete(Arrays.asList(outcomes));
        } else if (sender.outOfTime()) {
            end(TOO_MUCH);
        } else {
            WriteBatchRequest message = WriteBatchRequest.newBuilder()
                    .addAllEntries(writes.subList(part.from, part.to))
                    .build();
            sender.send(message).onSuccess(answer -> judge(part, answer));
        }
    }

    /** As many as a message may hold, at least one; null where none is left. */
    private @Nullable Part nextPart() {
        int from = next;
        int bytes = 0;
        while (next < writes.size()) {
            int size = writes.get(next).getSerializedSize();
            if (next > from && bytes + size > MESSAGE_BYTES) {
                break;
            }
            bytes += size;
            next++;
        }
        return next == from ? null : new Part(from, next);
    }

    private void judge(Part part, Answer answer) {
        Outcome all = answer.all;
        if (all instanceof Outcome.Rejected rejected && !rejected.storm() && part.to - part.from > 1) {
            int middle = (part.from + part.to) >>> 1;
            halves.push(new Part(middle, part.to));
            halves.push(new Part(part.from, middle));
        } else if (all != null && all.kind() == Outcome.Kind.RETRY) {
            end(answered && sender.outOfTime() ? TOO_MUCH : all);
            return;
        } else {
            for (int i = part.from; i < part.to; i++) {
                outcomes[i] = all != null ? all : answer.each.get(i - part.from);
            }
        }
        answered = true;
        step();
    }

    /** What has no outcome gets this one. */
    private void end(Outcome rest) {
        for (int i = 0; i < outcomes.length; i++) {
            if (outcomes[i] == null) {
                outcomes[i] = rest;
            }
        }
        promise.complete(Arrays.asList(outcomes));
    }
}

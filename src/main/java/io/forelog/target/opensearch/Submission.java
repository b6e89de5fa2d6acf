package io.forelog.target.opensearch;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.model.WalException;
import io.forelog.target.HttpAnswer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One batch on its way: bulk requests of bounded size, one after the other, by version, so that of one document an older write
 * goes before a newer one. What is refused as a whole goes again in halves. Used on the adapter's context; holds one
 * request's lines at a time.
 *
 * <pre>
 * lines of the next ones -> request -> an outcome each -> lines of the next ones -> … -> the end
 *             ^               | 400, 413 of several
 *             └── two halves ─┘
 * out of time, no node answers, or the server wants a pause -> retry for what has no outcome
 * </pre>
 */
final class Submission {
    /** Sends bulk requests. */
    interface Sender {
        /** Fails where no node answers in time. */
        Future<HttpAnswer> send(Buffer lines, int items);

        /** Most bytes of lines in a request; one document may be more, alone. */
        int bytesMax();

        /** A request of so many was too large. */
        void tooLarge(int bytes);
    }

    /** Of an action's line, as a rule. */
    private static final int ACTION_BYTES = 160;

    private final Sender sender;
    private final ActionForm form;
    private final List<Delivery> batch;
    private final @Nullable Outcome[] outcomes;
    private final long[] versions;
    /** Those that have a version, the oldest first. */
    private final int[] order;

    private final Promise<List<Outcome>> promise = Promise.promise();
    private final ArrayDeque<Part> halves = new ArrayDeque<>();
    private int next;

    /** Some of the order; the lines of member {@code i} end at {@code ends[i]} of the buffer that {@code lines} begins. */
    private record Part(Buffer lines, int[] members, int[] ends) {
        Part cut(int from, int to) {
            int start = from == 0 ? 0 : ends[from - 1];
            int[] cut = new int[to - from];
            for (int i = from; i < to; i++) {
                cut[i - from] = ends[i] - start;
            }
            return new Part(lines.slice(start, ends[to - 1]), Arrays.copyOfRange(members, from, to), cut);
        }
    }

    Submission(Sender sender, ActionForm form, List<Delivery> batch) {
        this.sender = sender;
        this.form = form;
        this.batch = batch;
        this.outcomes = new @Nullable Outcome[batch.size()];
        this.versions = new long[batch.size()];
        this.order = byVersion();
    }

    /** An outcome each. Never fails. */
    Future<List<Outcome>> run() {
        step();
        return promise.future();
    }

    private int[] byVersion() {
        int[] having = new int[batch.size()];
        int count = 0;
        boolean sorted = true;
        for (int i = 0; i < versions.length; i++) {
            try {
                versions[i] = DocumentVersion.of(batch.get(i).entry());
                sorted &= count == 0 || versions[having[count - 1]] <= versions[i];
                having[count++] = i;
            } catch (WalException e) {
                outcomes[i] = rejected(e);
            }
        }
        int[] found = Arrays.copyOf(having, count);
        return sorted
                ? found
                : Arrays.stream(found)
                        .boxed()
                        .sorted(Comparator.comparingLong(i -> versions[i]))
                        .mapToInt(i -> i)
                        .toArray();
    }

    private void step() {
        Part part = halves.isEmpty() ? lines() : halves.poll();
        if (part == null) {
            promise.complete(Arrays.asList(outcomes));
            return;
        }
        sender.send(part.lines(), part.members().length)
                .onComplete(answer -> judge(part, answer), failure -> end(HttpAnswer.unreached(failure)));
    }

    /** Of the next ones, at least one; null where none is left. */
    private @Nullable Part lines() {
        Buffer lines = Buffer.buffer(expectedBytes());
        int[] members = new int[order.length - next];
        int[] ends = new int[members.length];
        int count = 0;
        while (next < order.length && lines.length() < sender.bytesMax()) {
            int before = lines.length();
            int member = order[next];
            try {
                form.append(lines, batch.get(member).entry(), versions[member]);
            } catch (WalException e) {
                outcomes[member] = rejected(e);
                next++;
                continue;
            }
            if (count > 0 && lines.length() > sender.bytesMax()) {
                lines = lines.slice(0, before);
                break; // it goes with the next
            }
            members[count] = member;
            ends[count++] = lines.length();
            next++;
        }
        return count == 0 ? null : new Part(lines, Arrays.copyOf(members, count), Arrays.copyOf(ends, count));
    }

    /** About what the next request is large: it need not grow. */
    private int expectedBytes() {
        int bytes = 0;
        for (int i = next; i < order.length && bytes < sender.bytesMax(); i++) {
            bytes += ACTION_BYTES + batch.get(order[i]).entry().sizeBytes();
        }
        return Math.min(bytes, sender.bytesMax() + ACTION_BYTES);
    }

    private void judge(Part part, HttpAnswer answer) {
        int items = part.members().length;
        if (BulkOutcomes.splits(answer) && items > 1) {
            if (answer.status() == 413) {
                sender.tooLarge(part.lines().length());
            }
            halves.push(part.cut(items / 2, items));
            halves.push(part.cut(0, items / 2));
            step();
            return;
        }
        Outcome all = answer.status() / 100 == 2 ? null : BulkOutcomes.of(answer);
        if (all != null && all.kind() == Outcome.Kind.RETRY) {
            end(all);
            return;
        }
        @Nullable Outcome[] each = all == null ? BulkAnswer.read(answer.body(), items) : new @Nullable Outcome[items];
        @Nullable Outcome rest = all;
        for (int i = 0; i < items; i++) {
            if (each[i] == null && rest == null) {
                rest = BulkOutcomes.of(answer);
            }
            outcomes[part.members()[i]] = each[i] == null ? rest : each[i];
        }
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

    private static Outcome rejected(WalException e) {
        return e.code() == ErrorCode.TARGET_REJECTED
                ? Outcome.rejected(e.code(), String.valueOf(e.getMessage()), false)
                : Outcome.retry(e.code(), String.valueOf(e.getMessage()), Duration.ZERO);
    }
}

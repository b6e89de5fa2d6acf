package io.forelog.queue.sqs;

import io.forelog.model.ErrorCode;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResponse;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResultEntry;

/**
 * The way into one queue: fills batches across all that want to send. Up to {@link #EAGER} batches leave at once, however
 * small, so that nothing lingers at low load; beyond them only full ones, so that load fills batches. Of a FIFO queue's group
 * one batch is under way at a time, which keeps its order. A batch that got no answer is sent once more, on another connection.
 * Owned by the home; bounded by entries, bytes and batches.
 */
final class Sends {
    static final int BATCH_MOST = 10;
    static final int EAGER = 4;
    /** Of a request's time, for the first try: the rest is the second's. */
    private static final int FIRST_SHARE = 3;

    private final SqsCalls calls;
    private final String url;
    private final boolean fifo;
    private final int batchBytes;
    private final int batchesMost;
    private final int pendingMost;
    private final long pendingBytesMost;
    private final IntConsumer filled;
    private final ArrayDeque<Outgoing> pending = new ArrayDeque<>();
    private final Set<String> groups = new HashSet<>();
    private long pendingBytes;
    private int batches;
    private int sending;
    private boolean soon;
    private boolean closed;

    /** {@code filled} is told of each batch's entries. */
    Sends(SqsCalls calls, String url, boolean fifo, int batchBytes, SqsSettings settings, IntConsumer filled) {
        this.calls = calls;
        this.url = url;
        this.fifo = fifo;
        this.batchBytes = batchBytes;
        this.batchesMost = settings.sending();
        this.pendingMost = settings.pendingEntries();
        this.pendingBytesMost = settings.pendingBytes();
        this.filled = filled;
    }

    /** Never fails. */
    Future<Sent> send(String body, Map<String, String> attributes, int delaySeconds, String group) {
        int bytes = ParcelCodec.bytes(body, attributes);
        if (closed) {
            return Future.succeededFuture(Sent.refused(ErrorCode.UNAVAILABLE, "queue closed"));
        }
        Sent refusal = refusal(0, 0, bytes);
        if (refusal != null) {
            return Future.succeededFuture(refusal);
        }
        Promise<Sent> promise = calls.home().promise();
        pending.add(new Outgoing(body, attributes, bytes, delaySeconds, group, System.nanoTime(), promise));
        pendingBytes += bytes;
        if (!soon) {
            soon = true;
            calls.home().runOnContext(run -> pump());
        }
        return promise.future();
    }

    /** Why nothing of so many bytes is taken, where so much waits before it gets here; null = it is. */
    @Nullable
    Sent refusal(int entriesBefore, long bytesBefore, int bytes) {
        int entries = pending.size() + entriesBefore;
        long waiting = pendingBytes + bytesBefore;
        if (entries < pendingMost && (entries == 0 || waiting + bytes <= pendingBytesMost)) {
            return null;
        }
        return Sent.refused(
                ErrorCode.OVERLOADED,
                entries + " messages and " + waiting + " bytes wait for SQS (expected: within " + pendingMost + " and "
                        + pendingBytesMost + ")");
    }

    int sending() {
        return sending + pending.size();
    }

    /** What has waited too long for a batch was never handed over: it is refused. */
    void refuseOld() {
        long now = System.nanoTime();
        while (!pending.isEmpty()
                && now - pending.peek().offeredNanos() > calls.limit().toNanos()) {
            Outgoing old = pending.remove();
            pendingBytes -= old.bytes();
            old.promise().complete(Sent.refused(ErrorCode.UNAVAILABLE, "waited " + calls.limit() + " for SQS in vain"));
        }
    }

    /** Refuses what was not handed over. */
    void close() {
        closed = true;
        while (!pending.isEmpty()) {
            pending.remove().promise().complete(Sent.refused(ErrorCode.UNAVAILABLE, "queue closed"));
        }
        pendingBytes = 0;
    }

    private void pump() {
        soon = false;
        while (!pending.isEmpty() && batches < batchesMost) {
            boolean full = pending.size() >= BATCH_MOST || pendingBytes >= batchBytes;
            if (!full && batches >= EAGER) {
                return;
            }
            List<Outgoing> batch = fifo ? nextInOrder() : next();
            if (batch.isEmpty()) {
                return;
            }
            dispatch(batch);
        }
    }

    private List<Outgoing> next() {
        List<Outgoing> batch = new ArrayList<>(BATCH_MOST);
        int bytes = 0;
        while (batch.size() < BATCH_MOST && !pending.isEmpty()) {
            Outgoing head = pending.element();
            if (!batch.isEmpty() && bytes + head.bytes() > batchBytes) {
                break;
            }
            batch.add(pending.remove());
            bytes += head.bytes();
        }
        pendingBytes -= bytes;
        return batch;
    }

    /** A group that is under way, or of which something had to be left behind, waits as a whole. */
    private List<Outgoing> nextInOrder() {
        List<Outgoing> batch = new ArrayList<>(BATCH_MOST);
        Set<String> left = new HashSet<>(groups);
        int bytes = 0;
        for (Iterator<Outgoing> each = pending.iterator(); batch.size() < BATCH_MOST && each.hasNext(); ) {
            Outgoing next = each.next();
            if (left.contains(next.group()) || !batch.isEmpty() && bytes + next.bytes() > batchBytes) {
                left.add(next.group());
            } else {
                each.remove();
                batch.add(next);
                bytes += next.bytes();
            }
        }
        pendingBytes -= bytes;
        return batch;
    }

    private void dispatch(List<Outgoing> batch) {
        batches++;
        sending += batch.size();
        filled.accept(batch.size());
        List<SendMessageBatchRequestEntry> entries = new ArrayList<>(batch.size());
        String now = calls.clock().now();
        for (int i = 0; i < batch.size(); i++) {
            entries.add(entry(i, batch.get(i), now));
            groups.add(batch.get(i).group());
        }
        Duration first = calls.limit().dividedBy(FIRST_SHARE);
        ask(entries, first).onComplete(answer -> ended(batch, judged(batch.size(), answer)), failure -> {
            if (closed || !SendTable.unanswered(failure)) {
                ended(batch, all(batch.size(), SendTable.failed(failure)));
            } else {
                again(batch, entries, calls.limit().minus(first), SendTable.failed(failure));
            }
        });
    }

    /** What the first try did nobody knows: only a confirmation makes that better. */
    private void again(
            List<Outgoing> batch, List<SendMessageBatchRequestEntry> entries, Duration limit, Sent doubtful) {
        ask(entries, limit)
                .map(answer -> judged(batch.size(), answer))
                .otherwise(failure -> all(batch.size(), doubtful))
                .onSuccess(outcomes -> {
                    for (int i = 0; i < outcomes.length; i++) {
                        outcomes[i] = outcomes[i].isStored() ? outcomes[i] : doubtful;
                    }
                    ended(batch, outcomes);
                });
    }

    private Future<SendMessageBatchResponse> ask(List<SendMessageBatchRequestEntry> entries, Duration limit) {
        return calls.call(client -> client.sendMessageBatch(
                request -> request.queueUrl(url).entries(entries).overrideConfiguration(o -> o.apiCallTimeout(limit))));
    }

    private static Sent[] all(int count, Sent outcome) {
        Sent[] outcomes = new Sent[count];
        Arrays.fill(outcomes, outcome);
        return outcomes;
    }

    private SendMessageBatchRequestEntry entry(int number, Outgoing outgoing, String now) {
        SendMessageBatchRequestEntry.Builder entry = SendMessageBatchRequestEntry.builder()
                .id(String.valueOf(number))
                .messageBody(outgoing.body())
                .messageAttributes(ParcelCodec.sdk(outgoing.attributes(), now));
        if (fifo) {
            // Its own for each sending: a copy of a message is no repetition of it, a second try of a batch is.
            entry.messageGroupId(outgoing.group())
                    .messageDeduplicationId(UUID.randomUUID().toString());
        } else if (outgoing.delaySeconds() > 0) {
            entry.delaySeconds(outgoing.delaySeconds());
        }
        return entry.build();
    }

    private static Sent[] judged(int count, SendMessageBatchResponse answer) {
        Sent[] outcomes = all(count, SendTable.notNamed());
        for (SendMessageBatchResultEntry each : answer.successful()) {
            outcomes[Integer.parseInt(each.id())] = SendTable.confirmed(each);
        }
        for (BatchResultErrorEntry each : answer.failed()) {
            outcomes[Integer.parseInt(each.id())] = SendTable.failed(each);
        }
        return outcomes;
    }

    private void ended(List<Outgoing> batch, Sent[] outcomes) {
        batches--;
        sending -= batch.size();
        for (Outgoing each : batch) {
            groups.remove(each.group());
        }
        for (int i = 0; i < outcomes.length; i++) {
            batch.get(i).promise().complete(outcomes[i]);
        }
        pump();
    }
}

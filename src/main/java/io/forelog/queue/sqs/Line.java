package io.forelog.queue.sqs;

import io.forelog.model.Durable;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntConsumer;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/**
 * One SQS queue, once its URL is known: sends, receives, deletes, hides. Owned by the home of its namespace; bounded by
 * {@link Sends} and by what was received.
 */
final class Line {
    static final int RECEIVE_MOST = 10;

    final String name;
    final String url;
    final boolean fifo;
    final Sends sends;
    final ClaimCheck claims;

    private final SqsCalls calls;
    private final Batches<String> removals;
    private final Batches<Hiding> hidings;
    private Future<ClaimCheck.Packed> packing = Future.failedFuture("nothing yet");
    private int unpackedEntries;
    private long unpackedBytes;

    private record Hiding(String receipt, int seconds) {}

    Line(
            SqsCalls calls,
            String name,
            String url,
            int messageBytes,
            SqsSettings settings,
            ClaimCheck claims,
            IntConsumer filled) {
        this.calls = calls;
        this.name = name;
        this.url = url;
        this.fifo = name.endsWith(QueueNames.FIFO);
        this.claims = claims;
        this.sends = new Sends(calls, url, fifo, messageBytes, settings, filled);
        this.removals = new Batches<>(calls.home(), this::remove);
        this.hidings = new Batches<>(calls.home(), this::hide);
    }

    /** Never fails; where the blob store or the size forbids it, nothing was sent. */
    Future<Sent> send(Parcel parcel, int delaySeconds) {
        int bytes = parcel.entry().payload().length();
        Sent refusal = sends.refusal(unpackedEntries, unpackedBytes, bytes);
        if (refusal != null) {
            return Future.succeededFuture(refusal);
        }
        unpackedEntries++;
        unpackedBytes += bytes;
        return packed(parcel)
                .andThen(ended -> {
                    unpackedEntries--;
                    unpackedBytes -= bytes;
                })
                .compose(packed -> send(packed, parcel, delaySeconds).onSuccess(sent -> {
                    if (sent.durable() == Durable.FALSE) {
                        claims.discard(packed.blob());
                    }
                }))
                .otherwise(failure -> {
                    WalException wal = WalException.of(failure);
                    return Sent.refused(wal.code(), String.valueOf(wal.getMessage()));
                });
    }

    /** A message that names a blob which another message has; never fails, and never ends the blob. */
    Future<Sent> sendNaming(Parcel parcel, String blob, long blobBytes, int delaySeconds) {
        return send(claims.naming(parcel, blob, blobBytes), parcel, delaySeconds);
    }

    private Future<Sent> send(ClaimCheck.Packed packed, Parcel parcel, int delaySeconds) {
        String group = fifo ? Spread.group(parcel.entry()) : "";
        return sends.send(packed.body(), packed.attributes(), fifo ? 0 : delaySeconds, group);
    }

    /** In a FIFO queue what waits for the blob store is overtaken by nothing, and waits no longer than one call of it may. */
    private Future<ClaimCheck.Packed> packed(Parcel parcel) {
        Duration limit = calls.limit();
        if (!fifo) {
            return claims.pack(parcel, limit);
        }
        long offeredNanos = System.nanoTime();
        Future<ClaimCheck.Packed> packed = packing.isComplete()
                ? claims.pack(parcel, limit)
                : packing.transform(before -> late(parcel, limit.minusNanos(System.nanoTime() - offeredNanos)));
        packing = packed;
        return packed;
    }

    private Future<ClaimCheck.Packed> late(Parcel parcel, Duration left) {
        return left.isNegative()
                ? Future.failedFuture(new WalException(
                        ErrorCode.UNAVAILABLE,
                        "waited " + calls.limit() + " in vain for the blob store to take what came before"))
                : claims.pack(parcel, left);
    }

    /** Up to ten; a long poll. */
    Future<List<Message>> receive(int most, int waitSeconds, int visibilitySeconds) {
        return calls.call(client -> client.receiveMessage(request -> request.queueUrl(url)
                        .maxNumberOfMessages(Math.min(RECEIVE_MOST, most))
                        .waitTimeSeconds(waitSeconds)
                        .visibilityTimeout(visibilitySeconds)
                        .messageSystemAttributeNames(
                                MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT,
                                MessageSystemAttributeName.APPROXIMATE_FIRST_RECEIVE_TIMESTAMP,
                                MessageSystemAttributeName.SENT_TIMESTAMP,
                                MessageSystemAttributeName.SEQUENCE_NUMBER)
                        .messageAttributeNames("All")
                        .overrideConfiguration(
                                o -> o.apiCallTimeout(calls.limit().plusSeconds(waitSeconds)))))
                .map(answer -> {
                    calls.clock().answered(answer);
                    return answer.messages();
                });
    }

    /** As {@link SqsClock#aheadMicros}, of one that was received. */
    long aheadMicros(Message message) {
        return calls.clock().aheadMicros(message);
    }

    /** Ends with {@link Batches#DONE} or why not. */
    Future<String> remove(String receipt) {
        return removals.add(receipt);
    }

    /** Hidden for so many seconds from now; 0 = seen by all at once. Ends as {@link #remove}. */
    Future<String> hide(String receipt, int seconds) {
        return hidings.add(new Hiding(receipt, seconds));
    }

    boolean idle() {
        return removals.idle() && hidings.idle() && sends.sending() == 0;
    }

    Future<Map<QueueAttributeName, String>> attributes() {
        return attributes(calls, url);
    }

    static Future<Map<QueueAttributeName, String>> attributes(SqsCalls calls, String url) {
        return calls.call(client -> client.getQueueAttributes(request -> request.queueUrl(url)
                        .attributeNames(QueueAttributeName.ALL)
                        .overrideConfiguration(o -> o.apiCallTimeout(calls.limit()))))
                .map(answer -> answer.attributes());
    }

    private Future<List<String>> remove(List<String> receipts) {
        List<DeleteMessageBatchRequestEntry> entries = new ArrayList<>(receipts.size());
        for (int i = 0; i < receipts.size(); i++) {
            entries.add(DeleteMessageBatchRequestEntry.builder()
                    .id(String.valueOf(i))
                    .receiptHandle(receipts.get(i))
                    .build());
        }
        return calls.call(client -> client.deleteMessageBatch(request -> request.queueUrl(url)
                        .entries(entries)
                        .overrideConfiguration(o -> o.apiCallTimeout(calls.limit()))))
                .map(answer -> reasons(receipts.size(), answer.failed()));
    }

    private Future<List<String>> hide(List<Hiding> hidden) {
        List<ChangeMessageVisibilityBatchRequestEntry> entries = new ArrayList<>(hidden.size());
        for (int i = 0; i < hidden.size(); i++) {
            entries.add(ChangeMessageVisibilityBatchRequestEntry.builder()
                    .id(String.valueOf(i))
                    .receiptHandle(hidden.get(i).receipt())
                    .visibilityTimeout(hidden.get(i).seconds())
                    .build());
        }
        return calls.call(client -> client.changeMessageVisibilityBatch(request -> request.queueUrl(url)
                        .entries(entries)
                        .overrideConfiguration(o -> o.apiCallTimeout(calls.limit()))))
                .map(answer -> reasons(hidden.size(), answer.failed()));
    }

    private static List<String> reasons(int count, List<BatchResultErrorEntry> failed) {
        List<String> reasons = new ArrayList<>(java.util.Collections.nCopies(count, Batches.DONE));
        for (BatchResultErrorEntry each : failed) {
            reasons.set(Integer.parseInt(each.id()), each.code() + ": " + each.message());
        }
        return reasons;
    }

    /** The receipt is of no use any more: its message has gone, or was received again. */
    static boolean outlived(String reason) {
        String lower = reason.toLowerCase(Locale.ROOT);
        return lower.contains("receipthandle") || lower.contains("notinflight") || lower.contains("does not exist");
    }
}

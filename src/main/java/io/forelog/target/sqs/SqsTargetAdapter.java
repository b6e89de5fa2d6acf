package io.forelog.target.sqs;

import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.target.TargetAdapter;
import io.forelog.target.Words;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResponse;
import software.amazon.awssdk.services.sqs.model.SqsException;

/**
 * Deliveries of one queue go out as SendMessageBatch, ten and {@code message_bytes} at most; a batch that is refused as a whole
 * is sent again one by one. Called on the context it was opened on, to which the SDK's answers hop home; bounded by the
 * writer's requests in flight and the client's connections. Urls of queues are kept, at most {@link #QUEUES_MAX}.
 */
final class SqsTargetAdapter implements TargetAdapter {
    static final int BATCH_MAX = 10;
    private static final int QUEUES_MAX = 1_000;

    private final Vertx vertx;
    private final Context home;
    private final SqsConnection sqs;
    private final QueueTemplate template;
    private final String destination;
    private final int bytesMax;
    private final Map<String, String> urls = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
            return size() > QUEUES_MAX;
        }
    };

    SqsTargetAdapter(Vertx vertx, SqsConnection sqs, QueueTemplate template, String destination, int bytesMax) {
        this.vertx = vertx;
        this.home = vertx.getOrCreateContext();
        this.sqs = sqs;
        this.template = template;
        this.destination = destination;
        this.bytesMax = bytesMax;
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        Outcome[] outcomes = new Outcome[batch.size()];
        Map<String, List<Integer>> byQueue = new LinkedHashMap<>();
        for (int index = 0; index < outcomes.length; index++) {
            Entry entry = batch.get(index).entry();
            String named = entry.destination().isEmpty() ? destination : entry.destination();
            String queue = template.queue(entry.namespace(), named);
            if (queue == null) {
                outcomes[index] = Outcome.rejected(
                        ErrorCode.TARGET_REJECTED,
                        Words.said("queue: " + template.text() + " with '" + named + "' (expected: a legal name)"),
                        false);
            } else {
                byQueue.computeIfAbsent(queue, first -> new ArrayList<>()).add(index);
            }
        }
        List<Future<Void>> sending = new ArrayList<>();
        byQueue.forEach((queue, indexes) -> sending.add(send(queue, batch, indexes, outcomes)));
        return Future.join(sending).otherwiseEmpty().map(all -> Arrays.asList(outcomes));
    }

    /** Never fails. */
    private Future<Void> send(String queue, List<Delivery> batch, List<Integer> indexes, Outcome[] outcomes) {
        return url(queue)
                .compose(url -> {
                    List<Future<Void>> calls = new ArrayList<>();
                    List<SendMessageBatchRequestEntry> part = new ArrayList<>();
                    int bytes = 0;
                    for (int index : indexes) {
                        SendMessageBatchRequestEntry message = MessageForm.message(
                                batch.get(index), Integer.toString(index), queue.endsWith(QueueTemplate.FIFO));
                        int size = MessageForm.bytes(message);
                        if (!part.isEmpty() && bytes + size > bytesMax) {
                            calls.add(call(queue, url, List.copyOf(part), outcomes));
                            part.clear();
                            bytes = 0;
                        }
                        part.add(message);
                        bytes += size;
                    }
                    calls.add(call(queue, url, part, outcomes));
                    return Future.join(calls).<Void>mapEmpty();
                })
                .recover(failure -> {
                    Outcome outcome = SqsOutcomes.of(failure);
                    indexes.forEach(index -> outcomes[index] = outcome);
                    return Future.succeededFuture();
                });
    }

    private Future<String> url(String queue) {
        String known = urls.get(queue);
        return known != null
                ? Future.succeededFuture(known)
                : ask(() -> sqs.client().getQueueUrl(request -> request.queueName(queue)))
                        .map(answer -> {
                            urls.put(queue, answer.queueUrl());
                            return answer.queueUrl();
                        });
    }

    /** Never fails. */
    private Future<Void> call(
            String queue, String url, List<SendMessageBatchRequestEntry> messages, Outcome[] outcomes) {
        return ask(() -> sqs.client()
                        .sendMessageBatch(request -> request.queueUrl(url).entries(messages)))
                .map(answer -> {
                    take(answer, messages, outcomes);
                    return (Void) null;
                })
                .recover(failure -> refused(failure, queue, url, messages, outcomes));
    }

    private static void take(
            SendMessageBatchResponse answer, List<SendMessageBatchRequestEntry> messages, Outcome[] outcomes) {
        answer.successful().forEach(sent -> outcomes[Integer.parseInt(sent.id())] = Outcome.applied());
        answer.failed().forEach(failed -> outcomes[Integer.parseInt(failed.id())] = SqsOutcomes.of(failed));
        for (SendMessageBatchRequestEntry message : messages) {
            int index = Integer.parseInt(message.id());
            if (outcomes[index] == null) {
                outcomes[index] = SqsOutcomes.of(new IllegalStateException("no result for the message"));
            }
        }
    }

    private Future<Void> refused(
            Throwable failure,
            String queue,
            String url,
            List<SendMessageBatchRequestEntry> messages,
            Outcome[] outcomes) {
        Outcome outcome = SqsOutcomes.of(failure);
        boolean storm = outcome instanceof Outcome.Rejected rejected && rejected.storm();
        if (storm) {
            urls.remove(queue); // made anew, it may have another
        }
        if (messages.size() > 1 && !storm && outcome.kind() == Outcome.Kind.REJECTED) {
            List<Future<Void>> alone = messages.stream()
                    .map(message -> call(queue, url, List.of(message), outcomes))
                    .toList();
            return Future.join(alone).mapEmpty();
        }
        messages.forEach(message -> outcomes[Integer.parseInt(message.id())] = outcome);
        return Future.succeededFuture();
    }

    /** Off the loop where credentials may have to be fetched; the answer comes home. */
    private <T> Future<T> ask(Callable<CompletableFuture<T>> call) {
        if (sqs.mayBlock()) {
            return vertx.executeBlocking(call, false).compose(answer -> Future.fromCompletionStage(answer, home));
        }
        try {
            return Future.fromCompletionStage(call.call(), home);
        } catch (Exception e) {
            return Future.failedFuture(e);
        }
    }

    /** Any answer below 500 will do, that there is no such queue too. */
    @Override
    public Future<Void> probe() {
        return ask(() -> sqs.client().getQueueUrl(request -> request.queueName("forelog-probe")))
                .<Void>mapEmpty()
                .recover(failure -> {
                    Throwable cause = failure.getCause() instanceof SqsException ? failure.getCause() : failure;
                    return cause instanceof SqsException answer && answer.statusCode() > 0 && answer.statusCode() < 500
                            ? Future.succeededFuture()
                            : Future.failedFuture(cause);
                });
    }

    @Override
    public Future<Void> close() {
        return vertx.executeBlocking(
                () -> {
                    sqs.close();
                    return null;
                },
                false);
    }
}

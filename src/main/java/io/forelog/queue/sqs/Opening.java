package io.forelog.queue.sqs;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.observe.LogKeys;
import io.vertx.core.Future;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;

/**
 * Finds a queue by its name, makes it where that is allowed, and checks that it keeps what is promised. Used on the home;
 * stateless but for what it was given.
 */
final class Opening {
    private static final Logger LOG = LoggerFactory.getLogger(Opening.class);
    private static final String RETENTION_SECONDS = String.valueOf(QueueNames.RETENTION.toSeconds());

    private final SqsCalls calls;
    private final boolean create;
    private final int messageBytes;

    Opening(SqsCalls calls, boolean create, int messageBytes) {
        this.calls = calls;
        this.create = create;
        this.messageBytes = messageBytes;
    }

    /** A queue that can be used. */
    record Found(String url, int messageBytes) {}

    /**
     * Fails with INVALID_ARGUMENT where the queue is not what is asked for, and with UNAVAILABLE where nobody can tell.
     *
     * @param key the document's, for the text
     */
    Future<Found> find(String key, String name) {
        return url(name)
                .recover(failure -> isMissing(failure) ? make(key, name) : Future.failedFuture(failure))
                .compose(url -> Line.attributes(calls, url).map(attributes -> checked(key, name, url, attributes)))
                .recover(failure -> Future.failedFuture(told(key, name, failure)));
    }

    private Future<String> url(String name) {
        return calls.call(client -> client.getQueueUrl(
                        request -> request.queueName(name).overrideConfiguration(o -> o.apiCallTimeout(calls.limit()))))
                .map(answer -> answer.queueUrl());
    }

    private static boolean isMissing(Throwable failure) {
        return failure instanceof QueueDoesNotExistException
                || failure instanceof AwsServiceException answered
                        && SendTable.code(answered).contains("NonExistentQueue");
    }

    private Future<String> make(String key, String name) {
        if (!create) {
            return Future.failedFuture(new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    key + ": " + name + " does not exist (expected: an existing queue, or queues.sqs.create: true in"
                            + " conf/forelog.yaml)"));
        }
        Map<QueueAttributeName, String> attributes = new LinkedHashMap<>();
        attributes.put(QueueAttributeName.MESSAGE_RETENTION_PERIOD, RETENTION_SECONDS);
        if (name.endsWith(QueueNames.FIFO)) {
            attributes.put(QueueAttributeName.FIFO_QUEUE, "true");
        }
        return calls.call(client -> client.createQueue(request -> request.queueName(name)
                        .attributes(attributes)
                        .overrideConfiguration(o -> o.apiCallTimeout(calls.limit()))))
                .map(answer -> answer.queueUrl())
                .onSuccess(
                        made -> LOG.atInfo().addKeyValue(LogKeys.DATABASE, name).log("SQS queue made"));
    }

    private Found checked(String key, String name, String url, Map<QueueAttributeName, String> attributes) {
        String problem = problem(attributes);
        if (problem != null) {
            throw new WalException(ErrorCode.INVALID_ARGUMENT, key + ": " + name + ": " + problem);
        }
        String most = attributes.get(QueueAttributeName.MAXIMUM_MESSAGE_SIZE);
        return new Found(url, most == null ? messageBytes : Math.min(messageBytes, Integer.parseInt(most)));
    }

    /** Why a queue with these attributes can't be used; null = it can. A server that does not tell them is believed. */
    static @Nullable String problem(Map<QueueAttributeName, String> attributes) {
        String retention = attributes.get(QueueAttributeName.MESSAGE_RETENTION_PERIOD);
        if (retention != null && Long.parseLong(retention) < QueueNames.RETENTION.toSeconds()) {
            return "MessageRetentionPeriod " + retention + " (expected: " + RETENTION_SECONDS
                    + ", 14 days: what is not delivered by then is lost)";
        }
        String redrive = attributes.get(QueueAttributeName.REDRIVE_POLICY);
        if (redrive != null && !redrive.isEmpty()) {
            return "RedrivePolicy " + redrive + " (expected: none; Forelog keeps its own dead letters, and a receive is"
                    + " no attempt)";
        }
        return null;
    }

    private static WalException told(String key, String name, Throwable failure) {
        if (failure instanceof WalException wal && wal.code() == ErrorCode.INVALID_ARGUMENT) {
            return wal;
        }
        return new WalException(
                ErrorCode.UNAVAILABLE,
                key + ": " + name + ": " + SendTable.failed(failure).text(),
                failure);
    }

    /** A whole set, by what is asked for each. */
    static <T> Future<Void> each(Iterable<T> what, Function<T, Future<Void>> how) {
        Future<Void> all = Future.succeededFuture();
        for (T one : what) {
            all = all.compose(before -> how.apply(one));
        }
        return all;
    }
}

package io.forelog.queue.sqs;

import io.forelog.observe.LogKeys;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.awscore.exception.AwsServiceException;

/**
 * Whether SQS answers. Every answer tells, from any thread; an error of 4xx is an answer. Bounded by one text.
 */
final class Reach {
    private static final Logger LOG = LoggerFactory.getLogger(Reach.class);

    private final String where;
    private final AtomicReference<@Nullable String> trouble = new AtomicReference<>();
    private volatile boolean closed;

    Reach(String where) {
        this.where = where;
    }

    /** What is cut off from now on is our doing. */
    void close() {
        closed = true;
    }

    void answered() {
        if (trouble.get() != null && trouble.getAndSet(null) != null) {
            LOG.atInfo().addKeyValue(LogKeys.DATABASE, where).log("SQS answers again");
        }
    }

    void failed(Throwable failure) {
        if (failure instanceof AwsServiceException answered && answered.statusCode() < 500) {
            answered();
            return;
        }
        String text = SendTable.failed(failure).text();
        if (closed) {
            return;
        }
        if (trouble.getAndSet(text) == null) {
            LOG.atError()
                    .addKeyValue(LogKeys.DATABASE, where)
                    .addKeyValue(LogKeys.REASON, text)
                    .log("SQS does not answer");
        }
    }

    /** Empty where it answers. */
    String trouble() {
        String text = trouble.get();
        return text == null ? "" : text;
    }
}

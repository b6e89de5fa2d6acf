package io.forelog.queue.sqs;

import io.forelog.model.ConfigSchema;
import io.forelog.model.WalException;
import io.forelog.queue.Capabilities;
import io.forelog.queue.MediumOptions;
import io.forelog.queue.QueueMedium;
import io.forelog.queue.QueueProvider;
import io.vertx.core.Future;
import java.time.Duration;

/** {@code type: SQS}. Any thread. */
public final class SqsQueueProvider implements QueueProvider {
    static final Capabilities CAPABILITIES =
            new Capabilities(Duration.ofDays(2), false, false, false, true, false, false, false, 16 << 20);

    @Override
    public String type() {
        return "SQS";
    }

    @Override
    public ConfigSchema schema() {
        return QueueNames.schema();
    }

    @Override
    public Capabilities capabilities() {
        return CAPABILITIES;
    }

    /** Reaches nobody: the client is made with the first queue. */
    @Override
    public Future<QueueMedium> open(MediumOptions options) {
        try {
            return Future.succeededFuture(new SqsMedium(options, SqsSettings.of(options.settings())));
        } catch (RuntimeException e) {
            return Future.failedFuture(WalException.of(e));
        }
    }
}

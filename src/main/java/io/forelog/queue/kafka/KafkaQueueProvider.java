package io.forelog.queue.kafka;

import io.forelog.model.ConfigSchema;
import io.forelog.model.WalException;
import io.forelog.queue.Capabilities;
import io.forelog.queue.MediumOptions;
import io.forelog.queue.QueueMedium;
import io.forelog.queue.QueueProvider;
import io.vertx.core.Future;
import java.io.IOException;
import java.time.Duration;

/** {@code type: KAFKA}. Any thread. */
public final class KafkaQueueProvider implements QueueProvider {
    /** Any delay, by way of the tiers; order without delay; nothing is found again but by time. */
    static final Capabilities CAPABILITIES =
            new Capabilities(Duration.ofDays(36_500), false, true, false, true, false, false, true, 16 << 20);

    @Override
    public String type() {
        return "KAFKA";
    }

    /** All its keys are the article's, which every document may hold. */
    @Override
    public ConfigSchema schema() {
        return ConfigSchema.EMPTY;
    }

    @Override
    public Capabilities capabilities() {
        return CAPABILITIES;
    }

    /** Connects to nothing yet: a cluster is reached when a document names it. */
    @Override
    public Future<QueueMedium> open(MediumOptions options) {
        return options.vertx().executeBlocking(() -> {
            try {
                return new KafkaMedium(options, new CreatedTopics(options.vertx(), options.dataDirectory()));
            } catch (IOException | RuntimeException e) {
                throw WalException.of(e);
            }
        });
    }
}

package io.forelog.queue.rocksdb;

import io.forelog.model.ConfigSchema;
import io.forelog.model.WalException;
import io.forelog.queue.Capabilities;
import io.forelog.queue.MediumOptions;
import io.forelog.queue.QueueMedium;
import io.forelog.queue.QueueProvider;
import io.vertx.core.Future;
import java.io.IOException;
import java.time.Duration;

/** {@code type: EMBEDDED}. Any thread. */
public final class RocksQueueProvider implements QueueProvider {
    static final Capabilities CAPABILITIES =
            new Capabilities(Duration.ofDays(36_500), true, true, true, true, true, true, true, 16 << 20);

    @Override
    public String type() {
        return "EMBEDDED";
    }

    @Override
    public ConfigSchema schema() {
        return ConfigSchema.EMPTY;
    }

    @Override
    public Capabilities capabilities() {
        return CAPABILITIES;
    }

    @Override
    public Future<QueueMedium> open(MediumOptions options) {
        return options.vertx().executeBlocking(() -> {
            try {
                return new RocksMedium(options, null);
            } catch (IOException | RuntimeException e) {
                throw WalException.of(e);
            }
        });
    }
}

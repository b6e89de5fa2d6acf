package io.forelog.queue.rocksdb;

import io.forelog.model.ConfigSchema;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.queue.Capabilities;
import io.forelog.queue.MediumOptions;
import io.forelog.queue.QueueMedium;
import io.forelog.queue.QueueProvider;
import io.vertx.core.Future;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * {@code type: SECOND}, as a third party would add one: an embedded queue in a folder of its own, which can't be reached while
 * a file {@code second-is-away} lies in the data directory. On the class path of the services of combination tests alone.
 */
public final class SecondQueueProvider implements QueueProvider {
    /** Exists = the broker can't be reached. */
    public static final String AWAY = "second-is-away";

    @Override
    public String type() {
        return "SECOND";
    }

    @Override
    public ConfigSchema schema() {
        return ConfigSchema.EMPTY;
    }

    @Override
    public Capabilities capabilities() {
        return RocksQueueProvider.CAPABILITIES;
    }

    @Override
    public Future<QueueMedium> open(MediumOptions options) {
        return options.vertx().executeBlocking(() -> {
            if (Files.exists(options.dataDirectory().resolve(AWAY))) {
                throw new WalException(ErrorCode.UNAVAILABLE, "second: connection refused");
            }
            Path own = Files.createDirectories(options.dataDirectory().resolve("second"));
            return new RocksMedium(
                    new MediumOptions(options.vertx(), options.ticker(), options.metrics(), own, options.settings()),
                    null);
        });
    }

    /** What a service's class path needs beside its own to find it. */
    public static Path[] on(Path directory) {
        try {
            Path services = directory.resolve("second/META-INF/services/" + QueueProvider.class.getName());
            Files.createDirectories(services.getParent());
            Files.writeString(services, SecondQueueProvider.class.getName() + "\n");
            Path classes = Path.of(SecondQueueProvider.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return new Path[] {directory.resolve("second"), classes};
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}

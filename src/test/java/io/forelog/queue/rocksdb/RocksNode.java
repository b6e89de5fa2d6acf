package io.forelog.queue.rocksdb;

import io.forelog.model.Ticker;
import io.forelog.queue.MediumOptions;
import io.forelog.queue.Queue;
import io.forelog.queue.QueueSpec;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** A medium on a folder of its own, which can die: what kill -9 would leave is copied, and opened as another. */
final class RocksNode {
    final Vertx vertx;
    final Path data;
    final AtomicLong freeBytes = new AtomicLong(Long.MAX_VALUE / 4);
    final RocksMedium medium;
    private final Ticker ticker;
    private final Map<String, Object> settings;

    RocksNode(Vertx vertx, Path data, Ticker ticker, Map<String, Object> settings) throws IOException {
        this.vertx = vertx;
        this.data = data;
        this.ticker = ticker;
        this.settings = new HashMap<>(settings);
        this.settings.putIfAbsent("ballast_bytes", 0L);
        this.medium = new RocksMedium(
                new MediumOptions(vertx, ticker, new SimpleMeterRegistry(), data, this.settings), freeBytes::get);
    }

    Queue open(QueueSpec spec) throws Exception {
        return await(medium.open(spec));
    }

    /** Copies what is on the disk as the process would leave it; again where files came or went meanwhile. */
    Path copyTo(Path target) throws IOException {
        for (int attempt = 0; ; attempt++) {
            List<Path> before = files(data);
            try {
                copy(before, target);
                // None: a file went while it was looked for.
                if (!before.isEmpty() && files(data).equals(before)) {
                    return target;
                }
            } catch (NoSuchFileException e) {
                if (attempt > 50) {
                    throw e;
                }
            }
            if (Files.exists(target)) {
                delete(target);
            }
        }
    }

    private static List<Path> files(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.sorted().toList();
        } catch (UncheckedIOException e) {
            return List.of();
        }
    }

    private void copy(List<Path> files, Path target) throws IOException {
        for (Path file : files) {
            Path to = target.resolve(data.relativize(file).toString());
            if (Files.isDirectory(file)) {
                Files.createDirectories(to);
            } else if (!file.endsWith("lock") && !file.endsWith("LOCK")) {
                Files.copy(file, to);
            }
        }
    }

    static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    RocksNode crashInto(Path target) throws IOException {
        return new RocksNode(vertx, copyTo(target), ticker, settings);
    }

    static void wake(Queue queue) {
        ((RocksQueue) queue).store().inbox().wake();
    }

    void close() throws Exception {
        await(medium.close());
    }

    static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }
}

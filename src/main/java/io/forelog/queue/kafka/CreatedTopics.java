package io.forelog.queue.kafka;

import io.forelog.model.ErrorCode;
import io.forelog.model.Folders;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Remembers which topics this node made, in {@code <data>/kafka/created-topics}, a line each: only those are deleted with their
 * namespace. A topic that is forgotten stays, which is the safe side. Any thread; guarded by this, writing blocks and goes to
 * a worker.
 */
final class CreatedTopics {
    private final Vertx vertx;
    private final Path file;
    private final Set<String> lines = new TreeSet<>();

    /** Blocking. */
    CreatedTopics(Vertx vertx, Path data) throws IOException {
        this.vertx = vertx;
        Path folder = data.resolve("kafka");
        Folders.make(folder);
        this.file = folder.resolve("created-topics");
        if (Files.exists(file)) {
            lines.addAll(Files.readAllLines(file));
        }
    }

    private static String line(String cluster, String topic) {
        return cluster + " " + topic;
    }

    synchronized boolean has(String cluster, String topic) {
        return lines.contains(line(cluster, topic));
    }

    Future<Void> add(String cluster, String topic) {
        return vertx.executeBlocking(() -> change(() -> lines.add(line(cluster, topic))));
    }

    Future<Void> forget(String cluster, String topic) {
        return vertx.executeBlocking(() -> change(() -> lines.remove(line(cluster, topic))));
    }

    @SuppressWarnings("NullAway") // a blocking task answers null
    private synchronized Void change(Runnable how) {
        how.run();
        try {
            Path next = file.resolveSibling("created-topics.next");
            Files.write(next, List.copyOf(lines));
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new WalException(ErrorCode.INTERNAL, file + ": " + e.getMessage(), e);
        }
        return null;
    }
}

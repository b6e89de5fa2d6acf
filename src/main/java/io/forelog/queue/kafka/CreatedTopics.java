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
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;

/**
 * Remembers which topics this node made and which namespaces ever used them, in {@code <data>/kafka/created-topics}, a line each:
 * {@code cluster topic namespace...}. Only those are freed and deleted, and only where one namespace alone uses them. A topic
 * that is forgotten stays, which is the safe side. Any thread; guarded by this, writing blocks and goes to a worker.
 */
final class CreatedTopics {
    private final Vertx vertx;
    private final Path file;
    private final Map<String, Set<String>> users = new TreeMap<>();

    /** Blocking. */
    CreatedTopics(Vertx vertx, Path data) throws IOException {
        this.vertx = vertx;
        Path folder = data.resolve("kafka");
        Folders.make(folder);
        this.file = folder.resolve("created-topics");
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                List<String> words = List.of(line.split(" "));
                if (words.size() >= 2) {
                    users.put(topic(words.get(0), words.get(1)), new TreeSet<>(words.subList(2, words.size())));
                }
            }
        }
    }

    private static String topic(String cluster, String topic) {
        return cluster + " " + topic;
    }

    /** Made here, and used by no other namespace than this one since. */
    synchronized boolean isOf(String cluster, String topic, String namespace) {
        return Set.of(namespace).equals(users.get(topic(cluster, topic)));
    }

    /** Made here, whoever uses it. */
    synchronized boolean has(String cluster, String topic) {
        return users.containsKey(topic(cluster, topic));
    }

    Future<Void> add(String cluster, String topic) {
        return change(() -> users.computeIfAbsent(topic(cluster, topic), made -> new TreeSet<>()) != null);
    }

    /** Before the namespace appends to them or reads them; those that were made by others are left out. */
    Future<Void> use(String cluster, Collection<String> topics, String namespace) {
        return change(() -> {
            boolean changed = false;
            for (String topic : topics) {
                Set<String> its = users.get(topic(cluster, topic));
                changed |= its != null && its.add(namespace);
            }
            return changed;
        });
    }

    /** The namespace is gone: what it shared is the others'. */
    Future<Void> leave(String cluster, Collection<String> topics, String namespace) {
        return change(() -> {
            boolean changed = false;
            for (String topic : topics) {
                Set<String> its = users.get(topic(cluster, topic));
                changed |= its != null && its.remove(namespace);
            }
            return changed;
        });
    }

    Future<Void> forget(String cluster, String topic) {
        return change(() -> users.remove(topic(cluster, topic)) != null);
    }

    private Future<Void> change(BooleanSupplier how) {
        return vertx.<Void>executeBlocking(() -> write(how));
    }

    @SuppressWarnings("NullAway") // a blocking task answers null
    private synchronized Void write(BooleanSupplier how) {
        if (!how.getAsBoolean()) {
            return null;
        }
        List<String> lines = new ArrayList<>();
        users.forEach((topic, its) -> lines.add(its.isEmpty() ? topic : topic + " " + String.join(" ", its)));
        try {
            Path next = file.resolveSibling("created-topics.next");
            Files.write(next, lines);
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new WalException(ErrorCode.INTERNAL, file + ": " + e.getMessage(), e);
        }
        return null;
    }
}

package io.forelog.config;

import io.forelog.config.Namespace.State;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.config.NamespaceDocument.PersistenceConfiguration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Tells which queues of a new document are those of the old one, which are new, and which are to be drained. A medium has one
 * queue a namespace, so of each type there is one at a time. Two
 * configurations are one queue where they name the same medium: the type, and the queues or topics; all else of a
 * configuration can change under it. Stateless.
 */
final class Generations {
    /** With those that drain. */
    static final int MOST = 4;

    private static final String TOPICS = "wal-kafka-topics";
    private static final String QUEUES = "wal-queue";
    /** Where entries lie, by the keys that say so. */
    private static final List<String> PLACE = List.of("wal.kafka.bootstrap.servers.prefix", "region", "endpoint");

    private Generations() {}

    /**
     * The queues of a namespace, by id.
     *
     * @param problem why they can't be; empty where they can
     */
    record Numbered(List<QueueGeneration> queues, String problem) {}

    static Numbered number(NamespaceDocument document, @Nullable AppliedRecord before, long atMicros) {
        List<QueueGeneration> old = before(before);
        boolean ordered = document.delivery().order() == Order.KEY;
        Map<Integer, QueueGeneration> queues = new LinkedHashMap<>();
        old.forEach(each -> queues.put(each.id(), each.drainedSince(atMicros)));
        int next = old.stream().mapToInt(QueueGeneration::id).max().orElse(0) + 1;
        String problem = "";
        for (PersistenceConfiguration configured : document.persistence()) {
            QueueGeneration same = old.stream()
                    .filter(each -> isSame(document.namespace(), each.queue(), configured, ordered))
                    .findFirst()
                    .orElse(null);
            if (same != null && same.draining() && ordered) {
                problem = "persistence_configurations: " + told(same)
                        + " is still being drained (expected: with order: key, to wait until it is gone)";
            }
            for (QueueGeneration each : old) {
                if (!each.equals(same) && each.queue().type().equals(configured.type())) {
                    problem = "persistence_configurations: another queue of type " + configured.type() + " beside "
                            + told(each)
                            + ", which has to be drained (expected: another type; or the queue of before, with more topics (Kafka)"
                            + " or queues (SQS) where there is no order: key)";
                }
            }
            int id = same == null ? next++ : same.id();
            queues.put(
                    id, same == null ? new QueueGeneration(id, configured, false, 0) : same.asConfigured(configured));
        }
        if (queues.size() > MOST) {
            problem = "persistence_configurations: " + queues.size()
                    + " queues with those that are being drained (expected: at most " + MOST + ")";
        }
        return new Numbered(List.copyOf(queues.values()), problem);
    }

    /** What was applied by a version that knew one queue type is one embedded queue. */
    private static List<QueueGeneration> before(@Nullable AppliedRecord record) {
        if (record == null || record.state() == State.RETIRED) {
            return List.of();
        } else if (!record.queues().isEmpty()) {
            return record.queues();
        }
        PersistenceConfiguration embedded = new PersistenceConfiguration(
                PersistenceReader.EMBEDDED, new TreeSet<>(PersistenceReader.CLASSES), Map.of());
        return List.of(new QueueGeneration(1, embedded, false, 0));
    }

    static String told(QueueGeneration queue) {
        return "queue " + queue.id() + " (" + queue.queue().type() + ")";
    }

    private static boolean isSame(
            String namespace, PersistenceConfiguration old, PersistenceConfiguration now, boolean ordered) {
        if (!old.type().equals(now.type())) {
            return false;
        } else if (old.type().equals(PersistenceReader.EMBEDDED)) {
            return true;
        }
        return sameOrMore(topics(namespace, old), topics(namespace, now), ordered)
                && sameOrMore(texts(old, QUEUES), texts(now, QUEUES), ordered)
                && place(old).equals(place(now));
    }

    /** One that names none has the namespace's own name. */
    private static List<String> topics(String namespace, PersistenceConfiguration queue) {
        List<String> named = texts(queue, TOPICS);
        return named.isEmpty() ? List.of(namespace) : named;
    }

    private static boolean sameOrMore(List<String> before, List<String> after, boolean ordered) {
        return before.equals(after) || !ordered && !before.isEmpty() && after.containsAll(before);
    }

    private static Map<String, List<String>> place(PersistenceConfiguration queue) {
        Map<String, List<String>> place = new LinkedHashMap<>();
        PLACE.forEach(key -> place.put(key, texts(queue, key)));
        return place;
    }

    private static List<String> texts(PersistenceConfiguration queue, String key) {
        Object value = queue.config().get(key);
        List<String> texts = new ArrayList<>();
        if (value instanceof Collection<?> many) {
            many.forEach(one -> texts.add(String.valueOf(one)));
        } else if (value != null) {
            texts.add(String.valueOf(value));
        }
        return texts;
    }
}

package io.forelog.config;

import io.forelog.config.Adapters.QueueType;
import io.forelog.config.NamespaceDocument.DeliveryPolicy;
import io.forelog.config.NamespaceDocument.Order;
import io.forelog.config.NamespaceDocument.PersistenceConfiguration;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What one part of a document demands of another, and of the queues it names. What a document leaves open and its queue
 * cannot do becomes what the queue can. Owned by one thread, for one reading.
 */
final class CrossCheck {
    private static final String SQS = "SQS";
    private static final String FIFO_SHARED_WINDOW = "fifo-shared-window";

    private final Adapters adapters;
    private final Section root;

    CrossCheck(Adapters adapters, Section root) {
        this.adapters = adapters;
        this.root = root;
    }

    NamespaceDocument check(NamespaceDocument read) {
        shape(read.persistence());
        targets(read);
        DeliveryPolicy delivery = read.delivery();
        for (PersistenceConfiguration queue : read.persistence()) {
            QueueType type = adapters.queues().get(queue.type());
            if (type != null) {
                delivery = bounded(delivery, queue, type);
            }
        }
        if (delivery.order() == Order.KEY && read.persistence().size() > 1) {
            root.section("delivery").problem("order", "none, where retries go to another queue");
        }
        sharedWindow(read);
        return with(read, delivery);
    }

    /** A FIFO queue's message is in hand until its last target has it, and what is in hand is bounded. */
    private void sharedWindow(NamespaceDocument read) {
        boolean fifo = read.delivery().order() == Order.KEY
                && read.persistence().stream().anyMatch(queue -> queue.type().equals(SQS));
        if (fifo && read.targets().size() > 1 && !read.acceptRisk().contains(FIFO_SHARED_WINDOW)) {
            root.remark(
                    "targets",
                    read.targets().size() + " targets with order: key on a queue of type SQS (expected: one, since a"
                            + " target that stands still holds up the others there once queues.sqs.held_messages are"
                            + " in hand; or accept_risk: [" + FIFO_SHARED_WINDOW + "])");
        }
    }

    /** One queue for everything, or one for the immediate and one, of another type, for what is delayed or tried again. */
    private void shape(List<PersistenceConfiguration> queues) {
        String path = PersistenceReader.PLURAL + "." + PersistenceReader.SINGULAR;
        Set<String> open = new TreeSet<>(PersistenceReader.CLASSES);
        queues.forEach(queue -> open.removeAll(queue.serves()));
        if (!open.isEmpty()) {
            root.remark(path, "nobody serves " + open + " (expected: every class of entries has its queue)");
            return;
        }
        int served = queues.stream().mapToInt(queue -> queue.serves().size()).sum();
        if (queues.size() > 2 || served > PersistenceReader.CLASSES.size()) {
            root.remark(
                    path,
                    queues.size() + " queues that serve "
                            + queues.stream()
                                    .map(PersistenceConfiguration::serves)
                                    .toList()
                            + " (expected: one queue for all, or two that share immediate, delayed and retry between them)");
        } else if (queues.size() == 2
                && queues.get(0).type().equals(queues.get(1).type())) {
            root.remark(path, "two queues of type " + queues.get(0).type() + " (expected: two types)");
        }
    }

    private void targets(NamespaceDocument read) {
        if (!read.targets().isEmpty() || root.has("targets")) {
            if (read.targets().isEmpty()) {
                root.problem("targets", "at least one target");
            }
            return;
        }
        boolean elsewhere = read.persistence().stream()
                .anyMatch(queue -> !adapters.queues().containsKey(queue.type())
                        && (says(queue, "target") || says(queue, "durable_storage")));
        if (!elsewhere) {
            root.problem("targets", "at least one target, here or in namespace_defaults of conf/forelog.yaml");
        }
    }

    private static boolean says(PersistenceConfiguration queue, String key) {
        return queue.config().get(key) instanceof Map<?, ?> map && !map.isEmpty();
    }

    private DeliveryPolicy bounded(DeliveryPolicy delivery, PersistenceConfiguration queue, QueueType type) {
        Section section = root.section("delivery");
        boolean ordered = delivery.order() == Order.KEY;
        if (ordered && !type.order()) {
            section.problem("order", "none, which is all that a queue of type " + queue.type() + " keeps");
        }
        Duration delay = delivery.maxDelay();
        Duration longest = ordered && !type.delayWithOrder() ? Duration.ZERO : type.longestDelay();
        if (queue.serves().contains("delayed") && delay.compareTo(longest) > 0) {
            if (section.has("max_delay")) {
                section.problem(
                        "max_delay",
                        "at most " + longest + ", the longest of a queue of type " + queue.type()
                                + (ordered ? " with order: key" : ""));
            }
            delay = longest;
        }
        int payload = delivery.maxPayloadBytes();
        if (payload > type.largestEntryBytes()) {
            if (section.has("max_payload_bytes")) {
                section.problem(
                        "max_payload_bytes",
                        "at most " + type.largestEntryBytes() + ", the largest of a queue of type " + queue.type());
            }
            payload = type.largestEntryBytes();
        }
        return new DeliveryPolicy(
                delivery.order(),
                delivery.completion(),
                delivery.maxInFlight(),
                delay,
                payload,
                delivery.pauseOnRejectRatio());
    }

    private static NamespaceDocument with(NamespaceDocument read, DeliveryPolicy delivery) {
        return new NamespaceDocument(
                read.namespace(),
                read.persistence(),
                read.targets(),
                delivery,
                read.retry(),
                read.deadLetter(),
                read.storage(),
                read.receipts(),
                read.acceptRisk(),
                read.retention(),
                read.access(),
                read.admission(),
                read.shard());
    }
}

package io.forelog.config;

import io.forelog.config.NamespaceDocument.PersistenceConfiguration;
import java.util.ArrayList;
import java.util.List;

/**
 * One queue that a namespace has entries in: one that its document configures, or one that it configured before and that is
 * still being drained. Immutable.
 *
 * @param id of this namespace, ascending with the age of the queues
 * @param queue as the document has it; of one that drains as the last document had it
 * @param draining nothing is appended to it; it goes when it is empty
 * @param sinceMicros when it began to drain, 0 = it does not
 */
public record QueueGeneration(int id, PersistenceConfiguration queue, boolean draining, long sinceMicros) {

    /** Those of a namespace that never had others. */
    static List<QueueGeneration> first(NamespaceDocument document) {
        List<QueueGeneration> queues = new ArrayList<>();
        for (PersistenceConfiguration queue : document.persistence()) {
            queues.add(new QueueGeneration(queues.size() + 1, queue, false, 0));
        }
        return List.copyOf(queues);
    }

    QueueGeneration asConfigured(PersistenceConfiguration now) {
        return new QueueGeneration(id, now, false, 0);
    }

    QueueGeneration drainedSince(long micros) {
        return draining ? this : new QueueGeneration(id, queue, true, micros);
    }
}

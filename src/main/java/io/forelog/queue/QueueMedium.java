package io.forelog.queue;

import io.vertx.core.Future;
import java.nio.file.Path;
import java.util.List;

/** What the namespaces of one node share of one queue type. Any thread; futures end on the caller's context. */
public interface QueueMedium {
    /**
     * Opens the queue of a namespace, making it where it does not exist. Once a namespace: the owner of the
     * returned queue is the node's composition, which hands it to both pumps.
     * Fails with CORRUPT where the database does not hold what it confirmed.
     */
    Future<Queue> open(QueueSpec spec);

    /** Deletes all that is stored for {@code namespace}. Its queue is closed. */
    Future<Void> remove(String namespace);

    /** One a database; never empty. */
    List<MediumHealth> health();

    /** A consistent copy of every database into {@code directory}, which must not exist. NOT_SUPPORTED where impossible. */
    Future<Void> backup(Path directory);

    /** Flushes and closes every queue. */
    Future<Void> close();
}

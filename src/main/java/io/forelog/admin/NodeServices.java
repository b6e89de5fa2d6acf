package io.forelog.admin;

import io.forelog.config.Namespaces;
import io.forelog.queue.MediumHealth;
import io.forelog.queue.Queue;
import io.vertx.core.Future;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the management API needs of the node around it; the composition implements it. Called on the event loop of
 * {@link AdminServer} and of {@link Auditor}: nothing here blocks, and futures end on the caller's context.
 */
public interface NodeServices {
    Namespaces namespaces();

    /** The open queue of {@code namespace}; empty where there is none, or none that could be opened. */
    Optional<Queue> queue(String namespace);

    DocumentControl documents();

    PumpControl pumps();

    /** Of every queue type that is open on this node. */
    List<MediumHealth> databases();

    NodeStatus status();

    /** As of a second ago at most. */
    NodeLoad load();

    /**
     * A consistent copy of the data directory into {@code directory}, in the layout of a data directory: copied into
     * an empty one it is a node's state. {@code directory} is made. Fails with CONFLICT where it exists.
     */
    Future<Void> backup(Path directory);
}

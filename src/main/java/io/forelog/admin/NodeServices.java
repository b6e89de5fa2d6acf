package io.forelog.admin;

import io.forelog.config.Namespaces;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
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

    /** Where the entries of {@code namespace} are; empty = here, or there is none of that name. */
    default Optional<Home> home(String namespace) {
        return Optional.empty();
    }

    /**
     * Another node.
     *
     * @param management {@code host:port}; empty where it is not among those that live
     */
    record Home(String node, String management) {}

    /** All nodes, this one among them; empty where this one belongs to no cluster. */
    default List<ClusterNode> nodes() {
        return List.of();
    }

    /**
     * A node of the cluster as it was last heard of.
     *
     * @param presence whether it is heard of
     * @param silentSeconds since then
     * @param owns namespaces whose queue lies on its disk
     */
    record ClusterNode(
            NodeStatus status,
            String host,
            Presence presence,
            double silentSeconds,
            boolean draining,
            List<String> owns) {
        /** How it is known. */
        public enum Presence {
            ALIVE,
            LOST,
            /** In the cluster, and not on the list: nothing but its place is known of it. */
            UNLISTED
        }

        public boolean alive() {
            return presence == Presence.ALIVE;
        }
    }

    /** Asks a node to give away what it has, or takes that back. NOT_FOUND, UNAVAILABLE. */
    default Future<Void> drain(String node, boolean wanted) {
        return Future.failedFuture(new WalException(
                ErrorCode.NOT_SUPPORTED, "this node belongs to no cluster (expected: cluster: in its forelog.yaml)"));
    }

    /**
     * Takes one that is lost for good from the list. CONFLICT where it lives, or has namespaces; UNAVAILABLE.
     *
     * @param lostData with what it has of namespaces: they may be made anew. What lay on its disk is lost
     */
    default Future<Void> forget(String node, boolean lostData) {
        return drain(node, true);
    }

    /** As of a second ago at most. */
    NodeLoad load();

    /**
     * A consistent copy of the data directory into {@code directory}, in the layout of a data directory: copied into
     * an empty one it is a node's state. {@code directory} is made. Fails with CONFLICT where it exists.
     */
    Future<Void> backup(Path directory);
}

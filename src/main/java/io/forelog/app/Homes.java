package io.forelog.app;

import io.forelog.config.Namespace;
import io.vertx.core.Future;
import java.util.List;

/** Where the queues of namespaces lie, and how far the other nodes are that work on them. Any thread, from memory but {@link #place}. */
interface Homes {
    /** A node that shares its documents with nobody has all. */
    Homes ALONE = new Homes() {
        @Override
        public Future<Place> place(Namespace namespace) {
            return Future.succeededFuture(Place.HERE);
        }

        @Override
        public Future<Void> release(String namespace) {
            return Future.succeededFuture();
        }

        @Override
        public boolean isFree(String namespace) {
            return true;
        }

        @Override
        public boolean isMisplaced(String namespace, Place place) {
            return false;
        }

        @Override
        public boolean isHeldElsewhere(String namespace) {
            return false;
        }

        @Override
        public List<String> behind(String namespace, long revision) {
            return List.of();
        }

        @Override
        public boolean mayWrite(Namespace namespace) {
            return true;
        }

        @Override
        public Ending ending(Namespace namespace) {
            return Ending.LOOK;
        }

        @Override
        public boolean isToLeave(String namespace) {
            return false;
        }

        @Override
        public Future<Void> leave(String namespace) {
            return Future.succeededFuture();
        }
    };

    /**
     * Where the queue of a namespace lies.
     *
     * @param node that takes its writes; empty = this one, or with leftovers nobody yet
     * @param leftovers this node still has entries of it, and delivers them
     */
    record Place(String node, boolean leftovers) {
        static final Place HERE = new Place("", false);

        boolean isHere() {
            return node.isEmpty();
        }
    }

    /** What a node does with a queue that it shares with others when the namespace ends. */
    enum Ending {
        /** Others go first. */
        WAIT,
        /** Nobody has looked at what is left of it yet. */
        LOOK,
        /** Another has. */
        LET_GO
    }

    /** UNAVAILABLE where no node may have it, or nobody knows. */
    Future<Place> place(Namespace namespace);

    /** Of one that is pinned: another takes its writes now, or could, since who did leaves. */
    boolean isMisplaced(String namespace, Place place);

    /** Its embedded queue is gone from here. Fails where nobody can be told: then it is still this node's. */
    Future<Void> release(String namespace);

    /** No node of this shard has its embedded queue, for certain. */
    boolean isFree(String namespace);

    /** Another node still has entries of it, which it had before the namespace came here. */
    boolean isHeldElsewhere(String namespace);

    /**
     * Whether a write that this node takes now can't be overtaken by one that another takes in the old way afterwards. Without news of
     * the others it may: then nothing changes, unless this node said that it stops, and they no longer waited for it.
     */
    boolean mayWrite(Namespace namespace);

    /** Nodes end a namespace one after the other, by their names, so that what they share is counted before it is removed. */
    Ending ending(Namespace namespace);

    /** Other nodes that have not let go yet of a namespace whose document is gone. */
    default List<String> stillEnding(String namespace) {
        return List.of();
    }

    /** It is gone from here. */
    default void ended(String namespace) {}

    /** This node is to give its embedded queue away, and another could take it. */
    boolean isToLeave(String namespace);

    /** It takes no writes any more, and what it has of them it will deliver: others may take the namespace. */
    Future<Void> leave(String namespace);

    /** Other nodes, of any shard, that may take writes by a document of {@code namespace} before {@code revision}. */
    List<String> behind(String namespace, long revision);
}

package io.forelog.app;

import io.forelog.config.Namespace;
import io.vertx.core.Future;
import java.util.List;

/** Where the queues of namespaces lie, and how far the other nodes are that work on them. Any thread, from memory but {@link #place}. */
interface Homes {
    /** A node that shares its documents with nobody has all. */
    Homes ALONE = new Homes() {
        @Override
        public Future<String> place(Namespace namespace) {
            return Future.succeededFuture("");
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
        public boolean isHeldByAnotherShard(String namespace) {
            return false;
        }

        @Override
        public List<String> behind(String namespace, long revision) {
            return List.of();
        }
    };

    /** The node that has the queue of {@code namespace}; empty = this one. UNAVAILABLE where none may have it, or nobody knows. */
    Future<String> place(Namespace namespace);

    /** Its embedded queue is gone from here. Fails where nobody can be told: then it is still this node's. */
    Future<Void> release(String namespace);

    /** No node of this shard has its embedded queue, for certain. */
    boolean isFree(String namespace);

    /** A node of another shard still has entries of it, which it had before the namespace came here. */
    boolean isHeldByAnotherShard(String namespace);

    /** Other nodes, of any shard, that may take writes by a document of {@code namespace} before {@code revision}. */
    List<String> behind(String namespace, long revision);
}

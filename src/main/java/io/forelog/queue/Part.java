package io.forelog.queue;

import io.forelog.queue.QueueSpec.EntryClass;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * One of the queues that serve a namespace together. Immutable.
 *
 * @param id of this namespace, ascending with the age of the queues; stands before the ids of its dead letters
 * @param type of the queue, for people
 * @param serves what is appended to it; empty = it drains: nothing comes, the rest goes out
 * @param sealed whether no other node can append to it any more: an empty one stays empty
 */
public record Part(int id, String type, Queue queue, Set<EntryClass> serves, BooleanSupplier sealed) {
    /** Of one node, which appends to nothing that drains. */
    public Part(int id, String type, Queue queue, Set<EntryClass> serves) {
        this(id, type, queue, serves, () -> true);
    }

    boolean drains() {
        return serves.isEmpty();
    }

    boolean serves(EntryClass what) {
        return serves.contains(what);
    }

    /** An id of this queue as an id of the whole. */
    String named(String own) {
        return id + "~" + own;
    }
}

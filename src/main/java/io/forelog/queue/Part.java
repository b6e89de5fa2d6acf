package io.forelog.queue;

import io.forelog.queue.QueueSpec.EntryClass;
import java.util.Set;

/**
 * One of the queues that serve a namespace together. Immutable.
 *
 * @param id of this namespace, ascending with the age of the queues; stands before the ids of its dead letters
 * @param type of the queue, for people
 * @param serves what is appended to it; empty = it drains: nothing comes, the rest goes out
 */
public record Part(int id, String type, Queue queue, Set<EntryClass> serves) {
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

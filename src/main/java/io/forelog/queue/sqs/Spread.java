package io.forelog.queue.sqs;

import io.forelog.model.Entry;
import io.vertx.core.buffer.Buffer;

/** Which of several queues, and which group of a FIFO queue, an entry goes to. Owned by the home. */
final class Spread {
    private int next;

    /** By key where there is one, else one after another. */
    int queue(Entry entry, int count) {
        if (count == 1) {
            return 0;
        }
        if (entry.key().length() > 0) {
            return (int) Long.remainderUnsigned(hash(entry.key()), count);
        }
        next = next == Integer.MAX_VALUE ? 0 : next + 1;
        return next % count;
    }

    /** One key, one group; an entry without a key is a group of its own. */
    static String group(Entry entry) {
        return entry.key().length() > 0 ? "k-" + Long.toHexString(hash(entry.key())) : "e-" + entry.id();
    }

    // FNV-1a, 64 bits: the same on every node and in every version.
    private static long hash(Buffer key) {
        long hash = 0xCBF29CE484222325L;
        for (int i = 0; i < key.length(); i++) {
            hash = (hash ^ (key.getByte(i) & 0xFF)) * 0x100000001B3L;
        }
        return hash ^ (hash >>> 32);
    }
}

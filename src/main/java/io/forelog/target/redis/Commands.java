package io.forelog.target.redis;

import io.forelog.model.Entry;
import io.forelog.model.WalException;

/** How a delivery becomes one command. Immutable; called on the adapter's context. */
interface Commands {
    /**
     * @param command is made anew
     * @param attempt of the delivery
     * @param key the item's name
     * @param nowMillis for all of a batch
     * @param whole a script goes out with its text, which the server then knows by its name
     * @throws WalException TARGET_REJECTED where the entry can't be such a command
     */
    void put(Command command, Entry entry, int attempt, byte[] key, long nowMillis, boolean whole);
}

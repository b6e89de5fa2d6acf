package io.forelog.target.redis;

import io.forelog.model.Entry;
import io.forelog.model.WalException;
import io.vertx.redis.client.Request;

/** How a delivery becomes one command. Immutable; called on the adapter's context. */
interface Commands {
    /**
     * @param attempt of the delivery
     * @param key the item's name
     * @param nowMillis for all of a batch
     * @param whole a script goes out with its text, which the server then knows by its name
     * @throws WalException TARGET_REJECTED where the entry can't be such a command
     */
    Request of(Entry entry, int attempt, byte[] key, long nowMillis, boolean whole);
}

package io.forelog.table;

import io.vertx.core.buffer.Buffer;

/**
 * One write to one item. Immutable; nobody changes its buffers.
 *
 * @param table at most 255 bytes of UTF-8
 * @param key of the item within its id; may be empty
 * @param version the larger wins; a write of the same version again changes nothing
 * @param expiresMicros when the item ends to exist, absolute; 0 = never. Of PUT and TOUCH
 * @param forgetMicros of DELETE: until when the tombstone is kept, absolute
 * @param value of PUT
 * @param metadata of PUT
 */
public record TableWrite(
        String table,
        Buffer id,
        Buffer key,
        Kind kind,
        Version version,
        long expiresMicros,
        long forgetMicros,
        Buffer value,
        Buffer metadata) {
    /** TOUCH sets a new end for an item that exists, or will exist once its PUT arrives. */
    public enum Kind {
        PUT,
        DELETE,
        TOUCH
    }

    /** Counted against the store's bound of what waits. */
    public int sizeBytes() {
        return value.length() + metadata.length() + key.length() + id.length() + 128;
    }
}

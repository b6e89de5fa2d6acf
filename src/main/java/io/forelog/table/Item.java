package io.forelog.table;

import io.vertx.core.buffer.Buffer;

/**
 * An item that exists: neither deleted nor expired. Immutable.
 *
 * @param expiresMicros 0 = never
 */
public record Item(Buffer id, Buffer key, Buffer value, Buffer metadata, Version version, long expiresMicros) {}

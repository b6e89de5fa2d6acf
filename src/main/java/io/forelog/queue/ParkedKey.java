package io.forelog.queue;

import io.vertx.core.buffer.Buffer;

/** A key with parked entries; its head may be tried at {@code nextMicros}. */
public record ParkedKey(Buffer key, long nextMicros) {}

package io.forelog.queue;

/** By acceptance time at the server, microseconds since the epoch: from inclusive, to exclusive. */
public record LogRange(long fromMicros, long toMicros) {}

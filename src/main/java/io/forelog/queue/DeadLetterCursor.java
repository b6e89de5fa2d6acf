package io.forelog.queue;

/**
 * Where to go on reading.
 *
 * @param route -1 = all routes
 * @param afterId empty = from the oldest
 */
public record DeadLetterCursor(int route, String afterId) {}

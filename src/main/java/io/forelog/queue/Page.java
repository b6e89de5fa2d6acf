package io.forelog.queue;

import java.util.List;

/**
 * A part of a longer list.
 *
 * @param cursor where the next page begins; empty = this was the last
 */
public record Page<T>(List<T> items, String cursor) {}

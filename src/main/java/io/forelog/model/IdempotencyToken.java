package io.forelog.model;

/**
 * Makes a repeated write the same write.
 *
 * @param token never empty; unique within the namespace
 * @param generationMicros when the client made it, microseconds since the epoch; 0 = not said
 */
public record IdempotencyToken(String token, long generationMicros) {}

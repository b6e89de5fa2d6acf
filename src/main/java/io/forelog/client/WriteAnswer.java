package io.forelog.client;

import io.forelog.model.Durable;
import java.time.Duration;

/**
 * What became of a write.
 *
 * @param message empty, or a stable code, a colon, and a sentence
 * @param entryId empty where nothing was handed to a queue
 * @param retryAfter zero = the client may choose
 */
public record WriteAnswer(Durable durable, String message, String entryId, String receipt, Duration retryAfter) {
    static WriteAnswer unknown(String message) {
        return new WriteAnswer(Durable.UNKNOWN, message, "", "", Duration.ZERO);
    }
}

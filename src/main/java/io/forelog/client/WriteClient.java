package io.forelog.client;

import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * Writes to one Forelog. Any thread; many writes may be in flight, and whoever makes them bounds how many. A stage fails
 * only where it is certain that nothing was sent (nobody listens); an answer that got lost is UNKNOWN.
 */
public interface WriteClient extends AutoCloseable {
    CompletionStage<WriteAnswer> write(Write write);

    /** Up to 1,000 writes and 8 MiB in one call; answers in the same order. */
    CompletionStage<List<WriteAnswer>> writeBatch(List<Write> writes);

    @Override
    void close();
}

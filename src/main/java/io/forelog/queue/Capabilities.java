package io.forelog.queue;

import java.time.Duration;

/**
 * What a queue can do natively.
 *
 * @param longestDelay longest delay it keeps
 * @param cancel delayed entries can be cancelled and rescheduled
 * @param rangeRead settled entries can be read again by time
 * @param find an entry can be looked up by id and token
 * @param order order per key
 * @param delayWithOrder a delay is allowed together with order per key
 * @param dedupe idempotency tokens are honoured by the queue
 * @param exactTally its tally is exact
 * @param largestEntryBytes largest payload it stores
 */
public record Capabilities(
        Duration longestDelay,
        boolean cancel,
        boolean rangeRead,
        boolean find,
        boolean order,
        boolean delayWithOrder,
        boolean dedupe,
        boolean exactTally,
        int largestEntryBytes) {}

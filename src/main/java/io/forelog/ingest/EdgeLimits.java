package io.forelog.ingest;

import java.time.Duration;

/**
 * What bounds the edge, for each event loop where not said otherwise. Immutable.
 *
 * @param credits entries handed to the queue of one namespace and not answered
 * @param creditBytes payload bytes of those
 * @param batchEntries entries of one bus message
 * @param batchBytes payload bytes of one bus message, one entry more at most
 * @param appendLimit of a write whose caller names no deadline
 * @param appendLimitMax of any write
 * @param bodyBytesMax a request of one entry: the largest payload that a namespace may allow, and its envelope
 * @param bodiesBytesMax requests that come in pieces and are not complete
 * @param batchBodyBytesMax a request of many
 * @param batchRequestEntries entries of a request of many
 * @param streamMessages messages of one stream that are not answered
 */
record EdgeLimits(
        int credits,
        long creditBytes,
        int batchEntries,
        int batchBytes,
        Duration appendLimit,
        Duration appendLimitMax,
        int bodyBytesMax,
        long bodiesBytesMax,
        int batchBodyBytesMax,
        int batchRequestEntries,
        int streamMessages) {

    static final EdgeLimits DEFAULT = new EdgeLimits(
            16_384,
            64L << 20,
            256,
            1 << 20,
            Duration.ofSeconds(5),
            Duration.ofMinutes(5),
            (16 << 20) + (64 << 10),
            Math.max(
                    34L << 20, // one of the largest in any case
                    Runtime.getRuntime().maxMemory() / 8 / Runtime.getRuntime().availableProcessors()),
            8 << 20,
            1_000,
            64);
}

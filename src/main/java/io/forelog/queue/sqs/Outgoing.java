package io.forelog.queue.sqs;

import io.vertx.core.Promise;
import java.util.Map;

/**
 * One message to be sent. Made and used on the home.
 *
 * @param bytes as SQS counts them
 * @param group of a FIFO queue; empty elsewhere
 * @param offeredNanos when it began to wait for a batch
 */
record Outgoing(
        String body,
        Map<String, String> attributes,
        int bytes,
        int delaySeconds,
        String group,
        long offeredNanos,
        Promise<Sent> promise) {}

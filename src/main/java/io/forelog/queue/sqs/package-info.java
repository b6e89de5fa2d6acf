/**
 * Queues on Amazon SQS and what speaks its protocol. The state of one namespace's queue is owned by one event loop, its home;
 * the SDK's threads only bring answers there.
 */
@NullMarked
package io.forelog.queue.sqs;

import org.jspecify.annotations.NullMarked;

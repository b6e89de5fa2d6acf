/** The queue on Kafka: entries in topics, a consumer group a route, delays and retries on tier topics. */
@NullMarked
package io.forelog.queue.kafka;

import org.jspecify.annotations.NullMarked;

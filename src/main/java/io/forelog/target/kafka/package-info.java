/** The target type {@code kafka}: a topic of any Kafka cluster. */
@NullMarked
package io.forelog.target.kafka;

import org.jspecify.annotations.NullMarked;

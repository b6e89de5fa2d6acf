/** The target type {@code sqs}: a queue of SQS, or of a server that speaks its protocol. */
@NullMarked
package io.forelog.target.sqs;

import org.jspecify.annotations.NullMarked;

/** The target type {@code grpc}: a call of a user's gRPC service for each delivery. */
@NullMarked
package io.forelog.target.grpc;

import org.jspecify.annotations.NullMarked;

/** The target type {@code redis}: strings, hashes and streams of Redis, or of a server that speaks its protocol. */
@NullMarked
package io.forelog.target.redis;

import org.jspecify.annotations.NullMarked;

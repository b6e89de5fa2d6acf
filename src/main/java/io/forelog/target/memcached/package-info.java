/** The target type {@code memcached}: items on one node of memcached or on several. */
@NullMarked
package io.forelog.target.memcached;

import org.jspecify.annotations.NullMarked;

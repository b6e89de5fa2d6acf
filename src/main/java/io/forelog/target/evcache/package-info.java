/** The target type {@code evcache}: items in several server groups of memcached nodes, as EVCache's clients read them. */
@NullMarked
package io.forelog.target.evcache;

import org.jspecify.annotations.NullMarked;

/** Namespace documents in PostgreSQL, for the nodes of a cluster. */
@NullMarked
package io.forelog.config.postgres;

import org.jspecify.annotations.NullMarked;

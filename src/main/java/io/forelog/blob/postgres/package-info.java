/** Blobs in a table of PostgreSQL, which every node reads. */
@NullMarked
package io.forelog.blob.postgres;

import org.jspecify.annotations.NullMarked;

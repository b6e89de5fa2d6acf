/** The target type {@code cassandra}: a statement a delivery, with the time of the write as its timestamp. */
@NullMarked
package io.forelog.target.cassandra;

import org.jspecify.annotations.NullMarked;

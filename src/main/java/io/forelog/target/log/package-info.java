/** The target type {@code log}: prints deliveries to standard output. */
@NullMarked
package io.forelog.target.log;

import org.jspecify.annotations.NullMarked;

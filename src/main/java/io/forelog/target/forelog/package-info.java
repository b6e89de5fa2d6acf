/** The target type {@code forelog}: another instance of this service. */
@NullMarked
package io.forelog.target.forelog;

import org.jspecify.annotations.NullMarked;

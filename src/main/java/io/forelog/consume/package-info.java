/** The consumer pump: takes what is due, sends it to its target, and settles what became of it. */
@NullMarked
package io.forelog.consume;

import org.jspecify.annotations.NullMarked;

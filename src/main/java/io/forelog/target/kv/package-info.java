/** The target type {@code kv}: the key-value tables. */
@NullMarked
package io.forelog.target.kv;

import org.jspecify.annotations.NullMarked;

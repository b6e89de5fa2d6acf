/** Metric names, log keys, tracing. Imports nothing of Forelog. */
@NullMarked
package io.forelog.observe;

import org.jspecify.annotations.NullMarked;

/** The immutable kernel: what an entry is, where it goes, and what can become of it. JDK and Vert.x Buffer only. */
@NullMarked
package io.forelog.model;

import org.jspecify.annotations.NullMarked;

/** Which nodes there are, what each of them owns, and how they reach one another. The cluster manager hints, the database decides. */
@NullMarked
package io.forelog.cluster;

import org.jspecify.annotations.NullMarked;

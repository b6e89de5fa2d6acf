/** The queue pump: the one owner of a namespace's appends on this node. */
@NullMarked
package io.forelog.produce;

import org.jspecify.annotations.NullMarked;

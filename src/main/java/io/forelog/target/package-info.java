/** The target SPI and what all targets share: limits, breaker, time-outs. Adapters are sub-packages. */
@NullMarked
package io.forelog.target;

import org.jspecify.annotations.NullMarked;

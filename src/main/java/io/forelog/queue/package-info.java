/** The queue SPI, in domain words only. Adapters are sub-packages found by {@link java.util.ServiceLoader}. */
@NullMarked
package io.forelog.queue;

import org.jspecify.annotations.NullMarked;

/**
 * The claim check: where payloads lie that are too large for their queue. The SPI; adapters are sub-packages found by
 * {@link java.util.ServiceLoader}.
 */
@NullMarked
package io.forelog.blob;

import org.jspecify.annotations.NullMarked;

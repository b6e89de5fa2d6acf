/**
 * The event bus as Forelog uses it: typed addresses, codecs by reference within a node and protobuf between
 * nodes, a deadline a request, a credit a request in flight. No other package calls the Vert.x bus.
 */
@NullMarked
package io.forelog.bus;

import org.jspecify.annotations.NullMarked;

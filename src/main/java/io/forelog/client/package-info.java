/** The Java client: writes over HTTP and gRPC, and the management API. The command line is built on it. */
@NullMarked
package io.forelog.client;

import org.jspecify.annotations.NullMarked;

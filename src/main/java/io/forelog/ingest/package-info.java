/** Every public socket, gRPC and HTTP: validate, admit, answer. The first stage of the way of an entry. */
@NullMarked
package io.forelog.ingest;

import org.jspecify.annotations.NullMarked;

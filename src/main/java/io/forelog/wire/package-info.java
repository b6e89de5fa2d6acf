/** Generated protobuf code's companion: translations between the wire and the model, and the stored envelope. */
@NullMarked
package io.forelog.wire;

import org.jspecify.annotations.NullMarked;

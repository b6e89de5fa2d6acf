/** The target type {@code http}: an upstream that takes a request a delivery. */
@NullMarked
package io.forelog.target.http;

import org.jspecify.annotations.NullMarked;

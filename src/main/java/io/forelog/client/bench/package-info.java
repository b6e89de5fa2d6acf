/** Load generators and the books they keep: what the bench commands measure with. */
@NullMarked
package io.forelog.client.bench;

import org.jspecify.annotations.NullMarked;

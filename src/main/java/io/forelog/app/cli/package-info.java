/** The commands of the command line that talk to a running node, and what they print with. */
@NullMarked
package io.forelog.app.cli;

import org.jspecify.annotations.NullMarked;

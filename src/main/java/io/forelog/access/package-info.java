/** Who may do what: identities, rights, admission limits. */
@NullMarked
package io.forelog.access;

import org.jspecify.annotations.NullMarked;

/** The target type {@code postgres}: a statement a delivery, from columns or from templates. */
@NullMarked
package io.forelog.target.postgres;

import org.jspecify.annotations.NullMarked;

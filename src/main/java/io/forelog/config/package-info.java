/** Namespace documents: records that validate themselves, stores, watch, plan, reload. */
@NullMarked
package io.forelog.config;

import org.jspecify.annotations.NullMarked;

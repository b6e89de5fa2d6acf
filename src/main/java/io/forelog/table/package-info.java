/**
 * The key-value tables: {@code id -> sorted map of key -> item}, each item with a version, so that writes converge
 * whatever their order. Adapters are sub-packages.
 */
@NullMarked
package io.forelog.table;

import org.jspecify.annotations.NullMarked;

/** The management port: namespaces, entries, dead letters, replay, pumps, audit, health, metrics; and the jobs behind them. */
@NullMarked
package io.forelog.admin;

import org.jspecify.annotations.NullMarked;

package io.forelog.target;

import io.forelog.model.Failure;
import org.jspecify.annotations.Nullable;

/**
 * A moment's picture of one target writer, for people. Immutable.
 *
 * @param breaker closed, half_open or open
 * @param reason why the breaker is not closed, in the target's words; empty where it is
 * @param lookMillis while open: milliseconds until the next probe or the end of the silence asked for; else 0
 * @param limit requests that may be in flight now
 * @param inFlight requests in flight
 * @param waiting deliveries that wait for a slot
 * @param lastError null where none was met yet
 */
public record TargetStatus(
        String namespace,
        String target,
        String type,
        String breaker,
        String reason,
        long lookMillis,
        int limit,
        int inFlight,
        int waiting,
        @Nullable Failure lastError) {}

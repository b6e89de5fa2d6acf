package io.forelog.queue.sqs;

import io.forelog.model.Failure;
import io.forelog.wire.ObligationCodec;
import io.forelog.wire.v1.StoredObligation;
import org.jspecify.annotations.Nullable;

/**
 * One route of an entry as a message carries it. Immutable.
 *
 * @param attempts failed ones so far
 * @param diedMicros 0 = alive
 */
record Obligation(
        int route,
        long dueMicros,
        int attempts,
        @Nullable Failure first,
        @Nullable Failure last,
        int redrives,
        long diedMicros) {
    static Obligation fresh(int route, long dueMicros) {
        return new Obligation(route, dueMicros, 0, null, null, 0, 0);
    }

    Obligation byClockAhead(long micros) {
        return new Obligation(route, dueMicros + micros, attempts, first, last, redrives, diedMicros);
    }

    StoredObligation store() {
        StoredObligation.Builder stored = StoredObligation.newBuilder()
                .setRoute(route)
                .setAttempts(attempts)
                .setRedrives(redrives)
                .setNextMicros(dueMicros)
                .setDiedMicros(diedMicros);
        if (first != null) {
            stored.setFirstFailure(ObligationCodec.store(first));
        }
        if (last != null) {
            stored.setLastFailure(ObligationCodec.store(last));
        }
        return stored.build();
    }

    static Obligation load(StoredObligation stored) {
        return new Obligation(
                stored.getRoute(),
                stored.getNextMicros(),
                stored.getAttempts(),
                ObligationCodec.load(stored.hasFirstFailure(), stored.getFirstFailure()),
                ObligationCodec.load(stored.hasLastFailure(), stored.getLastFailure()),
                stored.getRedrives(),
                stored.getDiedMicros());
    }
}

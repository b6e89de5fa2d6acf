package io.forelog.target.kv;

import io.forelog.model.Delivery;
import io.forelog.model.ErrorCode;
import io.forelog.model.Outcome;
import io.forelog.model.WalException;
import io.forelog.table.TableStore;
import io.forelog.table.TableWrite;
import io.forelog.table.WriteEffect;
import io.forelog.target.TargetAdapter;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes deliveries to the node's tables, a request a batch. Used on the context it was opened on; bounded by the store's
 * own queue. The store is the node's, so that close leaves it open.
 */
final class KvTargetAdapter implements TargetAdapter {
    static final int BATCH_MAX = 1_024;

    private final TableStore store;
    private final KvWrites writes;

    KvTargetAdapter(TableStore store, KvWrites writes) {
        this.store = store;
        this.writes = writes;
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        List<TableWrite> translated = new ArrayList<>(batch.size());
        @Nullable Outcome[] outcomes = new @Nullable Outcome[batch.size()];
        for (int i = 0; i < batch.size(); i++) {
            try {
                translated.add(writes.of(batch.get(i)));
            } catch (WalException e) {
                outcomes[i] = Outcome.rejected(e.code(), String.valueOf(e.getMessage()), false);
            }
        }
        return store.apply(translated)
                .map(effects -> fill(outcomes, effects))
                .recover(failure -> Future.succeededFuture(fill(outcomes, unavailable(failure))));
    }

    /** Those that were not rejected already, in order. */
    private static List<Outcome> fill(@Nullable Outcome[] outcomes, List<WriteEffect> effects) {
        int next = 0;
        for (int i = 0; i < outcomes.length; i++) {
            if (outcomes[i] == null) {
                outcomes[i] = outcome(effects.get(next++));
            }
        }
        return Arrays.asList(outcomes);
    }

    private static List<Outcome> fill(@Nullable Outcome[] outcomes, Outcome rest) {
        for (int i = 0; i < outcomes.length; i++) {
            if (outcomes[i] == null) {
                outcomes[i] = rest;
            }
        }
        return Arrays.asList(outcomes);
    }

    private static Outcome outcome(WriteEffect effect) {
        return switch (effect) {
            case WRITTEN, SUPERSEDED -> Outcome.applied();
            case TOO_OLD ->
                Outcome.rejected(
                        ErrorCode.TARGET_REJECTED,
                        "TOO_OLD: a deletion newer than this write may have been forgotten (expected: a write_time within"
                                + " the time that tombstones are kept)",
                        false);
        };
    }

    private static Outcome unavailable(Throwable failure) {
        WalException told = WalException.of(failure);
        return told.code() == ErrorCode.OVERLOADED
                ? Outcome.retry(ErrorCode.RATE_LIMITED, String.valueOf(told.getMessage()), Duration.ZERO)
                : Outcome.retry(ErrorCode.TARGET_UNAVAILABLE, String.valueOf(told.getMessage()), Duration.ZERO);
    }

    @Override
    public Future<Void> probe() {
        return store.get("probe", Buffer.buffer("probe"), Buffer.buffer()).mapEmpty();
    }

    @Override
    public Future<Void> close() {
        return Future.succeededFuture();
    }
}

package io.forelog.target;

import io.forelog.model.Delivery;
import io.forelog.model.Outcome;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Answers when the test says so, or at once with {@link #always}. */
final class ScriptedAdapter implements TargetAdapter {
    record Call(List<Delivery> batch, Promise<List<Outcome>> promise) {
        void answer(Outcome outcome) {
            promise.complete(Collections.nCopies(batch.size(), outcome));
        }
    }

    final List<Call> calls = new ArrayList<>();
    final int batchMax;
    Outcome always;
    Future<Void> probe = Future.succeededFuture();
    int probes;

    ScriptedAdapter(int batchMax) {
        this.batchMax = batchMax;
    }

    @Override
    public int batchMax() {
        return batchMax;
    }

    @Override
    public Future<List<Outcome>> apply(List<Delivery> batch) {
        Call call = new Call(batch, Promise.promise());
        calls.add(call);
        if (always != null) {
            call.answer(always);
        }
        return call.promise().future();
    }

    @Override
    public Future<Void> probe() {
        probes++;
        return probe;
    }

    @Override
    public Future<Void> close() {
        return Future.succeededFuture();
    }
}

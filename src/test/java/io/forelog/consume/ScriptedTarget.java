package io.forelog.consume;

import io.forelog.model.Delivery;
import io.forelog.model.Outcome;
import io.forelog.model.Ticker;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Targets that do as a test says, and remember what they were asked. One thread. */
final class ScriptedTarget implements Courier {
    /** One delivery that arrived. */
    record Arrival(long atMicros, String target, Delivery delivery) {
        String payload() {
            return delivery.entry().payload().toString();
        }
    }

    private record Held(List<Delivery> deliveries, Promise<List<Outcome>> promise) {}

    final List<Arrival> arrivals = new ArrayList<>();
    Function<Delivery, Outcome> script = delivery -> Outcome.applied();
    /** Requests are answered by {@link #answer}, not at once. */
    boolean stalls;

    private final ArrayDeque<Held> held = new ArrayDeque<>();
    private final Ticker ticker;

    ScriptedTarget(Ticker ticker) {
        this.ticker = ticker;
    }

    @Override
    public Future<List<Outcome>> deliver(String target, List<Delivery> deliveries, Duration limit) {
        deliveries.forEach(delivery -> arrivals.add(new Arrival(ticker.micros(), target, delivery)));
        if (stalls) {
            Held request = new Held(deliveries, Promise.promise());
            held.add(request);
            return request.promise().future();
        }
        return Future.succeededFuture(deliveries.stream().map(script).toList());
    }

    /** Answers all requests that wait. */
    void answer() {
        for (int i = held.size(); i > 0; i--) {
            answerFirst();
        }
    }

    void answerFirst() {
        Held request = held.remove();
        request.promise().complete(request.deliveries().stream().map(script).toList());
    }

    int waiting() {
        return held.stream().mapToInt(request -> request.deliveries().size()).sum();
    }

    List<String> payloads() {
        return arrivals.stream().map(Arrival::payload).toList();
    }
}

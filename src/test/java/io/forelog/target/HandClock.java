package io.forelog.target;

import io.forelog.model.Ticker;
import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;

/** A clock and its alarms, turned by hand. */
final class HandClock implements Ticker, Alarm {
    private record Task(long atMicros, long order, Runnable work) {}

    private final PriorityQueue<Task> tasks =
            new PriorityQueue<>(Comparator.comparingLong(Task::atMicros).thenComparingLong(Task::order));
    private long micros = 1_700_000_000_000_000L;
    private long order;

    @Override
    public long micros() {
        return micros;
    }

    @Override
    public void after(long delayMicros, Runnable task) {
        tasks.add(new Task(micros + delayMicros, order++, task));
    }

    void advance(Duration by) {
        long until = micros + by.toNanos() / 1_000L;
        while (!tasks.isEmpty() && tasks.peek().atMicros() <= until) {
            Task task = tasks.poll();
            micros = Math.max(micros, task.atMicros());
            task.work().run();
        }
        micros = until;
    }
}

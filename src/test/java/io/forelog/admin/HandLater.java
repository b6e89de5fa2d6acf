package io.forelog.admin;

import io.forelog.queue.HandTicker;
import java.time.Duration;
import java.util.PriorityQueue;

/** Time for jobs, turned by hand: runs what is due in order, and moves the clock to it. One thread's. */
final class HandLater implements Later {
    private final HandTicker ticker;
    private final PriorityQueue<Task> tasks = new PriorityQueue<>();
    private long count;

    private record Task(long atMicros, long number, Runnable what) implements Comparable<Task> {
        @Override
        public int compareTo(Task other) {
            return atMicros == other.atMicros
                    ? Long.compare(number, other.number)
                    : Long.compare(atMicros, other.atMicros);
        }
    }

    HandLater(HandTicker ticker) {
        this.ticker = ticker;
    }

    @Override
    public void run(long millis, Runnable task) {
        tasks.add(new Task(ticker.micros() + millis * 1000, count++, task));
    }

    /** Everything that comes within {@code span}; the clock stands at its end afterwards. */
    void turn(Duration span) {
        long end = ticker.micros() + span.toNanos() / 1000;
        while (!tasks.isEmpty() && tasks.peek().atMicros() <= end) {
            Task next = tasks.remove();
            ticker.turnMicros(Math.max(0, next.atMicros() - ticker.micros()));
            next.what().run();
        }
        ticker.turnMicros(end - ticker.micros());
    }
}

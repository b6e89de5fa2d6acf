package io.forelog.target;

import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.model.Outcome;
import io.forelog.rig.Await;
import io.forelog.rig.TcpProxy;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What holds for every target whose server takes its time: the adaptive limit does not grow, requests and connections stay bounded, nothing
 * is lost, and it flows again as soon as the server does. For a rig whose limit is {@link #LIMIT}, behind a proxy. Used by one test thread.
 */
public final class SlowPhase {
    /** Adaptive, with time enough for slow answers. */
    public static final TargetSpec.Limit LIMIT = new TargetSpec.Limit(0, 0, Duration.ofSeconds(5), 0);

    private static final int ROUND = 48;
    /** The first answers of a cold process take long: without others the limiter would take that for normal. */
    private static final int FAST_ROUNDS = 7;

    private static final int COUNT = (FAST_ROUNDS + 1) * ROUND;

    /** Where Gradient2 stays at the least: half of it, and room for four that wait. */
    private static final int FLOOR = 8;

    private SlowPhase() {}

    /** Delivers {@link Deliveries#many} of the number it answers, a request each, the last of them slowly. */
    public static int survives(WriterRig rig, TcpProxy proxy, Duration delay, int connectionsMax) {
        List<Delivery> all = Deliveries.many(COUNT);
        int fast = FAST_ROUNDS * ROUND;
        for (int from = 0; from < fast; from += ROUND) {
            deliver(rig, all.subList(from, from + ROUND));
        }
        int before = rig.status().limit();
        proxy.delay(delay);
        long began = System.nanoTime();
        AtomicBoolean done = new AtomicBoolean();
        AtomicInteger most = new AtomicInteger();
        Thread watch = new Thread(() -> {
            while (!done.get()) {
                TargetStatus status = rig.status();
                most.accumulateAndGet(status.inFlight(), Math::max);
                Await.pause(Duration.ofMillis(10));
            }
        });
        watch.start();
        try {
            deliver(rig, all.subList(fast, COUNT));
        } finally {
            done.set(true);
        }
        Duration slow = Duration.ofNanos(System.nanoTime() - began);
        TargetStatus status = rig.status();
        assertThat(slow).as("the server was slow").isGreaterThanOrEqualTo(delay.multipliedBy(2));
        assertThat(status.limit())
                .as("the limit, which was %d", before)
                .isLessThanOrEqualTo(Math.max(before - 1, FLOOR));
        assertThat(most.get()).as("requests in flight").isBetween(2, Math.max(before, FLOOR));
        assertThat(status.breaker()).as("slow is not sick").isEqualTo("closed");
        assertThat(proxy.connections()).as("connections").isBetween(1, connectionsMax);
        proxy.heal();
        Await.until("what was still on its slow way is gone", Duration.ofSeconds(20), () -> {
            long from = System.nanoTime();
            deliver(rig, all.subList(0, 1));
            return System.nanoTime() - from < delay.toNanos();
        });
        return COUNT;
    }

    /** Until all are applied, all at once. */
    private static void deliver(WriterRig rig, List<Delivery> deliveries) {
        List<Delivery> open = new ArrayList<>(deliveries);
        Await.until("all are applied", Duration.ofSeconds(60), () -> {
            List<Future<List<Outcome>>> sent = new ArrayList<>();
            open.forEach(delivery -> sent.add(rig.send(List.of(delivery))));
            List<Delivery> left = new ArrayList<>();
            for (int i = 0; i < sent.size(); i++) {
                Outcome outcome = WriterRig.await(sent.get(i)).get(0);
                assertThat(outcome.kind()).as("%s", outcome).isNotEqualTo(Outcome.Kind.REJECTED);
                if (!outcome.equals(Outcome.applied())) {
                    left.add(open.get(i));
                }
            }
            open.retainAll(left);
            return open.isEmpty();
        });
    }
}

package io.forelog.queue.kafka;

import static io.forelog.queue.kafka.ConsumptionRig.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.forelog.model.Delivery;
import io.forelog.queue.Settlement;
import io.forelog.rig.Await;
import io.forelog.rig.Soak;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Readers of one group that join and leave every second. */
class RebalanceStormIT {
    private static final int EVERY_SLOW = 1_000;
    private static final long SLOW_MILLIS = 3_000;

    private final Map<String, Integer> delivered = new ConcurrentHashMap<>();

    @Test
    void loseNothingAndRepeatLessThanAHundredthOfWhatAWatermarkAloneWould() throws Exception {
        int cycles = Soak.choose(6, 40);
        int count = cycles * 3_000;
        try (ConsumptionRig rig = new ConsumptionRig(6, false)) {
            rig.append(count);
            KafkaConsumption stays = rig.open("stays");
            work(rig, stays);
            AtomicLong watermarkAlone = new AtomicLong();
            for (int cycle = 0; cycle < cycles; cycle++) {
                KafkaConsumption comes = rig.open("comes" + cycle % 3);
                work(rig, comes);
                Await.pause(Duration.ofSeconds(1));
                rig.close(comes);
                watermarkAlone.addAndGet(comes.aboveWatermarks());
            }
            Await.until(
                    "all are delivered",
                    Duration.ofSeconds(60),
                    () -> delivered.size() == count,
                    () -> delivered.size() + " of " + count);
            watermarkAlone.addAndGet(stays.aboveWatermarks());
            Await.pause(Duration.ofMillis(SLOW_MILLIS + 500));
            await(stays.commit());
            long repeated =
                    delivered.values().stream().mapToLong(times -> times - 1).sum();
            Soak.tell("rebalance storm: %d repeated, a watermark alone repeats %d", repeated, watermarkAlone.get());
            assertThat(repeated).isLessThan(Math.max(1, watermarkAlone.get() / 100));
            assertThat(rig.books().get(Books.Count.DELIVERED))
                    .as("each obligation once in the books")
                    .isEqualTo(count);
        }
    }

    /** Takes and settles at once, every thousandth three seconds late. */
    private void work(ConsumptionRig rig, KafkaConsumption in) {
        in.take(1, 100, ConsumptionRig.MANY_BYTES).onSuccess(taken -> {
            List<Settlement> now = new ArrayList<>();
            for (Delivery each : taken) {
                String payload = each.entry().payload().toString();
                delivered.merge(payload, 1, Integer::sum);
                Settlement settlement = new Settlement(each, rig.delivered());
                if (payload.hashCode() % EVERY_SLOW == 0) {
                    rig.vertx.setTimer(SLOW_MILLIS, id -> in.settle(List.of(settlement)));
                } else {
                    now.add(settlement);
                }
            }
            in.settle(now);
            if (!taken.isEmpty()) {
                rig.vertx.setTimer(30, id -> work(rig, in));
            }
        });
    }
}

package io.forelog.queue.kafka;

import io.forelog.model.Ticker;
import java.util.Map;

/** A {@link TierPump} as a process of its own, to be killed: arguments are the bootstrap servers, the shard and the node's id. */
final class TierPumpProcess {
    private TierPumpProcess() {}

    public static void main(String[] arguments) throws InterruptedException {
        String shard = arguments[1];
        TierPump pump = new TierPump(
                shard,
                KafkaNames.tierGroup(shard),
                tier -> KafkaNames.tier(shard, tier),
                ReaderSettings.of(
                        Map.of("bootstrap.servers", arguments[0]),
                        arguments[2],
                        ConsumptionRig.agreeing(Ticker.anchored())),
                Ticker.anchored(),
                ConsumptionRig.CALM);
        pump.start();
        while (!pump.stopped()) {
            Thread.sleep(1_000);
        }
    }
}

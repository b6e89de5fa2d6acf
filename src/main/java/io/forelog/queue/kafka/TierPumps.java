package io.forelog.queue.kafka;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The tier pumps of this node: one a cluster, known by the id that its brokers say, under whatever names documents have it. Two of
 * them would have one name in one group, and put each other out again and again. Any thread; guarded by this. Bounded by the clusters.
 */
final class TierPumps {
    /** A cluster whose tiers are pumped. The names are those that documents have for it, the first one's connection is the pump's. */
    private static final class Pumped implements TierPump.Surroundings {
        private final List<KafkaCluster> names = new CopyOnWriteArrayList<>();

        @Override
        public boolean hasEnded(String namespace) {
            return names.stream().noneMatch(each -> each.serves(namespace))
                    && names.stream().anyMatch(each -> each.hasEnded(namespace));
        }

        @Override
        public void trouble(String text) {
            names.forEach(each -> each.tiersTrouble(text));
        }
    }

    private final Map<String, Pumped> pumped = new HashMap<>();

    /** A pump that has begun, the caller's to stop; null where the cluster has one by another name. The tiers exist. */
    synchronized @Nullable TierPump begin(String clusterId, KafkaCluster cluster, ReaderSettings reading) {
        Pumped known = pumped.computeIfAbsent(clusterId, id -> new Pumped());
        if (!known.names.isEmpty()) {
            known.names.add(cluster);
            return null;
        }
        String shard = cluster.shard();
        TierPump pump = new TierPump(
                shard,
                KafkaNames.tierGroup(shard),
                tier -> KafkaNames.tier(shard, tier),
                reading,
                cluster.node().ticker(),
                known);
        pump.start();
        known.names.add(cluster);
        return pump;
    }
}

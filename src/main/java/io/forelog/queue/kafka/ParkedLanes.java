package io.forelog.queue.kafka;

import io.forelog.model.Delivery;
import io.forelog.queue.ParkedKey;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What lies parked in the partitions that this route's reader holds, by key and in the order of the main topic. Guarded by the lock
 * of the {@link RouteDesk}. An entry costs about 200 bytes here, its delivery only while fewer than {@code bytesMax} are kept:
 * the others are read again from their topic. Keys are bounded by the pump, which stops a route at 100,000.
 */
final class ParkedLanes {
    /** One parked obligation. */
    static final class Parked {
        final Taken taken;
        /** Null = in its topic only. */
        @Nullable
        Delivery delivery;

        Parked(Taken taken, @Nullable Delivery delivery) {
            this.taken = taken;
            this.delivery = delivery;
        }
    }

    private record Slot(long order, long offset) implements Comparable<Slot> {
        private static final Comparator<Slot> BY_ORDER =
                Comparator.comparingLong(Slot::order).thenComparingLong(Slot::offset);

        @Override
        public int compareTo(Slot other) {
            return BY_ORDER.compare(this, other);
        }
    }

    private final long bytesMax;
    private final Map<Buffer, TreeMap<Slot, Parked>> lanes = new LinkedHashMap<>();
    private final Map<Holding, TreeMap<Long, Parked>> places = new HashMap<>();
    private long bytes;
    private int size;

    ParkedLanes(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /** Of deliveries that are kept. */
    long bytes() {
        return bytes;
    }

    /** All parked obligations. */
    int size() {
        return size;
    }

    void add(Taken taken, Delivery delivery) {
        add(taken, keyOf(delivery), delivery);
    }

    /** Of its own bytes: the entry's key is a view of all of its record. */
    static Buffer keyOf(Delivery delivery) {
        return Buffer.buffer(delivery.entry().key().getBytes());
    }

    private void add(Taken taken, Buffer key, @Nullable Delivery delivery) {
        taken.laneKey = key;
        boolean keep = delivery != null && bytes + taken.bytes <= bytesMax;
        bytes += keep ? taken.bytes : 0;
        Parked parked = new Parked(taken, keep ? delivery : null);
        places.computeIfAbsent(taken.holding, h -> new TreeMap<>()).put(taken.offset, parked);
        Parked before =
                lanes.computeIfAbsent(key, k -> new TreeMap<>()).put(new Slot(taken.order, taken.offset), parked);
        if (before == null) {
            size++;
        } else {
            uncount(before);
        }
    }

    /** What was found parked in a partition. */
    void found(Holding park) {
        for (Holding.Fetched each : park.fetched) {
            Delivery delivery = each.delivery();
            Buffer key = each.taken().laneKey;
            if (delivery != null) {
                add(each.taken(), delivery);
            } else if (key != null) {
                add(each.taken(), key, null);
            }
        }
    }

    /** It is settled, or was parked anew. */
    void remove(Taken taken) {
        Buffer key = taken.laneKey;
        TreeMap<Slot, Parked> lane = key == null ? null : lanes.get(key);
        if (key == null || lane == null) {
            return;
        }
        Parked gone = lane.remove(new Slot(taken.order, taken.offset));
        if (gone != null) {
            size--;
            uncount(gone);
            places.getOrDefault(taken.holding, new TreeMap<>()).remove(taken.offset);
        }
        if (lane.isEmpty()) {
            lanes.remove(key);
        }
    }

    private void uncount(Parked gone) {
        if (gone.delivery != null) {
            bytes -= gone.taken.bytes;
        }
    }

    /** The keys with parked obligations, and when the head of each may be tried. */
    List<ParkedKey> keys(int max) {
        List<ParkedKey> keys = new ArrayList<>();
        Iterator<Map.Entry<Buffer, TreeMap<Slot, Parked>>> all =
                lanes.entrySet().iterator();
        while (all.hasNext() && keys.size() < max) {
            Map.Entry<Buffer, TreeMap<Slot, Parked>> lane = all.next();
            keys.add(new ParkedKey(lane.getKey(), lane.getValue().firstEntry().getValue().taken.nextMicros));
        }
        return keys;
    }

    /** The first of a lane, in its order; empty where there is none. */
    private List<Parked> heads(Buffer key, int max) {
        TreeMap<Slot, Parked> lane = lanes.get(key);
        return lane == null ? List.of() : lane.values().stream().limit(max).toList();
    }

    /** As {@link #heads}, up to one that is carried to the end of its topic this moment; null where that is the first. */
    @Nullable
    List<Parked> free(Buffer key, int max) {
        List<Parked> heads = heads(key, max);
        List<Parked> free = new ArrayList<>();
        for (Parked head : heads) {
            if (head.taken.carried) {
                break;
            }
            free.add(head);
        }
        return free.isEmpty() && !heads.isEmpty() ? null : free;
    }

    /**
     * Those that keep settled runs of a partition apart, in the smallest groups first and at most {@code max}: carried to the
     * end of their topic, they leave fewer runs behind. None that the pump has.
     */
    List<Parked> stragglers(Holding holding, int max) {
        TreeMap<Long, Parked> all = places.getOrDefault(holding, new TreeMap<>());
        List<Map<Long, Parked>> groups = new ArrayList<>();
        long from = holding.window.watermark();
        for (Map.Entry<Long, Long> run : holding.window.runs().entrySet()) {
            groups.add(all.subMap(from, run.getKey()));
            from = run.getValue();
        }
        groups.sort(Comparator.comparingInt(Map::size));
        List<Parked> chosen = new ArrayList<>();
        for (Map<Long, Parked> group : groups) {
            if (chosen.size() + group.size() > max) {
                break;
            }
            for (Parked each : group.values()) {
                if (!each.taken.handedOut && each.taken.state == Taken.State.ON_ITS_WAY) {
                    chosen.add(each);
                }
            }
        }
        return chosen;
    }

    /** The partition is another's now. Answers how many of it were on their way. */
    int drop(Holding holding) {
        int handedOut = 0;
        places.remove(holding);
        Iterator<TreeMap<Slot, Parked>> all = lanes.values().iterator();
        while (all.hasNext()) {
            TreeMap<Slot, Parked> lane = all.next();
            Iterator<Parked> each = lane.values().iterator();
            while (each.hasNext()) {
                Parked parked = each.next();
                if (parked.taken.holding == holding) {
                    each.remove();
                    size--;
                    uncount(parked);
                    handedOut += parked.taken.handedOut ? 1 : 0;
                }
            }
            if (lane.isEmpty()) {
                all.remove();
            }
        }
        return handedOut;
    }
}

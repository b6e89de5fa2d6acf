package io.forelog.queue.sqs;

import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The messages in hand, and of each obligation whether it waits for its time, may be taken, or is parked. Owned by the home;
 * bounded by messages and bytes, beyond which nothing is received; the bytes are those of bodies and of loaded payloads.
 */
final class Shelf {
    private static final Comparator<Slot> BY_ARRIVAL =
            Comparator.comparingLong((Slot slot) -> slot.held.arrival).thenComparingInt(Slot::route);
    private static final Comparator<Slot> BY_DUE =
            Comparator.comparingLong(Slot::dueMicros).thenComparing(BY_ARRIVAL);

    private final int most;
    private final long bytesMost;
    private final Comparator<Slot> order;
    private final Map<String, Held> held = new LinkedHashMap<>();
    private final Map<Integer, TreeSet<Slot>> ready = new HashMap<>();
    private final PriorityQueue<Slot> waiting = new PriorityQueue<>(BY_DUE);
    private final Map<Integer, Map<Buffer, TreeSet<Slot>>> parked = new HashMap<>();
    private volatile int messages;
    private long bytes;
    private long payloadBytes;

    /** @param ordered in order of arrival, which is that of a FIFO queue's groups; else by due time */
    Shelf(int most, long bytesMost, boolean ordered) {
        this.most = most;
        this.bytesMost = bytesMost;
        this.order = ordered ? BY_ARRIVAL : BY_DUE;
    }

    /** How many more may be received. */
    int room() {
        return bytes >= bytesMost ? 0 : Math.max(0, most - held.size());
    }

    /** May a payload of so many bytes be loaded? One always may. */
    boolean hasRoomFor(long payload) {
        return payloadBytes == 0 || bytes + Math.max(1, payload) <= bytesMost;
    }

    boolean has(Held message) {
        return find(message.line, message.messageId) == message;
    }

    /** Counts its payload as so large from now on. */
    void carries(Held message, long payload) {
        if (has(message)) {
            bytes += payload - message.payloadBytes;
            payloadBytes += payload - message.payloadBytes;
            message.payloadBytes = payload;
        }
    }

    boolean halfFull() {
        return held.size() > most / 2 || bytes > bytesMost / 2;
    }

    /** Any thread. */
    int messages() {
        return messages;
    }

    Collection<Held> all() {
        return List.copyOf(held.values());
    }

    @Nullable
    Held find(Line line, String messageId) {
        return held.get(line.name + '/' + messageId);
    }

    void add(Held message) {
        held.put(message.line.name + '/' + message.messageId, message);
        bytes += message.bytes;
        messages = held.size();
    }

    /** All its slots leave their lists. */
    void remove(Held message) {
        if (held.remove(message.line.name + '/' + message.messageId) == null) {
            return;
        }
        bytes -= message.bytes + message.payloadBytes;
        payloadBytes -= message.payloadBytes;
        messages = held.size();
        takeOff(message);
        message.slots.forEach(slot -> slot.state = Slot.State.DONE);
    }

    /** Still in hand, but nobody may take it. */
    void takeOff(Held message) {
        for (Slot slot : message.slots) {
            switch (slot.state) {
                case READY -> readyOf(slot.route()).remove(slot);
                case WAITING -> waiting.remove(slot);
                case PARKED -> unpark(slot);
                default -> {
                    // in nobody's list
                }
            }
        }
    }

    // ---- waiting and ready

    void waits(Slot slot) {
        slot.state = Slot.State.WAITING;
        waiting.add(slot);
    }

    /** Ends the wait of what is due. */
    void ripen(long now) {
        for (Slot next = waiting.peek(); next != null && next.dueMicros() <= now; next = waiting.peek()) {
            waiting.remove();
            makeReady(next);
        }
    }

    void makeReady(Slot slot) {
        slot.state = Slot.State.READY;
        readyOf(slot.route()).add(slot);
    }

    long nextDue() {
        Slot next = waiting.peek();
        return next == null ? Long.MAX_VALUE : next.dueMicros();
    }

    int scheduled() {
        return waiting.size();
    }

    TreeSet<Slot> readyOf(int route) {
        return ready.computeIfAbsent(route, none -> new TreeSet<>(order));
    }

    /** At least one where there is any. */
    List<Slot> take(int route, int max, long bytesMax) {
        List<Slot> taken = new ArrayList<>();
        long size = 0;
        TreeSet<Slot> slots = readyOf(route);
        while (taken.size() < max && !slots.isEmpty() && (taken.isEmpty() || size < bytesMax)) {
            Slot next = slots.pollFirst();
            if (next == null) {
                break;
            }
            next.state = Slot.State.TAKEN;
            size += next.held.parcel().entry().sizeBytes();
            taken.add(next);
        }
        return taken;
    }

    // ---- lanes

    void park(Slot slot) {
        slot.state = Slot.State.PARKED;
        parked.computeIfAbsent(slot.route(), none -> new LinkedHashMap<>())
                .computeIfAbsent(slot.held.parcel().entry().key(), none -> new TreeSet<>(BY_ARRIVAL))
                .add(slot);
    }

    private void unpark(Slot slot) {
        Map<Buffer, TreeSet<Slot>> lanes = parked.getOrDefault(slot.route(), Map.of());
        Buffer key = slot.held.parcel().entry().key();
        TreeSet<Slot> lane = lanes.get(key);
        if (lane != null) {
            lane.remove(slot);
            if (lane.isEmpty()) {
                lanes.remove(key);
            }
        }
    }

    List<io.forelog.queue.ParkedKey> parkedKeys(int route, int max) {
        List<io.forelog.queue.ParkedKey> keys = new ArrayList<>();
        parked.getOrDefault(route, Map.of()).forEach((key, lane) -> {
            if (keys.size() < max) {
                keys.add(new io.forelog.queue.ParkedKey(key, lane.first().nextMicros));
            }
        });
        return keys;
    }

    List<Slot> takeParked(int route, Buffer key, int max) {
        List<Slot> taken = new ArrayList<>();
        TreeSet<Slot> lane = parked.getOrDefault(route, Map.of()).get(key);
        while (lane != null && !lane.isEmpty() && taken.size() < max) {
            Slot next = lane.first();
            unpark(next);
            next.state = Slot.State.TAKEN;
            taken.add(next);
        }
        return taken;
    }

    int parkedCount(int route) {
        int count = 0;
        for (TreeSet<Slot> lane : parked.getOrDefault(route, Map.of()).values()) {
            count += lane.size();
        }
        return count;
    }

    int takenCount(int route) {
        int count = 0;
        for (Held each : held.values()) {
            for (Slot slot : each.slots) {
                if (slot.route() == route && (slot.state == Slot.State.TAKEN || slot.state == Slot.State.COPYING)) {
                    count++;
                }
            }
        }
        return count;
    }
}

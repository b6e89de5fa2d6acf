package io.forelog.queue.kafka;

import java.util.ArrayDeque;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * One partition while it is assigned to this route's reader: its window, its books, and what was fetched and not yet handed out.
 * Guarded by the lock of the route's {@link RouteDesk}. What is fetched is bounded by the reader, which pauses.
 */
final class Holding {
    /** A record behind the window: a delivery, or one that can't be read; neither = a parked one that is only in its topic. */
    record Fetched(Taken taken, io.forelog.model.@Nullable Delivery delivery, RouteRecords.@Nullable Raw raw) {}

    final TopicPartition partition;
    /** The main topic it belongs to; equal to its own for a main partition. */
    final String main;

    final OffsetWindow window;
    final Books books;
    final ArrayDeque<Fetched> fetched = new ArrayDeque<>();

    /** Behind the last record that the consumer passed; what it passed and did not fetch is settled when {@code fetched} is empty. */
    long position;
    /** Records behind {@link #position} that the broker has. */
    long lag;
    /** Something changed since the last commit began. */
    boolean dirty;
    /** Of a parked partition: how many were handed out and are not settled. */
    int handedOut;
    /** Deliveries may be handed out. */
    boolean open = true;
    /** It is being given away: nothing more is handed out. */
    boolean shut;
    /** What was parked in the partition of this number goes first. */
    boolean waitsForParked;

    /** Not 0: closed until then, nanoseconds of the JVM. Set by the reader's thread, before it takes the lock and opens. */
    long opensNanos;

    private final boolean park;
    private volatile boolean alive = true;

    Holding(TopicPartition partition, String main, boolean park, OffsetWindow window, Books books) {
        this.partition = partition;
        this.main = main;
        this.park = park;
        this.window = window;
        this.books = books;
        this.position = window.next();
    }

    /** A partition of parked lanes: never polled; what is in it stands in {@link ParkedLanes}. */
    boolean isPark() {
        return park;
    }

    /** Of what was delayed, retried or redriven, once it is due. */
    boolean isReady() {
        return !park && !partition.topic().equals(main);
    }

    /** Still assigned. Any thread may ask. */
    boolean alive() {
        return alive;
    }

    /** Assigned to another, or to this reader anew: whatever is settled from now on has no effect. */
    void drop() {
        alive = false;
        fetched.clear();
    }

    /** How many deliveries of it the pump has: of a parked partition those that were handed out, not all that lie there. */
    int onTheirWay() {
        return park ? handedOut : window.taken();
    }

    /** What to commit while it is held: whoever finds it after a death must take it that something is on its way. */
    OffsetAndMetadata committable(int owner) {
        return committable(owner, false);
    }

    /** {@code clean}: nothing of it is on its way, nor will be from here. */
    OffsetAndMetadata committable(int owner, boolean clean) {
        String text = CommitMetadata.encode(clean, owner, books, window.watermark(), window.runs());
        return new OffsetAndMetadata(window.watermark(), text);
    }
}

package io.forelog.queue;

import io.forelog.queue.QueueSpec.EntryClass;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Two queues in memory as one, with timers that a test lets ring. One thread. */
final class CombinedRig {
    static final Set<EntryClass> NOW = EnumSet.of(EntryClass.IMMEDIATE);
    static final Set<EntryClass> LATER = EnumSet.of(EntryClass.DELAYED, EntryClass.RETRY);
    static final Set<EntryClass> ALL = EnumSet.allOf(EntryClass.class);
    static final Set<EntryClass> NOTHING = EnumSet.noneOf(EntryClass.class);

    final QueueSpec spec;
    final HandTicker ticker;
    final InMemoryQueue first;
    final InMemoryQueue second;
    final CombinedQueue queue;
    private final Set<EntryClass> firstServes;
    private final Set<EntryClass> secondServes;
    private final List<Runnable> timers = new ArrayList<>();

    CombinedRig(QueueSpec spec, HandTicker ticker, Set<EntryClass> firstServes, Set<EntryClass> secondServes) {
        this(spec, ticker, firstServes, secondServes, new InMemoryQueue(spec, ticker), new InMemoryQueue(spec, ticker));
    }

    private CombinedRig(
            QueueSpec spec,
            HandTicker ticker,
            Set<EntryClass> firstServes,
            Set<EntryClass> secondServes,
            InMemoryQueue first,
            InMemoryQueue second) {
        this.spec = spec;
        this.ticker = ticker;
        this.firstServes = firstServes;
        this.secondServes = secondServes;
        this.first = first;
        this.second = second;
        this.queue = new CombinedQueue(
                spec,
                List.of(new Part(1, "FIRST", first, firstServes), new Part(2, "SECOND", second, secondServes)),
                ticker,
                (millis, what) -> timers.add(what));
    }

    /** The process dies; what was flushed comes back. */
    CombinedRig crash() {
        return new CombinedRig(spec, ticker, firstServes, secondServes, first.crash(), second.crash());
    }

    /** Makes durable what waits for the next thing promised. */
    void flush() {
        first.flush();
        second.flush();
    }

    void tick() {
        first.tick();
        second.tick();
        ring();
    }

    /** All timers that are set now go off. */
    void ring() {
        List<Runnable> due = List.copyOf(timers);
        timers.clear();
        due.forEach(Runnable::run);
    }
}

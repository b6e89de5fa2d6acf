package io.forelog.queue;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Delivery;
import io.forelog.model.Entry;
import io.forelog.model.EntryId;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.Optional;

/**
 * The durable medium of one namespace's entries before delivery. An obligation (entry x route) lies in exactly
 * one place: the log, the timers, a parked lane or the dead letters; it leaves by {@link #settle} alone.
 *
 * <p>Methods may be called from any Vert.x context; futures end on the caller's context. All futures end, those
 * of a closed queue with UNAVAILABLE. Positions taken and not settled when the process ends are taken again.
 */
public interface Queue {
    QueueSpec spec();

    /** Changes retention, quota and routes of a live queue. */
    Future<Void> update(QueueSpec spec);

    Capabilities capabilities();

    // ---- producing

    /**
     * Makes the entries durable, all or each for itself. Outcomes in the order of {@code entries}, never empty; never
     * fails: what cannot be decided is UNKNOWN. Takes a bounded number of bytes in flight: over it the outcome is
     * a refusal (OVERLOADED).
     */
    Future<List<AppendOutcome>> append(List<Entry> entries);

    // ---- consuming, per route: one taker

    /**
     * Up to {@code max} obligations that are due, earliest first, and at least one; at most about {@code bytesMax} of
     * them, but always one. Ends when there is one: a long poll, at most one at a time a route. With
     * {@link QueueSpec#ordered()} those of one key come in order of (due, sequence).
     */
    Future<List<Delivery>> take(int route, int max, long bytesMax);

    /**
     * What became of deliveries. All are durable, or ordered before anything that is, when the future ends. On
     * failure none may be assumed settled; calling again is safe. Applies in the order of calls. A delivery may come back
     * with a later attempt number and its failures, where attempts were repeated in place: they count as made.
     */
    Future<Void> settle(List<Settlement> settlements);

    /** The keys with parked entries, at most {@code max}. After a restart: where lanes go on. */
    Future<List<ParkedKey>> parked(int route, int max);

    /** The first up to {@code max} parked obligations of {@code key} in lane order; empty = the lane is empty. */
    Future<List<Delivery>> takeParked(int route, Buffer key, int max);

    /**
     * Takes over obligations from another queue of the namespace, each with its attempts, failures and redrives so far; due
     * when they say. All are durable when the future ends. On failure none may be assumed stored or not stored: calling again
     * may duplicate. Counted {@code movedIn}, never accepted; what {@link #read} lists stays with the queue that was
     * written to.
     */
    Future<Void> moveIn(List<Transfer> transfers);

    // ---- single entries (Capabilities.find and .cancel, else NOT_SUPPORTED)

    Future<Optional<EntryStatus>> find(EntryId id);

    Future<Optional<EntryStatus>> findByToken(String token);

    /** Per route: done, too late or not there. Empty where no such entry is known. */
    Future<List<RouteChange>> cancel(EntryId id);

    /** As {@link #cancel}; {@code dueMicros} in the past = now. Keeps id and acceptance time. */
    Future<List<RouteChange>> reschedule(EntryId id, long dueMicros);

    // ---- dead letters

    /** In order of their time of death, behind {@code after}. */
    Future<Page<DeadLetter>> deadLetters(DeadLetterCursor after, int limit);

    Future<Optional<DeadLetter>> deadLetter(String id);

    /** Makes them due now; attempts begin anew, redrives count up. Answers how many were there. */
    Future<Integer> redrive(List<String> ids);

    /** Deletes them; they stay counted as dead. Answers how many were there. */
    Future<Integer> purge(List<String> ids);

    // ---- range read and replay

    /** Entries accepted in the range, settled ones included, in log order, behind {@code cursor}. */
    Future<Page<LogEntry>> read(LogRange range, String cursor, int limit);

    /** New obligations, due now, for entries read from the log; counted as accepted again. */
    Future<Void> readmit(List<Entry> entries, int route);

    // ---- state

    /** Counters since the namespace was made, and what a count of the store itself finds pending and dead. */
    Future<Tally> tally();

    /** Cheap, from memory, for metrics: any thread. */
    QueueDepth depth(int route);

    /** What of a route, dead letters included, no node of another shard could get at: where not 0 this one can't hand it over. */
    default long onlyHere(int route) {
        return 0;
    }

    /**
     * False where it is known that another has by now what was taken: with order it must not be sent any more, and settling it has no
     * effect. From memory, any thread.
     */
    default boolean holds(Delivery delivery) {
        return true;
    }

    /** What is wrong with it though it is open, for who runs it; empty = nothing. From memory, any thread. */
    default String trouble() {
        return "";
    }

    /**
     * Nothing that was taken is at a target any more, and nothing more will be taken or settled: whoever takes next need not
     * wait for it. Said before {@link #close}, or not at all. At once.
     */
    default void atRest() {}

    /** Entries whose futures have not ended yet end UNAVAILABLE or UNKNOWN; takes end empty. */
    Future<Void> close();
}

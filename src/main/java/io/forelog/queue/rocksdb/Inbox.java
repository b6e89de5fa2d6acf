package io.forelog.queue.rocksdb;

import io.forelog.model.ErrorCode;
import io.forelog.model.Ticker;
import io.forelog.model.WalException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jctools.queues.MpscUnboundedArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * What waits for the committer. Any thread puts in, the committer alone takes out and sleeps on it. Bounded by entries and
 * bytes of what may be refused; what may not (settles, takes, work of its readers) is bounded by what was handed out.
 */
final class Inbox {
    private final MpscUnboundedArrayQueue<Object> queue = new MpscUnboundedArrayQueue<>(1_024);
    private final AtomicLong entries = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final long entriesMost;
    private final long bytesMost;
    private volatile @Nullable Thread owner;
    private volatile boolean asleep;
    private volatile boolean closed;
    private long due = Long.MAX_VALUE;

    Inbox(long entriesMost, long bytesMost) {
        this.entriesMost = entriesMost;
        this.bytesMost = bytesMost;
    }

    /** The committer thread, before anything is put in. */
    void ownedBy(Thread thread) {
        owner = thread;
    }

    /** Ends the command with OVERLOADED where too much waits, with UNAVAILABLE where it is closed. */
    void put(Command command) {
        if (command.mayBeRefused()) {
            long e = entries.addAndGet(command.entries());
            long b = bytes.addAndGet(command.bytes());
            if (e > entriesMost || b > bytesMost) {
                release(command);
                command.fail(new WalException(
                        ErrorCode.OVERLOADED,
                        "embedded queue: " + e + " entries and " + b + " bytes wait to be committed (expected: at most "
                                + entriesMost + " and " + bytesMost + ")"));
                return;
            }
        }
        queue.offer(command);
        afterPut();
    }

    /** Work of the committer's own readers. */
    void put(Consumer<Committer> work) {
        queue.offer(work);
        afterPut();
    }

    private void afterPut() {
        if (asleep) {
            wake();
        }
        if (closed) {
            refuseAll();
        }
    }

    private void release(Command command) {
        entries.addAndGet(-command.entries());
        bytes.addAndGet(-command.bytes());
    }

    void wake() {
        LockSupport.unpark(owner);
    }

    // ---- the committer

    @Nullable
    Object poll() {
        Object next = queue.poll();
        if (next instanceof Command command && command.mayBeRefused()) {
            release(command);
        }
        return next;
    }

    boolean isEmpty() {
        return queue.isEmpty();
    }

    void dueAt(long micros) {
        due = micros;
    }

    boolean isDue(Ticker ticker) {
        return due != Long.MAX_VALUE && ticker.micros() >= due;
    }

    /** Until something is put in, the due time, or {@code mostNanos}; {@code leastNanos} in any case. */
    void await(Ticker ticker, long mostNanos, long leastNanos) {
        if (leastNanos > 0) {
            LockSupport.parkNanos(leastNanos);
            return;
        }
        asleep = true;
        if (queue.isEmpty()) {
            long left = due == Long.MAX_VALUE ? mostNanos : Math.min(mostNanos, (due - ticker.micros()) * 1_000L);
            if (left > 0) {
                LockSupport.parkNanos(left);
            }
        }
        asleep = false;
    }

    /** Nothing will be taken out any more; what is in it goes to {@code each}. */
    void close(Consumer<Command> each) {
        closed = true;
        for (Object next = poll(); next != null; next = poll()) {
            if (next instanceof Command command) {
                each.accept(command);
            }
        }
    }

    // The committer has gone: whoever put last empties it.
    private synchronized void refuseAll() {
        close(command -> command.context.runOnContext(
                none -> command.fail(new WalException(ErrorCode.UNAVAILABLE, "embedded queue: closed"))));
    }
}

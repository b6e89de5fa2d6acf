package io.forelog.bus;

/**
 * The right to have one more entry in flight. Owned by one thread; bounded by its capacity.
 */
public final class Credits {
    private final int capacity;
    private int taken;

    public Credits(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity: " + capacity + " (expected: >= 1)");
        }
        this.capacity = capacity;
    }

    /** All {@code count}, or none. */
    public boolean tryTake(int count) {
        if (count > capacity - taken) {
            return false;
        }
        taken += count;
        return true;
    }

    public void give(int count) {
        taken -= count;
        if (taken < 0) {
            throw new IllegalStateException("credits given back: " + -taken + " more than taken");
        }
    }

    public int taken() {
        return taken;
    }

    public int free() {
        return capacity - taken;
    }

    public int capacity() {
        return capacity;
    }
}

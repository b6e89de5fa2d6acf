package io.forelog.consume;

/**
 * The share of storm rejections (401, 403, 404 and their like) among a route's last outcomes. Owned by the pump's thread;
 * a window of {@value #WINDOW} outcomes, silent until it holds {@value #LEAST}.
 */
final class StormWatch {
    static final int WINDOW = 100;
    static final int LEAST = 20;

    private final boolean[] storms = new boolean[WINDOW];
    private int next;
    private int size;
    private int count;

    void record(boolean storm) {
        if (size == WINDOW) {
            count -= storms[next] ? 1 : 0;
        } else {
            size++;
        }
        storms[next] = storm;
        count += storm ? 1 : 0;
        next = next + 1 == WINDOW ? 0 : next + 1;
    }

    /** As {@code times} outcomes that were no storm. */
    void recordCalm(int times) {
        if (count == 0) {
            size = Math.min(WINDOW, size + times);
            next = size == WINDOW ? (next + times) % WINDOW : next + times;
            return;
        }
        for (int i = 0; i < Math.min(times, WINDOW); i++) {
            record(false);
        }
    }

    boolean reached(double ratio) {
        return size >= LEAST && count >= ratio * size;
    }

    void reset() {
        java.util.Arrays.fill(storms, false);
        next = 0;
        size = 0;
        count = 0;
    }
}

package io.forelog.app;

import io.forelog.config.DurableFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Remembers over a restart that this node has told the others that it stops, and that they no longer wait for it: the file
 * {@code stopped}. Any thread; what changes the file is for worker threads.
 */
final class StopMark {
    private final Path file;
    private volatile boolean there;
    private boolean last;

    StopMark(Path directory) {
        this.file = directory.resolve("stopped");
        this.there = Files.exists(file);
    }

    boolean isThere() {
        return there;
    }

    /** This process stops; {@code others} are known. */
    synchronized void put(boolean others) throws IOException {
        last = true;
        if (others) {
            DurableFile.write(file, "");
        }
    }

    /** Nobody has heard that it stops; of a stop before, which it has not caught up with, they may have. */
    synchronized void takeBack() throws IOException {
        if (!there) {
            DurableFile.delete(file);
        }
    }

    /** Nobody goes on without this node any more, and it has missed nothing. */
    synchronized void caughtUp() throws IOException {
        if (!last) {
            DurableFile.delete(file);
            there = false;
        }
    }
}

package io.forelog.model;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Makes folders whose names outlast a loss of power: a name is durable only once the folder that holds it was synced, however
 * well the files below it were. Blocks: for worker threads and starts. Stateless.
 */
public final class Folders {
    private Folders() {}

    /** Makes what is missing of the path, each name synced; nothing where it is there. */
    public static void make(Path folder) throws IOException {
        Path whole = folder.toAbsolutePath();
        if (Files.isDirectory(whole)) {
            return;
        }
        @Nullable Path parent = whole.getParent();
        if (parent != null) {
            make(parent);
        }
        Files.createDirectories(whole);
        if (parent != null) {
            sync(parent);
        }
    }

    /** The names that it holds now are durable when this returns. */
    public static void sync(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}

package io.forelog.app;

import io.forelog.model.ErrorCode;
import io.forelog.model.Folders;
import io.forelog.model.WalException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The node's data directory, locked against a second process as long as this one lives. Used at start and stop, off the
 * event loops.
 */
final class DataDirectory implements AutoCloseable {
    private static final String LOCK = "node.lock";
    private static final String PORTS = "ports.json";

    private final Path path;
    private final FileChannel channel;

    private DataDirectory(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /** Makes it where it is missing. UNAVAILABLE where another process has it, INVALID_ARGUMENT where it can't be used. */
    static DataDirectory lock(Path path) {
        try {
            Folders.make(path);
            FileChannel channel =
                    FileChannel.open(path.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (tryLock(channel) == null) {
                channel.close();
                throw new WalException(
                        ErrorCode.UNAVAILABLE,
                        "data: " + path.toAbsolutePath()
                                + " is in use by another Forelog (expected: one process a data directory)");
            }
            Files.deleteIfExists(path.resolve(PORTS));
            return new DataDirectory(path, channel);
        } catch (IOException e) {
            throw new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "data: " + path.toAbsolutePath() + ": " + e + " (expected: a directory that can be written)",
                    e);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    Path path() {
        return path;
    }

    /** Tells where the node listens, whole or not at all. */
    void writePorts(Map<String, Integer> ports, boolean tls) throws IOException {
        StringBuilder json = new StringBuilder("{");
        new TreeMap<>(ports)
                .forEach((name, port) -> json.append(json.length() > 1 ? ", " : "")
                        .append('"')
                        .append(name)
                        .append("\": ")
                        .append(port));
        json.append(tls ? ", \"tls\": true" : "");
        Path fresh = path.resolve(PORTS + ".new");
        Files.writeString(fresh, json.append("}\n"));
        Files.move(fresh, path.resolve(PORTS), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Nobody listens any more; the lock goes. */
    @Override
    public void close() {
        try {
            Files.deleteIfExists(path.resolve(PORTS));
            channel.close();
        } catch (IOException e) {
            // The process ends: the lock goes with it.
        }
    }
}

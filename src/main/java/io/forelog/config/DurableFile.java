package io.forelog.config;

import io.forelog.model.Folders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Writes small files that are whole or not there, also after a power cut. Blocks: for worker threads. Stateless. */
public final class DurableFile {
    private DurableFile() {}

    public static void write(Path file, String text) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null) {
            throw new IOException(file + ": no directory (expected: a file in one)");
        }
        Folders.make(directory);
        Path next = directory.resolve("." + file.getFileName() + ".new");
        try (FileChannel channel = FileChannel.open(
                next, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        try {
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
        }
        Folders.sync(directory);
    }

    public static void delete(Path file) throws IOException {
        if (Files.deleteIfExists(file)) {
            Path directory = file.toAbsolutePath().getParent();
            if (directory != null) {
                Folders.sync(directory);
            }
        }
    }
}

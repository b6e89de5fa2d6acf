package io.forelog.consume;

import io.forelog.model.ErrorCode;
import io.forelog.model.Folders;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;

/**
 * A file a namespace, {@code <directory>/<namespace>.json}: reasons by target. Replaced whole and flushed, so that a crash
 * leaves the old one or the new one. The work is done on worker threads; one writer a namespace, its pump.
 */
public final class FilePauseRegister implements PauseRegister {
    private final Vertx vertx;
    private final Path directory;

    /** {@code directory} is made where it is missing. */
    public FilePauseRegister(Vertx vertx, Path directory) {
        this.vertx = vertx;
        this.directory = directory;
    }

    @Override
    public Future<Map<String, String>> load(String namespace) {
        return vertx.executeBlocking(() -> read(file(namespace)));
    }

    @Override
    public Future<Void> store(String namespace, Map<String, String> pauses) {
        JsonObject json = new JsonObject();
        pauses.forEach(json::put);
        return vertx.executeBlocking(() -> {
            write(file(namespace), json.encodePrettily());
            return null;
        });
    }

    private Path file(String namespace) {
        return directory.resolve(namespace + ".json");
    }

    private static Map<String, String> read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return Map.of();
        }
        try {
            Map<String, String> pauses = new TreeMap<>();
            new JsonObject(Files.readString(file)).forEach(pair -> pauses.put(pair.getKey(), (String) pair.getValue()));
            return pauses;
        } catch (DecodeException | ClassCastException e) {
            throw new WalException(
                    ErrorCode.CORRUPT, file + ": no JSON object of texts (expected: as it was written)", e);
        }
    }

    private void write(Path file, String text) throws IOException {
        Folders.make(directory);
        Path fresh = directory.resolve(file.getFileName() + ".new");
        try (FileChannel channel = FileChannel.open(
                fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Folders.sync(directory);
    }
}

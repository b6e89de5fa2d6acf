package io.forelog.config;

import io.forelog.model.WalException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A file a namespace, {@code <directory>/<namespace>.json}. The work is done on worker threads. */
public final class AppliedFiles implements AppliedStore {
    private static final String SUFFIX = ".json";

    private final Vertx vertx;
    private final Path directory;

    public AppliedFiles(Vertx vertx, Path directory) {
        this.vertx = vertx;
        this.directory = directory;
    }

    @Override
    public Future<Loaded> load() {
        return vertx.executeBlocking(() -> {
            Map<String, AppliedRecord> records = new TreeMap<>();
            Map<String, String> problems = new TreeMap<>();
            if (Files.isDirectory(directory)) {
                try (Stream<Path> files = Files.list(directory)) {
                    for (Path file : files.toList()) {
                        String name = String.valueOf(file.getFileName());
                        if (!name.startsWith(".") && name.endsWith(SUFFIX)) {
                            read(file, name.substring(0, name.length() - SUFFIX.length()), records, problems);
                        }
                    }
                }
            }
            return new Loaded(records, problems);
        });
    }

    private static void read(
            Path file, String namespace, Map<String, AppliedRecord> records, Map<String, String> problems)
            throws java.io.IOException {
        try {
            records.put(namespace, AppliedRecord.fromJson(Files.readString(file), file.toString()));
        } catch (WalException e) {
            problems.put(namespace, String.valueOf(e.getMessage()));
        } catch (java.nio.charset.CharacterCodingException e) {
            problems.put(namespace, file + ": not UTF-8 (expected: the applied state of a namespace)");
        }
    }

    @Override
    public Future<Void> store(AppliedRecord record) {
        return vertx.executeBlocking(() -> {
                    DurableFile.write(directory.resolve(record.namespace() + SUFFIX), record.toJson());
                    return true;
                })
                .mapEmpty();
    }
}

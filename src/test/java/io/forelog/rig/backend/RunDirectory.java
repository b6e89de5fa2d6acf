package io.forelog.rig.backend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** Directories of the shared servers under {@code target/backends/run}: gone with the run, or at the latest with the next. */
final class RunDirectory {
    private static final Path ALL = BackendClasspath.cache().resolve("run");

    static {
        sweep();
    }

    private RunDirectory() {}

    static Path create(String name) {
        try {
            return Files.createDirectories(
                    ALL.resolve(Long.toString(ProcessHandle.current().pid())).resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** At the end of this JVM: the server first, then its files. */
    static void atExit(AutoCloseable server, Path directory) {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            try {
                                server.close();
                            } catch (Exception e) {
                                throw new IllegalStateException(e);
                            } finally {
                                delete(directory);
                            }
                        },
                        "sweeper-" + directory.getFileName()));
    }

    /** What can't be deleted stays: a server that is just ending writes its last file. */
    static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException | UncheckedIOException e) {
            // gone already, or still being written to
        }
    }

    private static void sweep() {
        if (!Files.isDirectory(ALL)) {
            return;
        }
        try (Stream<Path> runs = Files.list(ALL)) {
            runs.filter(run -> ProcessHandle.of(Long.parseLong(run.getFileName().toString()))
                            .isEmpty())
                    .forEach(RunDirectory::delete);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

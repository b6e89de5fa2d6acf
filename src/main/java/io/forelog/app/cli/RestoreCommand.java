package io.forelog.app.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Copies a backup into an empty data directory of a node that does not run. On the main thread; a file at a time. */
@Command(
        name = "restore",
        mixinStandardHelpOptions = true,
        usageHelpAutoWidth = true,
        description = {
            "Copies a backup into an empty data directory. The node must not run.",
            "What was delivered since the backup is delivered again; what was written since is not in it."
        },
        footer = {"", "Example:", "  forelog restore /var/backups/forelog-monday --data data"})
final class RestoreCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "BACKUP", description = "A directory that forelog backup made.")
    private Path backup = Path.of("");

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DIR",
            description = "The data directory: empty, or not there.")
    private Path data = Path.of("");

    @Override
    public Integer call() throws IOException {
        if (!Files.isDirectory(backup) || isEmpty(backup)) {
            throw new IOException(backup + ": not a backup (expected: a directory that forelog backup made)");
        }
        if (Files.exists(data) && !isEmpty(data)) {
            throw new IOException(data + ": not empty (expected: an empty data directory, or none)");
        }
        Path from = backup.toRealPath();
        Path into = data.toAbsolutePath().normalize();
        if (into.startsWith(from)) {
            throw new IOException(data + ": lies within the backup (expected: another place)");
        }
        Console console = new Console(spec.commandLine(), false);
        long total = size(from);
        Path parent = into.getParent() == null ? into : into.getParent();
        Files.createDirectories(parent);
        // Beside it first: a copy that is cut short is no data directory.
        Path copy = parent.resolve(into.getFileName() + ".restoring");
        if (Files.exists(copy)) {
            throw new IOException(copy + ": left by a restore that was cut short (expected: remove it)");
        }
        try (Progress progress = console.progress("restoring")) {
            copy(from, copy, total, progress);
        }
        Files.deleteIfExists(into);
        Files.move(copy, into);
        console.print("restored " + total + " bytes into " + data + " (start it: forelog start --data " + data + ")");
        return 0;
    }

    private static boolean isEmpty(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return false;
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.findAny().isEmpty();
        }
    }

    private static long size(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    private static void copy(Path from, Path into, long total, Progress progress) throws IOException {
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            private long done;

            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                Files.createDirectories(into.resolve(from.relativize(directory).toString()));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Path made = into.resolve(from.relativize(file).toString());
                Files.copy(file, made);
                try (FileChannel channel = FileChannel.open(made, StandardOpenOption.WRITE)) {
                    channel.force(true);
                }
                done += attributes.size();
                progress.show(done, total, made.getFileName().toString());
                return FileVisitResult.CONTINUE;
            }
        });
    }
}

package io.forelog.rig;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a child JVM of the rig runs: the packaged jar and its lib folder where they are fresh (failsafe runs behind
 * {@code package}), else the compiled classes and the test's own class path. Stateless.
 */
public final class ServiceClasspath {
    private static final Path TARGET = Path.of(System.getProperty("basedir", System.getProperty("user.dir")))
            .resolve("target");

    private ServiceClasspath() {}

    /** What is in this tree. */
    public static String find() {
        Path classes = TARGET.resolve("classes");
        Path lib = TARGET.resolve("lib");
        Optional<Path> jar = jar(TARGET);
        if (jar.isPresent() && Files.isDirectory(lib) && !isStale(jar.get(), classes)) {
            return packaged(jar.get());
        }
        String tests = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return classes + File.pathSeparator + tests;
    }

    /** The build that lies packaged in the tree {@code other}: what the system property {@code forelog.other} names; empty = none. */
    public static Optional<String> other() {
        return Optional.ofNullable(System.getProperty("forelog.other"))
                .filter(tree -> !tree.isBlank())
                .map(tree -> packaged(jar(Path.of(tree).resolve("target"))
                        .orElseThrow(() -> new IllegalStateException("no packaged service in " + tree))));
    }

    private static String packaged(Path jar) {
        return jar + File.pathSeparator + jar.resolveSibling("lib") + File.separator + "*";
    }

    private static Optional<Path> jar(Path target) {
        try (Stream<Path> files = Files.list(target)) {
            return files.filter(file -> file.getFileName().toString().matches("forelog-[0-9].*\\.jar"))
                    .max(Comparator.comparing(ServiceClasspath::modified));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static boolean isStale(Path jar, Path classes) {
        FileTime packaged = modified(jar);
        try (Stream<Path> files = Files.walk(classes)) {
            return files.filter(file -> file.toString().endsWith(".class"))
                    .anyMatch(file -> modified(file).compareTo(packaged) > 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static FileTime modified(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

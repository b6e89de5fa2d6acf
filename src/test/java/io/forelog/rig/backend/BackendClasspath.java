package io.forelog.rig.backend;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The class path of a backend, as Maven resolves {@code src/test/backends/<name>/pom.xml}: asked for once, offline first, and
 * kept under {@code target/backends} until the pom changes or a jar is gone. One process resolves, others wait for it.
 */
final class BackendClasspath {
    private static final Path BASE = Path.of(System.getProperty("basedir", System.getProperty("user.dir")));
    private static final String GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:build-classpath";
    private static final long RESOLVE_MINUTES = 8;

    private BackendClasspath() {}

    static Path folder(String name) {
        return BASE.resolve("src/test/backends").resolve(name);
    }

    /** Where the rig keeps what it may rebuild at any time. */
    static Path cache() {
        return BASE.resolve("target/backends");
    }

    static synchronized String of(String name) {
        Path pom = folder(name).resolve("pom.xml");
        Path kept = cache().resolve(name + ".classpath");
        try {
            Files.createDirectories(cache());
            try (FileChannel channel = FileChannel.open(
                            cache().resolve(name + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = channel.lock()) {
                assert lock.isValid();
                Optional<String> fresh = read(kept, pom);
                return fresh.isPresent() ? fresh.get() : resolve(name, pom, kept);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The one jar of the class path whose file name begins so. */
    static Path jar(String name, String prefix) {
        return Stream.of(of(name).split(File.pathSeparator))
                .map(Path::of)
                .filter(jar -> jar.getFileName().toString().startsWith(prefix))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no " + prefix + "* on the class path of " + name));
    }

    private static Optional<String> read(Path kept, Path pom) throws IOException {
        if (!Files.exists(kept) || Files.getLastModifiedTime(kept).compareTo(Files.getLastModifiedTime(pom)) < 0) {
            return Optional.empty();
        }
        String path = Files.readString(kept).strip();
        boolean whole = !path.isEmpty()
                && Stream.of(path.split(File.pathSeparator)).allMatch(jar -> Files.exists(Path.of(jar)));
        return whole ? Optional.of(path) : Optional.empty();
    }

    private static String resolve(String name, Path pom, Path kept) throws IOException {
        Path fresh = cache().resolve(name + ".classpath.new");
        String offline = run(pom, fresh, true);
        if (!Files.exists(fresh)) {
            String online = run(pom, fresh, false);
            if (!Files.exists(fresh)) {
                throw new IllegalStateException("mvn could not resolve " + pom + "\n" + offline + "\n" + online);
            }
        }
        Files.move(fresh, kept, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        return read(kept, pom).orElseThrow(() -> new IllegalStateException(kept + " names jars that do not exist"));
    }

    private static String run(Path pom, Path result, boolean offline) throws IOException {
        Files.deleteIfExists(result);
        List<String> command = new ArrayList<>(List.of(maven(), "-q", "-B", "-ntp", "-f", pom.toString(), GOAL));
        command.addAll(List.of("-Dmdep.outputFile=" + result, "-Dmdep.includeScope=runtime"));
        if (offline) {
            command.add("-o");
        }
        Path log = cache().resolve(pom.getParent().getFileName() + ".mvn.out");
        Process maven = new ProcessBuilder(command)
                .directory(BASE.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .start();
        try {
            if (!maven.waitFor(RESOLVE_MINUTES, TimeUnit.MINUTES) || maven.exitValue() != 0) {
                maven.destroyForcibly();
                Files.deleteIfExists(result);
            }
        } catch (InterruptedException e) {
            maven.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        return Files.readString(log);
    }

    private static String maven() {
        String home = System.getenv("MAVEN_HOME");
        Path own = Path.of(home == null ? "" : home, "bin", "mvn");
        return home != null && Files.isExecutable(own) ? own.toString() : "mvn";
    }
}

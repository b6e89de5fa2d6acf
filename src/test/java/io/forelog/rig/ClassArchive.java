package io.forelog.rig;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * What spares the child JVMs of the rig half of their start: an archive of class data (CDS), one for each class path, in a
 * folder of its own. While there is none, JVMs write down what they load; once enough of them have, their lists become the
 * archive, in the background, by one of the JVMs that share the folder; whoever starts behind that uses it. Nobody waits for
 * it, and nothing fails without it. Test threads; one more thread while it is made.
 */
public final class ClassArchive {
    /** Failsafe says so: the few JVMs of a single test would not be worth it, and only use what is there. */
    public static final ClassArchive RIG = new ClassArchive(
            Path.of(System.getProperty("basedir", System.getProperty("user.dir")), "target", "archives"),
            Boolean.getBoolean("forelog.archives"),
            250_000);

    private static final Duration LIMIT = Duration.ofSeconds(120);

    private final Path folder;
    private final boolean making;
    private final long listBytes;
    private final AtomicInteger recorders = new AtomicInteger();
    private final Set<Path> begun = new HashSet<>();

    /** A list shorter than {@code listBytes} is that of a JVM that has not come up yet, or that never meant to. */
    ClassArchive(Path folder, boolean making, long listBytes) {
        this.folder = folder;
        this.making = making;
        this.listBytes = listBytes;
    }

    /**
     * More flags for a JVM that is about to start on {@code classpath}. {@code lists}: how many JVMs write down what they load;
     * 0 = this one is not to, it is too short-lived or watched.
     */
    public synchronized List<String> flags(String name, String classpath, int lists) {
        Optional<String> print = fingerprint(classpath);
        if (print.isEmpty()) {
            return List.of();
        }
        Path archive = folder.resolve(name + "-" + print.get() + ".jsa");
        if (Files.exists(archive)) {
            return List.of("-Xshare:auto", "-XX:SharedArchiveFile=" + archive, "-Xlog:cds=off");
        }
        if (!making || lists == 0 || begun.contains(archive)) {
            return List.of();
        }
        String prefix = name + "-" + print.get() + ".";
        List<Path> whole = lists(prefix);
        if (whole.size() < lists) {
            String mine = ProcessHandle.current().pid() + "-" + recorders.incrementAndGet() + ".classes";
            return List.of("-XX:DumpLoadedClassList=" + folder.resolve(prefix + mine));
        }
        begun.add(archive);
        Thread maker = new Thread(() -> make(archive, classpath, whole), "archive-" + name);
        maker.setDaemon(true);
        maker.start();
        return List.of();
    }

    private List<Path> lists(String prefix) {
        try (Stream<Path> files = Files.list(Files.createDirectories(folder))) {
            return files.filter(file -> file.getFileName().toString().startsWith(prefix)
                            && file.toString().endsWith(".classes")
                            && file.toFile().length() >= listBytes)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void make(Path archive, String classpath, List<Path> lists) {
        Path log = archive.resolveSibling(archive.getFileName() + ".out");
        Path lockFile = archive.resolveSibling(archive.getFileName() + ".lock");
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            if (lock == null || Files.exists(archive)) {
                return; // another fork makes it, or has
            }
            Set<String> classes = new LinkedHashSet<>();
            for (Path list : lists) {
                classes.addAll(classesOf(list));
            }
            Path joined = archive.resolveSibling(archive.getFileName() + ".list");
            Files.write(joined, classes);
            // A JVM dies on half an archive: it gets its name when it is whole.
            Path fresh = archive.resolveSibling(archive.getFileName() + ".new");
            dump(classpath, joined, fresh, log);
            Files.move(fresh, archive, StandardCopyOption.ATOMIC_MOVE);
            System.out.println("ARCHIVE: " + archive.getFileName() + ", " + classes.size() + " classes");
        } catch (IOException | IllegalStateException e) {
            System.out.println(
                    "ARCHIVE: WARNING: no " + archive + ", tests take longer: " + e.getMessage() + "; its log: " + log);
        }
    }

    /** Lambdas are left out: JDK 17's dump dies on those of interfaces that were compiled for Java 5. */
    private static List<String> classesOf(Path list) throws IOException {
        String text = Files.readString(list);
        // The JVM may be writing it still, or was killed at it: the last line may be half a line.
        return text.substring(0, text.lastIndexOf('\n') + 1)
                .lines()
                .filter(line -> !line.startsWith("@") && !line.startsWith("#") && !line.contains("source:"))
                .toList();
    }

    private static void dump(String classpath, Path classes, Path archive, Path log) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process dump = new ProcessBuilder(
                        java,
                        "-Xshare:dump",
                        "-Xmx512m",
                        "-XX:+UseSerialGC",
                        "-XX:SharedClassListFile=" + classes,
                        "-XX:SharedArchiveFile=" + archive,
                        "-XX:ErrorFile=" + log + ".crash",
                        "-cp",
                        classpath)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .start();
        Thread reaper = new Thread(dump::destroyForcibly, "archive-reaper");
        Runtime.getRuntime().addShutdownHook(reaper);
        try {
            if (!dump.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException("java -Xshare:dump did not end within " + LIMIT);
            }
            if (dump.exitValue() != 0) {
                throw new IllegalStateException("java -Xshare:dump answered " + dump.exitValue());
            }
            Runtime.getRuntime().removeShutdownHook(reaper);
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        } finally {
            dump.destroyForcibly();
        }
    }

    /** Of the JVM and of every jar, so that what was made of others is never used; empty where classes lie outside of jars. */
    private static Optional<String> fingerprint(String classpath) {
        StringBuilder all = new StringBuilder(System.getProperty("java.home"))
                .append(System.getProperty("java.vm.version"))
                .append(classpath);
        for (String part : classpath.split(File.pathSeparator)) {
            if (part.endsWith(File.separator + "*")) {
                try (Stream<Path> jars = Files.list(Path.of(part).getParent())) {
                    jars.sorted().forEach(jar -> append(jar, all));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            } else if (part.endsWith(".jar") && Files.isRegularFile(Path.of(part))) {
                append(Path.of(part), all);
            } else {
                return Optional.empty();
            }
        }
        return Optional.of(Integer.toHexString(all.toString().hashCode()));
    }

    private static void append(Path jar, StringBuilder to) {
        try {
            BasicFileAttributes found = Files.readAttributes(jar, BasicFileAttributes.class);
            to.append(jar.getFileName())
                    .append(found.size())
                    .append(found.lastModifiedTime().toMillis());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

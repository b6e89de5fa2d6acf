package io.forelog.rig.backend;

import io.forelog.rig.Standstill;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * One server of the rig as a child process: started, killed, frozen, stopped, always by its id. It ends with the test's JVM
 * (shutdown hook); where that was killed, the next run of the rig finds the child in {@code target/backends/children} and ends
 * it. Used by one test thread at a time.
 */
final class ChildProcess implements AutoCloseable {
    private static final int LOG_TAIL = 4_000;
    private static final Path REGISTER = BackendClasspath.cache().resolve("children");

    private final String name;
    private final Supplier<List<String>> command;
    private final Path directory;
    private final Thread reaper;
    private volatile Process process;

    static {
        sweep();
    }

    ChildProcess(String name, Path directory, List<String> command) {
        this(name, directory, () -> command);
    }

    /** {@code command} is asked for at each start. */
    ChildProcess(String name, Path directory, Supplier<List<String>> command) {
        this.name = name;
        this.directory = directory;
        this.command = command;
        this.reaper = new Thread(this::kill, "reaper-" + name);
        Runtime.getRuntime().addShutdownHook(reaper);
    }

    /** A JVM on the backend's class path, with the flags that keep it small. */
    static List<String> java(
            String backend, String heap, List<String> flags, String mainClass, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx" + heap));
        command.addAll(flags);
        command.addAll(List.of("-cp", BackendClasspath.of(backend), mainClass));
        command.addAll(arguments);
        return command;
    }

    void start() {
        if (isAlive()) {
            throw new IllegalStateException(name + " runs already: " + process.pid());
        }
        try {
            process = new ProcessBuilder(command.get())
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(logFile().toFile()))
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .start();
            Files.createDirectories(REGISTER);
            Files.writeString(REGISTER.resolve(Long.toString(process.pid())), identityOf(process.toHandle()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a short command to its end; fails unless it answers 0. */
    static void run(Path directory, List<String> command, int seconds) {
        try {
            Path log = directory.resolve("command.out");
            Process process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .start();
            if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException(
                        command + " did not end in " + seconds + " s\n" + Files.readString(log));
            }
            if (process.exitValue() != 0) {
                throw new IllegalStateException(
                        command + " answered " + process.exitValue() + "\n" + Files.readString(log));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** SIGKILL, and its end awaited. */
    void kill() {
        if (process != null) {
            process.destroyForcibly();
            await(20);
        }
    }

    /** SIGTERM; SIGKILL after the limit. */
    void stop(int seconds) {
        if (process != null) {
            process.destroy();
            if (!await(seconds)) {
                kill();
            }
        }
    }

    void freeze() {
        signal("STOP");
        Standstill.await(pid());
    }

    void thaw() {
        signal("CONT");
    }

    boolean isAlive() {
        return process != null && process.isAlive();
    }

    long pid() {
        return process.pid();
    }

    String logTail() {
        try {
            String log = Files.exists(logFile()) ? Files.readString(logFile()) : "";
            String state = isAlive() ? "" : " (not running)";
            return "---- " + name + state + ", " + logFile() + "\n"
                    + log.substring(Math.max(0, log.length() - LOG_TAIL));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        kill();
        try {
            Runtime.getRuntime().removeShutdownHook(reaper);
        } catch (IllegalStateException e) {
            // the JVM is going down: the hook has done it or will
        }
    }

    private Path logFile() {
        return directory.resolve(name + ".out");
    }

    private boolean await(int seconds) {
        try {
            boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
            if (ended) {
                Files.deleteIfExists(REGISTER.resolve(Long.toString(process.pid())));
            }
            return ended;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void signal(String signal) {
        run(directory, List.of("kill", "-" + signal, Long.toString(process.pid())), 10);
    }

    /** A process id alone may belong to somebody else by now; with its start it does not. The owner's id comes first. */
    private static String identityOf(ProcessHandle child) {
        return ProcessHandle.current().pid() + " " + startOf(ProcessHandle.current()) + " " + startOf(child);
    }

    private static String startOf(ProcessHandle process) {
        return Long.toString(
                process.info().startInstant().map(Instant::toEpochMilli).orElse(0L));
    }

    /** Ends what a killed run of the rig has left behind. */
    private static void sweep() {
        if (!Files.isDirectory(REGISTER)) {
            return;
        }
        try (Stream<Path> files = Files.list(REGISTER)) {
            for (Path file : files.toList()) {
                String[] words = Files.readString(file).split(" ");
                if (words.length == 3 && !runs(Long.parseLong(words[0]), words[1])) {
                    long pid = Long.parseLong(file.getFileName().toString());
                    if (runs(pid, words[2])) {
                        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
                    }
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean runs(long pid, String start) {
        return ProcessHandle.of(pid)
                .filter(process -> startOf(process).equals(start))
                .isPresent();
    }
}

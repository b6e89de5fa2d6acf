package io.forelog.app.cli;

import java.util.function.Supplier;

/** Says how things stand where the command is ended from outside (Ctrl-C, SIGTERM) while this is open, on a thread of the JVM's end. */
final class IfInterrupted implements AutoCloseable {
    private final Thread hook;

    IfInterrupted(Console console, Supplier<String> text) {
        this.hook = new Thread(() -> console.note(System.lineSeparator() + text.get()), "forelog-interrupted");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // it runs
        }
    }
}

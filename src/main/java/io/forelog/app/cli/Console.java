package io.forelog.app.cli;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** Where a command prints: results to standard output, everything else to standard error. One command's. */
final class Console {
    private final PrintWriter out;
    private final PrintWriter err;
    private final boolean json;
    private final boolean terminal;
    private @Nullable JsonArray gathered;

    Console(CommandLine line, boolean json) {
        this(line.getOut(), line.getErr(), json, isTerminal());
    }

    Console(PrintWriter out, PrintWriter err, boolean json, boolean terminal) {
        this.out = out;
        this.err = err;
        this.json = json;
        this.terminal = terminal;
    }

    boolean json() {
        return json;
    }

    /** From now on JSON is one document: what is printed is gathered until {@link #end}. */
    void gather() {
        gathered = json ? new JsonArray() : null;
    }

    /** Prints what was gathered, under that name. */
    void end(String name) {
        JsonArray all = gathered;
        gathered = null;
        if (all != null) {
            print(new JsonObject().put(name, all));
        }
    }

    /** The result, as JSON. */
    void print(JsonObject result) {
        if (gathered != null) {
            gathered.add(result);
            return;
        }
        out.println(result.encodePrettily());
        out.flush();
    }

    void print(String text) {
        out.println(text);
        out.flush();
    }

    /** {@code otherwise} where there is nothing in it. */
    void print(Table table, String otherwise) {
        print(table.isEmpty() ? otherwise : table.render());
    }

    /** What is neither a result nor a failure. */
    void note(String text) {
        err.println(text);
        err.flush();
    }

    /** A bar where standard error is a terminal, silence where it is not. */
    Progress progress(String what) {
        return new Progress(what, err, terminal);
    }

    /** Whether standard error is a terminal; without /proc, whether the process has one at all. */
    private static boolean isTerminal() {
        Path err = Path.of("/proc/self/fd/2");
        try {
            String leads = Files.readSymbolicLink(err).toString();
            return leads.startsWith("/dev/pts/") || leads.startsWith("/dev/tty") || leads.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            return System.console() != null;
        }
    }
}

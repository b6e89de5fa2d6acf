package io.forelog.app.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;

/** One line on a terminal that is written over and over: a bar, a count, a rate, what is left. One thread's. */
final class Progress implements AutoCloseable {
    private static final int WIDTH = 30;
    private static final long REDRAW_NANOS = Duration.ofMillis(100).toNanos();

    private final String what;
    private final PrintWriter err;
    private final boolean shown;
    private final long begunNanos = System.nanoTime();
    private long drawnNanos;
    private int length;

    Progress(String what, PrintWriter err, boolean shown) {
        this.what = what;
        this.err = err;
        this.shown = shown;
    }

    /** {@code total} 0 = not known. Draws ten times a second at most. */
    void show(long done, long total, String text) {
        long now = System.nanoTime();
        if (shown && (length == 0 || now - drawnNanos >= REDRAW_NANOS)) {
            drawnNanos = now;
            draw(line(what, done, total, Duration.ofNanos(now - begunNanos), text));
        }
    }

    static String line(String what, long done, long total, Duration spent, String text) {
        double perSecond = spent.toMillis() < 200 ? 0 : done * 1000.0 / spent.toMillis();
        StringBuilder line = new StringBuilder(what);
        if (total > 0) {
            int full = (int) Math.min(WIDTH, done * WIDTH / total);
            line.append(" [")
                    .append("#".repeat(full))
                    .append("·".repeat(WIDTH - full))
                    .append("] ");
            line.append(String.format(Locale.ROOT, "%3d %% ", Math.min(100, done * 100 / total)));
            line.append(done).append('/').append(total);
        } else {
            line.append(' ').append(done);
        }
        if (perSecond > 0) {
            line.append(String.format(Locale.ROOT, "  %,.0f/s", perSecond));
            if (total > done) {
                line.append("  ")
                        .append(When.span(Duration.ofMillis((long) ((total - done) * 1000 / perSecond))))
                        .append(" left");
            }
        }
        return text.isEmpty() ? line.toString() : line.append("  ").append(text).toString();
    }

    private void draw(String line) {
        err.print("\r" + line + " ".repeat(Math.max(0, length - line.length())));
        err.flush();
        length = line.length();
    }

    /** Wipes the line. */
    @Override
    public void close() {
        if (length > 0) {
            err.print("\r" + " ".repeat(length) + "\r");
            err.flush();
            length = 0;
        }
    }
}

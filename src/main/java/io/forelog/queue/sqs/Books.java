package io.forelog.queue.sqs;

import io.forelog.observe.LogKeys;
import io.forelog.queue.Tally;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One namespace's cumulative counters, kept in a small file that is replaced about every second while they change: after a
 * crash they may lack the last moment's, and what a crash repeats is counted again, so they are approximate. Owned by the
 * home; the file is written by a worker, one write at a time.
 */
final class Books {
    /** What is counted a route. */
    enum Line {
        ACCEPTED,
        DELIVERED,
        DEAD,
        EXPIRED,
        PURGED,
        MOVED_IN,
        MOVED_OUT
    }

    private static final Logger LOG = LoggerFactory.getLogger(Books.class);
    private static final String ENTRIES = "entries";

    private final Vertx vertx;
    private final Path file;
    private final Map<Integer, Map<Line, Long>> routes = new TreeMap<>();
    private long entries;
    private boolean dirty;
    private Future<Void> writing = Future.succeededFuture();

    Books(Vertx vertx, Path file) {
        this.vertx = vertx;
        this.file = file;
    }

    /** Blocking, before anything is counted. A file that can't be read begins anew, and says so. */
    void load() {
        if (!Files.exists(file)) {
            return;
        }
        try {
            Properties stored = new Properties();
            stored.load(new java.io.StringReader(Files.readString(file)));
            for (String name : stored.stringPropertyNames()) {
                long value = Long.parseLong(stored.getProperty(name));
                int dot = name.indexOf('.');
                if (dot < 0) {
                    entries = value;
                } else {
                    of(Integer.parseInt(name.substring(0, dot))).put(Line.valueOf(name.substring(dot + 1)), value);
                }
            }
        } catch (IOException | IllegalArgumentException e) {
            LOG.atError()
                    .addKeyValue(LogKeys.FILE, file)
                    .addKeyValue(LogKeys.REASON, e.getMessage())
                    .log("Counters can't be read: they begin anew");
        }
    }

    void appended(List<Integer> to) {
        entries++;
        for (int i = 0; i < to.size(); i++) {
            count(to.get(i), Line.ACCEPTED, 1);
        }
        dirty = true;
    }

    void count(int route, Line line, long by) {
        of(route).merge(line, by, Long::sum);
        dirty = true;
    }

    long get(int route, Line line) {
        return of(route).getOrDefault(line, 0L);
    }

    private Map<Line, Long> of(int route) {
        return routes.computeIfAbsent(route, none -> new EnumMap<>(Line.class));
    }

    long entries() {
        return entries;
    }

    /** What the counters say must be pending. */
    long open(int route) {
        return Math.max(
                0,
                get(route, Line.ACCEPTED)
                        + get(route, Line.MOVED_IN)
                        - get(route, Line.DELIVERED)
                        - get(route, Line.DEAD)
                        - get(route, Line.EXPIRED)
                        - get(route, Line.MOVED_OUT));
    }

    Tally.RouteTally tally(int route, long pending, long deadStored) {
        return new Tally.RouteTally(
                route,
                get(route, Line.ACCEPTED),
                get(route, Line.DELIVERED),
                get(route, Line.DEAD),
                get(route, Line.EXPIRED),
                0,
                get(route, Line.PURGED),
                get(route, Line.MOVED_IN),
                get(route, Line.MOVED_OUT),
                0,
                pending,
                deadStored);
    }

    /** Writes what changed since it was last written. Never fails. */
    Future<Void> save() {
        if (!writing.isComplete()) {
            return writing.compose(written -> save());
        } else if (!dirty) {
            return writing;
        }
        dirty = false;
        StringBuilder text = new StringBuilder(ENTRIES + "=" + entries + "\n");
        routes.forEach((route, lines) -> lines.forEach((line, value) -> text.append(route)
                .append('.')
                .append(line)
                .append('=')
                .append(value)
                .append('\n')));
        writing = vertx.<Void>executeBlocking(() -> {
                    write(text.toString());
                    return null;
                })
                .transform(written -> {
                    if (written.failed()) {
                        dirty = true;
                        LOG.atWarn()
                                .addKeyValue(LogKeys.FILE, file)
                                .addKeyValue(LogKeys.REASON, String.valueOf(written.cause()))
                                .log("Counters can't be written");
                    }
                    return Future.succeededFuture();
                });
        return writing;
    }

    private void write(String text) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        Path next = file.resolveSibling(file.getFileName() + ".next");
        Files.writeString(next, text, StandardCharsets.UTF_8);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
